//! The records of a Kinesis trigger: to the sinks, each shard in order; the answer names the first that was not delivered.
//!
//! Lambda moves its checkpoint before that record and hands it and what follows over again. So a record of which a sink
//! may have had a part comes again; none is left out. A record that cannot be decoded goes to the dead letter; without
//! one it stops its shard, and whatever is configured for failed batches in Lambda decides. Of records that the Kinesis
//! Producer Library packed into one, the first that was not delivered names the one.

use serde::Serialize;
use tokio::time::Instant;

use super::event::FromKinesis;
use crate::record::{Batches, unpacked};
use crate::runner::{Delivery, Intake, Patience, Pending};

/// What Lambda expects where the trigger has `ReportBatchItemFailures`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Delivers as much as can be until the deadline.
///
/// # Errors
/// There is nowhere to deliver to.
pub(super) async fn deliver(intake: &Intake, records: Vec<FromKinesis>, deadline: Instant) -> Result<Answer, String> {
    if !intake.has_sinks() {
        return Err("sinks: expected at least one for the records of a Kinesis trigger, found none".to_owned());
    }
    let (begun, count) = (Instant::now(), records.len());
    let shards = by_shard(records).into_iter().map(|records| first_undelivered(intake, records, deadline));
    let failures = futures::future::join_all(shards).await.into_iter().flatten();
    let batch_item_failures: Vec<_> = failures.map(|item_identifier| ItemFailure { item_identifier }).collect();
    let complete = batch_item_failures.is_empty();
    tracing::info!(records = count, complete, seconds = begun.elapsed().as_secs_f64(), "delivered");
    Ok(Answer { batch_item_failures })
}

/// Lambda sends the records of one shard at once; who else calls need not.
fn by_shard(records: Vec<FromKinesis>) -> Vec<Vec<FromKinesis>> {
    let mut shards: Vec<Vec<FromKinesis>> = vec![];
    for record in records {
        match shards.iter_mut().find(|shard| shard.first().is_some_and(|first| first.shard == record.shard)) {
            Some(shard) => shard.push(record),
            None => shards.push(vec![record]),
        }
    }
    shards
}

/// The sequence number of the first record that was not delivered in time, if any was not.
async fn first_undelivered(intake: &Intake, records: Vec<FromKinesis>, deadline: Instant) -> Option<String> {
    // How many records came out of each and all before it.
    let mut ends = vec![];
    let (mut delivered, mut why) = (0, "the time is over".to_owned());
    let all = async {
        let mut lane = intake.lane(Patience::GiveUp);
        let (mut batches, mut pending) = (Batches::default(), Pending::default());
        let mut end = 0;
        for FromKinesis { data, resource, .. } in &records {
            for record in unpacked(data, resource.clone()) {
                end += 1;
                if let Some(batch) = batches.push(record) {
                    pending.push((batch.first, batch.len()), lane.push(batch).await);
                }
            }
            ends.push(end);
        }
        if let Some(batch) = batches.take() {
            pending.push((batch.first, batch.len()), lane.push(batch).await);
        }
        // Sinks hold nothing back for others any more.
        drop(lane);
        while !pending.is_empty() {
            let ((first, count), delivery) = pending.next().await;
            delivered = usize::try_from(first).unwrap_or(usize::MAX);
            match delivery {
                Delivery::Accepted => delivered += count,
                Delivery::Stopped { at, why: stopped } => {
                    delivered += at;
                    why = stopped;
                    return;
                }
            }
        }
    };
    // Late or not, `delivered` is right.
    let _ = tokio::time::timeout_at(deadline, all).await;
    // One that was not even unpacked in time has no end yet.
    let failed = records.into_iter().nth(ends.partition_point(|end| *end <= delivered))?.sequence_number;
    tracing::warn!(sequence_number = failed, why, "from this record on, the shard's records are handed over again");
    Some(failed)
}
