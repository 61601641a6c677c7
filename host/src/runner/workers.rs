//! Batches are decoded, as many at once as there are workers, without piling up what is not written yet.
//!
//! A record of some kilobytes can unpack to megabytes, which nobody knows before. So what is decoded out of turn is
//! bounded by what it turned out to be: while many bytes wait to be written, only the batch whose turn it is goes on,
//! part by part, each when the one before is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit, mpsc, watch};
use tokio::task::JoinHandle;

use crate::source::Batch;
use crate::{Decoder, Verdict};

/// For each worker, so many bytes of events may wait to be written before only the first batch goes on.
const UNWRITTEN: usize = 8 << 20;

/// What decodes, and how much of it is under way.
pub(super) struct Workers {
    decoder: Decoder,
    permits: Semaphore,
    unwritten: watch::Sender<Unwritten>,
    most: usize,
}

#[derive(Default)]
struct Unwritten {
    /// Bytes of events that were decoded and not yet written.
    bytes: usize,
    /// The number of the batch that is written first.
    first: u64,
}

/// A batch on its way; dropping it ends the work.
pub(super) struct Decoding {
    pub(super) batch: Arc<Batch>,
    /// The verdicts of its texts, in order, in parts. Closed behind the last.
    parts: mpsc::Receiver<Part>,
    task: JoinHandle<()>,
}

/// Verdicts; their bytes count as unwritten until this is dropped.
pub(super) struct Part {
    pub(super) verdicts: Vec<Verdict>,
    _unwritten: Guard,
}

struct Guard {
    workers: Arc<Workers>,
    of_batch: Arc<AtomicUsize>,
    bytes: usize,
}

impl Workers {
    pub(super) fn new(decoder: Decoder, count: usize) -> Arc<Self> {
        let (unwritten, _) = watch::channel(Unwritten::default());
        Arc::new(Workers { decoder, permits: Semaphore::new(count), unwritten, most: count * UNWRITTEN })
    }

    /// Decodes the batch with this number; they count from 0.
    pub(super) fn decode(self: &Arc<Self>, number: u64, batch: Batch) -> Decoding {
        let batch = Arc::new(batch);
        let (sender, parts) = mpsc::channel(1);
        let task = tokio::spawn(Arc::clone(self).run(number, Arc::clone(&batch), sender));
        Decoding { batch, parts, task }
    }

    /// The batch with this number is written first from now on.
    pub(super) fn first(&self, number: u64) {
        self.unwritten.send_modify(|unwritten| unwritten.first = number);
    }

    async fn run(self: Arc<Self>, number: u64, batch: Arc<Batch>, sender: mpsc::Sender<Part>) {
        let of_batch = Arc::new(AtomicUsize::new(0));
        let mut portions = self.decoder.portions(&batch.texts, batch.resource.as_deref());
        while !portions.is_complete() {
            let permit = self.turn(number, &of_batch).await;
            let Some(verdicts) = portions.next().await else { return };
            let part = Part { _unwritten: self.guard(&verdicts, &of_batch), verdicts };
            drop(permit);
            // Nobody listens any more: the run ended.
            if sender.send(part).await.is_err() {
                return;
            }
        }
    }

    /// A worker, as soon as there is one and what is unwritten allows it.
    async fn turn(&self, number: u64, of_batch: &AtomicUsize) -> Option<SemaphorePermit<'_>> {
        let allowed = |unwritten: &Unwritten| {
            unwritten.bytes < self.most || unwritten.first == number && of_batch.load(Ordering::Relaxed) == 0
        };
        let mut changes = self.unwritten.subscribe();
        loop {
            changes.wait_for(allowed).await.ok()?;
            let permit = self.permits.acquire().await.ok()?;
            // It may have waited for others, whose events now wait. The first never waits while it holds a worker.
            if allowed(&changes.borrow()) {
                return Some(permit);
            }
        }
    }

    fn guard(self: &Arc<Self>, verdicts: &[Verdict], of_batch: &Arc<AtomicUsize>) -> Guard {
        let bytes = verdicts.iter().map(bytes).sum();
        of_batch.fetch_add(bytes, Ordering::Relaxed);
        self.unwritten.send_modify(|unwritten| unwritten.bytes += bytes);
        Guard { workers: Arc::clone(self), of_batch: Arc::clone(of_batch), bytes }
    }
}

impl Decoding {
    /// The next part, or the end, is there.
    pub(super) fn is_ready(&self) -> bool {
        !self.parts.is_empty() || self.task.is_finished()
    }

    /// The next part; none behind the last.
    ///
    /// # Errors
    /// The work ended before its end.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, tokio::task::JoinError> {
        match self.parts.recv().await {
            Some(part) => Ok(Some(part)),
            None => (&mut self.task).await.map(|()| None),
        }
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.of_batch.fetch_sub(self.bytes, Ordering::Relaxed);
        self.workers.unwritten.send_modify(|unwritten| unwritten.bytes -= self.bytes);
    }
}

/// Bytes of events.
fn bytes(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Decoded(decoded) => decoded.outputs.iter().map(|output| output.lines.len()).sum(),
        Verdict::Failed(_) => 0,
    }
}
