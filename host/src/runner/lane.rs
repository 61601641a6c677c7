//! One ordered stream of records on its way: decoded by the workers ahead of their turn, delivered in order.
//!
//! A failure that may pass (no key now) stops the lane: the record is tried again with pauses, and nothing behind it
//! overtakes. Every other failure goes to the dead letter, with the record; where there is none, it stops the lane for
//! good.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::flow::{Flow, Open};
use super::outgoing::Outgoing;
use super::receipt::{Receipt, Settlement};
use crate::backoff::{Backoff, roll};
use crate::metrics::Metrics;
use crate::record::Batch;
use crate::workers::{Decoding, Line, Part};
use crate::{Decoder, Failure, Verdict};

/// What a lane does about a failure that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Waits and tries again, until the run ends: the source cannot do better.
    Wait,
    /// Stops for good: whoever sent the records will send them again.
    GiveUp,
}

/// How long a lane waits before it asks again. That costs little: the cache itself leaves a key service alone that does
/// not answer, for up to ten seconds.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The source's end of a lane. Dropping it ends the lane behind what was pushed.
#[derive(Debug)]
pub(crate) struct Lane {
    flow: Arc<Flow>,
    source: Arc<str>,
    sender: mpsc::Sender<Entry>,
}

#[derive(Debug)]
struct Entry {
    batch: Batch,
    settlement: Arc<Settlement>,
    room: Option<OwnedSemaphorePermit>,
}

impl Lane {
    /// Starts a lane.
    pub(super) fn open(flow: &Arc<Flow>, source: &Arc<str>, decoder: Decoder, patience: Patience) -> Self {
        // One waits while the lane's task looks at another.
        let (sender, entries) = mpsc::channel(1);
        let task = Task {
            flow: Arc::clone(flow),
            source: Arc::clone(source),
            line: Line::new(decoder.clone(), Arc::clone(&flow.workers)),
            decoder,
            patience,
            stopped: None,
            _open: flow.open(),
        };
        tokio::spawn(task.run(entries));
        Lane { flow: Arc::clone(flow), source: Arc::clone(source), sender }
    }

    /// Hands over the next records, of one stream; waits while too much is under way. The receipt tells when every sink
    /// has accepted what was made of them.
    pub(crate) async fn push(&mut self, batch: Batch) -> Receipt {
        let (settlement, receipt) = Receipt::pair();
        self.flow.metrics.received(&self.source, batch.len(), batch.bytes);
        let room = self.flow.room(batch.bytes).await;
        if let Err(unsent) = self.sender.send(Entry { batch, settlement, room }).await {
            unsent.0.settlement.stop(0, "the run ended");
        }
        receipt
    }
}

/// The lane's own side.
struct Task {
    flow: Arc<Flow>,
    source: Arc<str>,
    line: Line,
    decoder: Decoder,
    patience: Patience,
    /// Why nothing more is delivered.
    stopped: Option<String>,
    /// Sinks hold lines back for others as long as a lane is open.
    _open: Open,
}

/// A batch that is being decoded or delivered.
struct InFlight {
    decoding: Decoding,
    settlement: Arc<Settlement>,
    /// The place of the next record, and how many texts and refused records are before it.
    place: usize,
    texts: usize,
    refused: usize,
    _room: Option<OwnedSemaphorePermit>,
}

impl Task {
    async fn run(mut self, mut entries: mpsc::Receiver<Entry>) {
        let mut in_flight: VecDeque<InFlight> = VecDeque::new();
        let (mut open, most) = (true, self.flow.at_once);
        while open || !in_flight.is_empty() {
            tokio::select! {
                biased;
                part = part_of_first(&mut in_flight) => {
                    let is_last = self.deliver(part, &mut in_flight).await;
                    if is_last {
                        in_flight.pop_front();
                    }
                    self.line.left(in_flight.len());
                }
                entry = entries.recv(), if open && in_flight.len() <= most => match entry {
                    Some(entry) => in_flight.push_back(self.begin(entry)),
                    None => open = false,
                },
            }
        }
    }

    fn begin(&mut self, Entry { batch, settlement, room }: Entry) -> InFlight {
        InFlight { decoding: self.line.decode(batch), settlement, place: 0, texts: 0, refused: 0, _room: room }
    }

    /// Delivers the next part of the first batch; true behind its last.
    async fn deliver(&mut self, part: Result<Option<Part>, String>, in_flight: &mut VecDeque<InFlight>) -> bool {
        let Some(first) = in_flight.front_mut() else { return true };
        if let Err(problem) = &part {
            self.stopped.get_or_insert_with(|| problem.clone());
        }
        let mut part = part.unwrap_or_default();
        let is_last = part.is_none();
        if let Some(why) = &self.stopped {
            first.settlement.stop(first.place, why.as_str());
            return true;
        }
        let batch = Arc::clone(&first.decoding.batch);
        let mut lines = Outgoing::new(batch.resource.clone());
        // The part itself is dropped at the end: its events count as unwritten until the queues have them.
        let mut verdicts = part.as_mut().map(|part| std::mem::take(&mut part.verdicts)).unwrap_or_default().into_iter();
        loop {
            let (record, verdict) = match batch.refused.get(first.refused) {
                Some((place, bytes, why)) if *place == first.place => {
                    first.refused += 1;
                    (bytes.as_slice(), Ok(Verdict::Failed((*why).into())))
                }
                _ => {
                    let Some((text, verdict)) = batch.texts.get(first.texts).zip(verdicts.next()) else { break };
                    first.texts += 1;
                    (text.as_bytes(), self.patient(text, verdict, batch.resource.as_deref()).await)
                }
            };
            let verdict = match verdict.and_then(|verdict| self.keepable(verdict)) {
                Ok(verdict) => verdict,
                Err(why) => {
                    first.settlement.stop(first.place, why.as_str());
                    self.stopped = Some(why);
                    break;
                }
            };
            let index = batch.first + first.place as u64;
            first.place += 1;
            lines.add(index, record, verdict, |failure| self.flow.metrics.failed(&self.source, failure));
        }
        self.flow.metrics.decoded(&self.source, lines.decoded);
        self.flow.metrics.counted(&self.decoder.counts());
        lines.put(&self.flow, &first.settlement).await;
        is_last || self.stopped.is_some()
    }

    /// The verdict, if somebody takes what it is about.
    fn keepable(&self, verdict: Verdict) -> Result<Verdict, String> {
        match &verdict {
            Verdict::Failed(failure) if self.flow.dead_letter.is_none() => {
                self.flow.metrics.failed(&self.source, failure);
                Err(failure.to_string())
            }
            _ => Ok(verdict),
        }
    }

    /// The verdict when it is final. One that may change is asked for again until it does, or the run ends: at once, for
    /// it may be old (when keys are there again, many records behind were decoded ahead without them), then every second.
    async fn patient(&self, text: &String, verdict: Verdict, resource: Option<&str>) -> Result<Verdict, String> {
        let mut verdict = verdict;
        let (mut backoff, begun) = (Backoff::default(), Instant::now());
        let mut stalled = None;
        let mut pause = Duration::ZERO;
        loop {
            let Verdict::Failed(failure @ Failure { retryable: true, .. }) = &verdict else { return Ok(verdict) };
            if self.patience == Patience::GiveUp {
                return Err(failure.to_string());
            }
            if !pause.is_zero() {
                stalled.get_or_insert_with(|| Stalled::new(&self.flow.metrics, &self.source));
                // Said less and less often.
                if backoff.left(begun.elapsed()).is_none() {
                    backoff.fail(begun.elapsed(), roll());
                    let waited_seconds = begun.elapsed().as_secs();
                    tracing::warn!(source = %self.source, %failure, waited_seconds, "the stream waits");
                }
                tokio::select! {
                    () = self.flow.stopped() => return Err(failure.to_string()),
                    () = tokio::time::sleep(pause) => {}
                }
            }
            let again = self.decoder.decode(std::slice::from_ref(text), resource).await.pop();
            verdict = again.unwrap_or(verdict);
            pause = (pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        }
    }
}

/// Counts a lane as waiting until this is dropped.
struct Stalled<'a> {
    metrics: &'a Metrics,
    source: &'a str,
}

impl<'a> Stalled<'a> {
    fn new(metrics: &'a Metrics, source: &'a str) -> Self {
        metrics.stalled(source, true);
        Stalled { metrics, source }
    }
}

impl Drop for Stalled<'_> {
    fn drop(&mut self) {
        self.metrics.stalled(self.source, false);
    }
}

/// Waits for the next part of the oldest batch; for ever when there is no batch.
async fn part_of_first(in_flight: &mut VecDeque<InFlight>) -> Result<Option<Part>, String> {
    match in_flight.front_mut() {
        Some(first) => first.decoding.next().await.map_err(|error| format!("the program failed: {error}")),
        None => std::future::pending().await,
    }
}
