//! The way to one sink: a queue bounded in bytes, and the task that drives the sink.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::receipt::Ack;
use crate::metrics::Metrics;
use crate::sink::{Flush, Sink, SinkError};

/// Event lines of one route, made of consecutive records of one stream.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The route that the rules chose, `default` where none did. Made of events' values, but safe in a path.
    pub(crate) route: String,
    /// NDJSON.
    pub(crate) text: String,
    /// How many lines.
    pub(crate) events: u32,
    /// The stream's resource id (`cluster-...`, `db-...`), where it is known.
    pub(crate) resource: Option<Arc<str>>,
}

/// Lines on their way to one sink.
#[derive(Debug)]
pub(crate) struct Item {
    /// Other sinks may have them too.
    pub(crate) lines: Arc<Lines>,
    /// To be told when they are safe.
    pub(crate) ack: Ack,
    /// What they take of the queue; given back when dropped. A sink that holds the lines longer keeps it.
    pub(crate) room: Room,
}

/// The bytes that an item takes of its queue.
#[derive(Debug)]
pub(crate) struct Room {
    _permit: OwnedSemaphorePermit,
    counted: Option<(Arc<Metrics>, Arc<str>, usize)>,
}

/// The end of a queue that items are put into.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    name: Arc<str>,
    sender: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
    most: usize,
    metrics: Arc<Metrics>,
}

/// The other end.
pub(crate) type Items = mpsc::UnboundedReceiver<Item>;

impl Queue {
    /// A queue to the sink of this name that holds so many bytes.
    pub(crate) fn new(name: Arc<str>, most: usize, metrics: Arc<Metrics>) -> (Self, Items) {
        let (sender, items) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(most));
        (Queue { name, sender, room, most, metrics }, items)
    }

    /// Waits for room, then puts the lines at the end. What is larger than the queue takes all of it.
    ///
    /// When the sink has ended, the acknowledgement is dropped, so nobody takes the lines for delivered.
    pub(crate) async fn put(&self, lines: Arc<Lines>, ack: Ack) {
        let bytes = lines.text.len();
        let wanted = u32::try_from(bytes.clamp(1, self.most)).unwrap_or(u32::MAX);
        let Ok(permit) = Arc::clone(&self.room).acquire_many_owned(wanted).await else { return };
        self.metrics.queued(&self.name, bytes);
        let counted = Some((Arc::clone(&self.metrics), Arc::clone(&self.name), bytes));
        let ack = ack.counted(Arc::clone(&self.metrics), Arc::clone(&self.name), lines.events.into(), bytes);
        let _ = self.sender.send(Item { lines, ack, room: Room { _permit: permit, counted } });
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some((metrics, name, bytes)) = self.counted.take() {
            metrics.dequeued(&name, bytes);
        }
    }
}

/// Gives the items to the sink, in order, until nobody can send any more and all is accepted. `idle` counts the open
/// lanes: while there is none, nothing is held back to be sent together.
///
/// # Errors
/// The sink can never go on.
pub(crate) async fn drive(
    mut sink: Box<dyn Sink>,
    mut items: Items,
    mut idle: watch::Receiver<usize>,
) -> Result<(), SinkError> {
    loop {
        let due = sink.due();
        tokio::select! {
            biased;
            item = items.recv() => match item {
                Some(item) => sink.take(item).await?,
                None => return sink.flush(Flush::All).await,
            },
            () = until(due) => sink.flush(Flush::Due).await?,
            true = is_idle(&mut idle), if due.is_some() => sink.flush(Flush::All).await?,
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

async fn is_idle(idle: &mut watch::Receiver<usize>) -> bool {
    idle.wait_for(|lanes| *lanes == 0).await.is_ok()
}
