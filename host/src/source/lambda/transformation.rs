//! The records of a Firehose transformation: every one goes back with its id, once.
//!
//! | result | when | data |
//! |---|---|---|
//! | `Ok` | it has events | their lines, with the partition keys `route` and `resource` |
//! | `Dropped` | rules and settings left nothing of it | |
//! | `ProcessingFailed` | it cannot be decoded, not now, or the answer has no room for its events | as it came |
//!
//! Firehose writes failed records as they came to the error prefix of its destination, where `dastap decode` reads them.
//! A data key that KMS does not give is asked for again as long as there is time. A record into which the Kinesis Producer
//! Library packed several has one answer: their events in order, or as it came if one of them fails.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use super::event::FromFirehose;
use crate::backoff::{Backoff, roll};
use crate::record::{Batch, Batches, unpacked};
use crate::runner::Intake;
use crate::{Decoded, Failure, Verdict};

/// What Firehose expects.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    records: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    record_id: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    partition_keys: PartitionKeys<'a>,
}

/// Both are always there: a prefix that names a missing key fails the record.
#[derive(Serialize)]
struct PartitionKeys<'a> {
    /// The route of all its events; `mixed` where they have several.
    route: &'a str,
    /// The id of the cluster or instance; `unknown` where Firehose does not tell the stream.
    resource: &'a str,
}

/// Lambda takes no larger answer than 6 MB (of 2^20 bytes); the frame around the entries is in the difference.
const ANSWER: usize = 6_000_000;

/// What goes back, in the order of the records.
struct Answers<'a> {
    intake: &'a Intake,
    records: &'a [FromFirehose],
    entries: Vec<Box<RawValue>>,
    gathered: Vec<Gathered>,
    /// How much longer the entries may become.
    room: usize,
    tally: Tally,
}

/// What is known of one record.
struct Gathered {
    /// The place of the first of its parts among all.
    first: usize,
    /// What came of each part; most records have one.
    parts: Vec<Option<Decoded>>,
    /// How many parts are not decoded. One that fails never is.
    open: usize,
}

/// What became of the records of one call; the rest failed.
#[derive(Debug, Default)]
struct Tally {
    ok: u64,
    dropped: u64,
    no_room: u64,
    /// Parts that were decoded, whatever became of their records.
    decoded: u64,
}

/// A record whose key may be had later.
struct Waiting {
    place: usize,
    batch: Arc<Batch>,
    text: usize,
}

/// Answers for every record.
///
/// # Errors
/// An answer that cannot be written, which is a mistake of the program.
pub(super) async fn transform(
    intake: &Intake,
    records: Vec<FromFirehose>,
    deadline: Instant,
) -> serde_json::Result<Answer> {
    let begun = Instant::now();
    let (batches, gathered) = batches(&records);
    let mut answers = Answers::new(intake, &records, gathered)?;
    let mut waiting = vec![];
    let mut line = intake.line();
    let parts = batches.iter().map(Batch::len).sum();
    intake.metrics().received(intake.name(), parts, batches.iter().map(|batch| batch.bytes).sum());
    let mut left = batches.len();
    let decodings: Vec<_> = batches.into_iter().map(|batch| line.decode(batch)).collect();
    for mut decoding in decodings {
        let batch = Arc::clone(&decoding.batch);
        batch.refused.iter().for_each(|(_, _, why)| intake.metrics().failed(intake.name(), &(*why).into()));
        let mut places = places(&batch).enumerate();
        while let Ok(Ok(Some(mut part))) = tokio::time::timeout_at(deadline, decoding.next()).await {
            for (verdict, (text, place)) in std::mem::take(&mut part.verdicts).into_iter().zip(&mut places) {
                match verdict {
                    Verdict::Failed(Failure { retryable: true, .. }) => {
                        waiting.push(Waiting { place, batch: Arc::clone(&batch), text });
                    }
                    verdict => answers.give(place, verdict)?,
                }
            }
        }
        left -= 1;
        line.left(left);
    }
    answers.wait_for(waiting, deadline).await?;
    intake.metrics().counted(&intake.decoder().counts());
    let Tally { ok, dropped, no_room, decoded } = answers.tally;
    intake.metrics().decoded(intake.name(), decoded);
    let failed = records.len() as u64 - ok - dropped;
    tracing::info!(
        records = records.len(),
        ok,
        dropped,
        failed,
        seconds = begun.elapsed().as_secs_f64(),
        "transformed"
    );
    if no_room > 0 {
        tracing::warn!(
            records = no_room,
            "the answer had no room for their events; lower the buffer size of the delivery stream"
        );
    }
    Ok(Answer { records: answers.entries })
}

/// The parts of all records, and which of them belong to each.
fn batches(records: &[FromFirehose]) -> (Vec<Batch>, Vec<Gathered>) {
    let (mut all, mut batches, mut gathered, mut first) = (vec![], Batches::default(), vec![], 0);
    for FromFirehose { data, resource, .. } in records {
        let mut open = 0;
        for part in unpacked(data, resource.clone()) {
            open += 1;
            all.extend(batches.push(part));
        }
        gathered.push(Gathered { first, parts: (0..open).map(|_| None).collect(), open });
        first += open;
    }
    all.extend(batches.take());
    (all, gathered)
}

/// The places of the batch's texts in the whole call: those that are not refused.
fn places(batch: &Batch) -> impl Iterator<Item = usize> {
    let is_refused = |place: &usize| batch.refused.iter().any(|(refused, ..)| refused == place);
    let first = usize::try_from(batch.first).unwrap_or(usize::MAX);
    (0..batch.len()).filter(move |place| !is_refused(place)).map(move |place| first + place)
}

impl<'a> Answers<'a> {
    /// As if every record had failed: what is not decoded in time goes back as it came.
    fn new(intake: &'a Intake, records: &'a [FromFirehose], gathered: Vec<Gathered>) -> serde_json::Result<Self> {
        let failed = |FromFirehose { id, data, .. }: &FromFirehose| {
            to_raw_value(&Entry { record_id: id, result: "ProcessingFailed", data: Some(data), metadata: None })
        };
        let entries = records.iter().map(failed).collect::<Result<Vec<_>, _>>()?;
        // A comma behind each.
        let taken: usize = entries.iter().map(|entry| entry.get().len() + 1).sum();
        let room = ANSWER.saturating_sub(taken);
        let mut answers = Answers { intake, records, entries, gathered, room, tally: Tally::default() };
        for index in 0..records.len() {
            // In which a producer packed nothing.
            answers.answer_if_complete(index)?;
        }
        Ok(answers)
    }

    /// Takes the verdict on one part, and answers for its record if that was the last that was missing.
    fn give(&mut self, place: usize, verdict: Verdict) -> serde_json::Result<()> {
        let index = self.gathered.partition_point(|record| record.first <= place).saturating_sub(1);
        let Some((gathered, record)) = self.gathered.get_mut(index).zip(self.records.get(index)) else { return Ok(()) };
        match verdict {
            Verdict::Decoded(decoded) => {
                if let Some(part @ None) = gathered.parts.get_mut(place - gathered.first) {
                    *part = Some(decoded);
                    gathered.open -= 1;
                    self.tally.decoded += 1;
                }
                self.answer_if_complete(index)
            }
            Verdict::Failed(failure) => {
                tracing::warn!(record = record.id, %failure, "a record failed");
                self.intake.metrics().failed(self.intake.name(), &failure);
                Ok(())
            }
        }
    }

    /// Puts the answer for a record in its place, if all of it is decoded and there is room.
    fn answer_if_complete(&mut self, index: usize) -> serde_json::Result<()> {
        let Some(gathered) = self.gathered.get_mut(index).filter(|gathered| gathered.open == 0) else { return Ok(()) };
        let parts: Vec<Decoded> = std::mem::take(&mut gathered.parts).into_iter().flatten().collect();
        let Some((entry, record)) = self.entries.get_mut(index).zip(self.records.get(index)) else { return Ok(()) };
        let is_empty = parts.iter().all(|part| part.outputs.is_empty());
        let answer = match is_empty {
            true => to_raw_value(&Entry { record_id: &record.id, result: "Dropped", data: None, metadata: None })?,
            false => ok(record, &parts)?,
        };
        let room = self.room + entry.get().len();
        match room.checked_sub(answer.get().len()) {
            None => self.tally.no_room += 1,
            Some(room) => {
                (*entry, self.room) = (answer, room);
                if is_empty { self.tally.dropped += 1 } else { self.tally.ok += 1 }
            }
        }
        Ok(())
    }

    /// Tries records again until each has a final verdict or the time is over.
    async fn wait_for(&mut self, mut waiting: Vec<Waiting>, deadline: Instant) -> serde_json::Result<()> {
        let (mut backoff, begun) = (Backoff::default(), Instant::now());
        while !waiting.is_empty() {
            backoff.fail(begun.elapsed(), roll());
            let again = Instant::now() + backoff.left(begun.elapsed()).unwrap_or_default();
            if again >= deadline {
                break;
            }
            tokio::time::sleep_until(again).await;
            for record in std::mem::take(&mut waiting) {
                let Some(text) = record.batch.texts.get(record.text) else { continue };
                let resource = record.batch.resource.as_deref();
                let verdicts = self.intake.decoder().decode(std::slice::from_ref(text), resource);
                match tokio::time::timeout_at(deadline, verdicts).await.ok().and_then(|mut verdicts| verdicts.pop()) {
                    None | Some(Verdict::Failed(Failure { retryable: true, .. })) => waiting.push(record),
                    Some(verdict) => self.give(record.place, verdict)?,
                }
            }
        }
        if !waiting.is_empty() {
            tracing::warn!(records = waiting.len(), "no data key in time; the records go back as they came");
        }
        Ok(())
    }
}

fn ok(record: &FromFirehose, parts: &[Decoded]) -> serde_json::Result<Box<RawValue>> {
    let outputs = || parts.iter().flat_map(|part| &part.outputs);
    let lines: String = outputs().map(|output| output.lines.as_str()).collect();
    let mut routes = outputs().map(|output| output.route.as_str());
    let route = routes.next().filter(|first| routes.all(|route| route == *first)).unwrap_or("mixed");
    let resource = record.resource.as_deref().unwrap_or("unknown");
    let metadata = Some(Metadata { partition_keys: PartitionKeys { route, resource } });
    to_raw_value(&Entry { record_id: &record.id, result: "Ok", data: Some(&BASE64.encode(lines)), metadata })
}
