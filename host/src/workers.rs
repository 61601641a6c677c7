//! Batches are decoded, as many at once as there are workers, without piling up what is not written yet.
//!
//! A record of some kilobytes can unpack to megabytes, which nobody knows before. So what is decoded out of turn is
//! bounded by what it turned out to be: while many bytes wait to be written, only the batch whose turn it is goes on,
//! part by part, each when the one before is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit, mpsc, watch};
use tokio::task::JoinHandle;

use crate::record::Batch;
use crate::{Decoder, Verdict};

/// For each worker, so many bytes of events may wait to be written before only the first batch goes on.
const UNWRITTEN: usize = 8 << 20;

/// How many batches are decoded at once, and how much of what they gave is unwritten.
#[derive(Debug)]
pub(crate) struct Workers {
    permits: Semaphore,
    /// Bytes of events that were decoded and not yet written.
    unwritten: watch::Sender<usize>,
    most: usize,
}

/// Batches that are written in order: those of one pass, or of one lane of the long-running program.
pub(crate) struct Line {
    decoder: Decoder,
    workers: Arc<Workers>,
    /// The number of the next batch, and of the batch that is written first.
    next: u64,
    first: Arc<AtomicU64>,
}

/// A batch on its way; dropping it ends the work.
pub(crate) struct Decoding {
    pub(crate) batch: Arc<Batch>,
    /// The verdicts of its texts, in order, in parts. Closed behind the last.
    parts: mpsc::Receiver<Part>,
    task: JoinHandle<()>,
}

/// Verdicts; their bytes count as unwritten until this is dropped.
pub(crate) struct Part {
    pub(crate) verdicts: Vec<Verdict>,
    _unwritten: Guard,
}

struct Guard {
    workers: Arc<Workers>,
    of_batch: Arc<AtomicUsize>,
    bytes: usize,
}

/// One batch's own view of its line.
struct Turn {
    decoder: Decoder,
    workers: Arc<Workers>,
    number: u64,
    first: Arc<AtomicU64>,
    of_batch: Arc<AtomicUsize>,
}

impl Workers {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (unwritten, _) = watch::channel(0);
        Arc::new(Workers { permits: Semaphore::new(count), unwritten, most: count * UNWRITTEN })
    }
}

impl Line {
    pub(crate) fn new(decoder: Decoder, workers: Arc<Workers>) -> Self {
        Line { decoder, workers, next: 0, first: Arc::default() }
    }

    /// Decodes the batch behind the last one.
    pub(crate) fn decode(&mut self, batch: Batch) -> Decoding {
        let batch = Arc::new(batch);
        let (sender, parts) = mpsc::channel(1);
        let turn = Turn {
            decoder: self.decoder.clone(),
            workers: Arc::clone(&self.workers),
            number: self.next,
            first: Arc::clone(&self.first),
            of_batch: Arc::default(),
        };
        self.next += 1;
        let task = tokio::spawn(turn.run(Arc::clone(&batch), sender));
        Decoding { batch, parts, task }
    }

    /// So many batches are not yet written.
    pub(crate) fn left(&self, batches: usize) {
        self.first.store(self.next - batches as u64, Ordering::Relaxed);
        // Whoever waits for his turn looks again.
        self.workers.unwritten.send_modify(|_| {});
    }
}

impl Turn {
    async fn run(self, batch: Arc<Batch>, sender: mpsc::Sender<Part>) {
        let mut portions = self.decoder.portions(&batch.texts, batch.resource.as_deref());
        while !portions.is_complete() {
            let permit = self.wait().await;
            let Some(verdicts) = portions.next().await else { return };
            let part = Part { _unwritten: self.guard(&verdicts), verdicts };
            drop(permit);
            // Nobody listens any more: the run ended.
            if sender.send(part).await.is_err() {
                return;
            }
        }
    }

    /// A worker, as soon as there is one and what is unwritten allows it.
    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let allowed = |unwritten: &usize| {
            let is_first = self.first.load(Ordering::Relaxed) == self.number;
            *unwritten < self.workers.most || is_first && self.of_batch.load(Ordering::Relaxed) == 0
        };
        let mut changes = self.workers.unwritten.subscribe();
        loop {
            changes.wait_for(allowed).await.ok()?;
            let permit = self.workers.permits.acquire().await.ok()?;
            // It may have waited for others, whose events now wait. The first never waits while it holds a worker.
            if allowed(&changes.borrow()) {
                return Some(permit);
            }
        }
    }

    fn guard(&self, verdicts: &[Verdict]) -> Guard {
        let bytes = verdicts.iter().map(bytes).sum();
        self.of_batch.fetch_add(bytes, Ordering::Relaxed);
        self.workers.unwritten.send_modify(|unwritten| *unwritten += bytes);
        Guard { workers: Arc::clone(&self.workers), of_batch: Arc::clone(&self.of_batch), bytes }
    }
}

impl Decoding {
    /// The next part, or the end, is there.
    pub(crate) fn is_ready(&self) -> bool {
        !self.parts.is_empty() || self.task.is_finished()
    }

    /// The next part; none behind the last.
    ///
    /// # Errors
    /// The work ended before its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, tokio::task::JoinError> {
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
        self.workers.unwritten.send_modify(|unwritten| *unwritten -= self.bytes);
    }
}

/// Bytes of events.
fn bytes(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Decoded(decoded) => decoded.outputs.iter().map(|output| output.lines.len()).sum(),
        Verdict::Failed(_) => 0,
    }
}
