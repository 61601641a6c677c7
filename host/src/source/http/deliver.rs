//! From a request's batches to the sinks: the answer comes when they have accepted everything.

use tokio::sync::mpsc;

use super::{Problem, Shared};
use crate::record::Batch;
use crate::runner::{Delivery, Patience, Pending};

/// Why not everything was delivered.
pub(super) struct Undelivered {
    pub(super) problem: Problem,
    /// How many records from the first on the sinks have accepted.
    pub(super) accepted: u64,
}

/// Hands the batches over as one ordered stream, and waits until the sinks have accepted what was made of them. Tells how
/// many records there were.
///
/// # Errors
/// Data keys or sinks are away, or the body ends badly. Records behind the accepted ones may still be delivered.
pub(super) async fn deliver(
    shared: &Shared,
    mut batches: mpsc::Receiver<Result<Batch, Problem>>,
) -> Result<u64, Undelivered> {
    // The sender holds the records and sends them again: it should hear soon that now is not the time.
    let mut lane = Some(shared.intake.lane(Patience::GiveUp));
    let (mut pending, mut accepted, mut bad_end) = (Pending::default(), 0, None);
    let deadline = tokio::time::Instant::now() + shared.settings.answer_timeout.0;
    let late = |accepted| {
        let problem = Problem::NotNow("the sinks did not accept everything within answer-timeout".to_owned());
        Err(Undelivered { problem, accepted })
    };
    while lane.is_some() || !pending.is_empty() {
        tokio::select! {
            () = tokio::time::sleep_until(deadline) => return late(accepted),
            ((first, end), delivery) = pending.next() => match delivery {
                Delivery::Accepted => accepted = end,
                Delivery::Stopped { at, why } => {
                    return Err(Undelivered { problem: Problem::NotNow(why), accepted: first + at as u64 });
                }
            },
            batch = batches.recv(), if lane.is_some() => match (batch, &mut lane) {
                (Some(Ok(batch)), Some(lane)) => {
                    let places = (batch.first, batch.first + batch.len() as u64);
                    match tokio::time::timeout_at(deadline, lane.push(batch)).await {
                        Ok(receipt) => pending.push(places, receipt),
                        Err(_) => return late(accepted),
                    }
                }
                (Some(Err(problem)), _) => (bad_end, lane) = (Some(problem), None),
                _ => lane = None,
            },
        }
    }
    bad_end.map_or(Ok(accepted), |problem| Err(Undelivered { problem, accepted }))
}
