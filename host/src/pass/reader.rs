//! The thread that reads: inputs one after the other, cut into batches, no faster than they are written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::record::{Batch, Batches, Input, Records};

/// For each worker, so many bytes of records are read and not yet written; their events are ten times as large.
const UNWRITTEN: usize = 1 << 20;

/// What a batch takes of it, as long as it is held.
pub(super) type Permit = OwnedSemaphorePermit;

/// What the reading thread sends.
pub(super) enum Message {
    /// The next records.
    Batch(Batch, Permit),
    /// An input that could not be read to its end; what could be read of it was sent before.
    Unreadable(PathBuf, io::Error),
}

/// The thread's other end.
pub(super) struct Reader {
    messages: mpsc::Receiver<Message>,
    permits: Arc<Semaphore>,
}

impl Reader {
    /// Starts to read one input after the other. `read` grows with every byte.
    pub(super) fn start(inputs: Vec<PathBuf>, read: Arc<AtomicU64>, workers: usize) -> io::Result<Self> {
        let (sender, messages) = mpsc::channel(1);
        let most = (workers + 1) * UNWRITTEN;
        let permits = Arc::new(Semaphore::new(most));
        let room = Room { permits: Arc::clone(&permits), most, runtime: Handle::current() };
        let thread = Thread { read, room, sender };
        std::thread::Builder::new().name("reader".into()).spawn(move || thread.read_all(inputs))?;
        Ok(Reader { messages, permits })
    }

    /// The next message; none when all is read.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }
}

impl Drop for Reader {
    /// Ends the thread, even while it waits for room.
    fn drop(&mut self) {
        self.permits.close();
    }
}

struct Thread {
    read: Arc<AtomicU64>,
    room: Room,
    sender: mpsc::Sender<Message>,
}

/// Why an input was not read to its end.
enum Ended {
    Unheard,
    Unreadable(io::Error),
}

impl Thread {
    /// Reads until all is read or nobody listens.
    fn read_all(self, inputs: Vec<PathBuf>) {
        let mut batches = Batches::default();
        for path in inputs {
            match self.read_one(&path, &mut batches) {
                Err(Ended::Unheard) => return,
                Err(Ended::Unreadable(error)) => {
                    if self.sender.blocking_send(Message::Unreadable(path, error)).is_err() {
                        return;
                    }
                }
                Ok(()) => {}
            }
        }
    }

    fn read_one(&self, path: &Path, batches: &mut Batches) -> Result<(), Ended> {
        let mut records = Records::new(Input::open(path, Arc::clone(&self.read)).map_err(Ended::Unreadable)?);
        loop {
            while let Some(record) = records.ready() {
                batches.push(record).map_or(Ok(()), |batch| self.send(batch))?;
                // A large record is not held while the next one is cut.
                if batches.is_full() {
                    batches.take().map_or(Ok(()), |batch| self.send(batch))?;
                }
            }
            // The next read may wait: what is here goes out first.
            batches.take().map_or(Ok(()), |batch| self.send(batch))?;
            if !records.refill().map_err(Ended::Unreadable)? {
                return Ok(());
            }
        }
    }

    fn send(&self, batch: Batch) -> Result<(), Ended> {
        let permit = self.room.take(batch.bytes).ok_or(Ended::Unheard)?;
        self.sender.blocking_send(Message::Batch(batch, permit)).map_err(|_| Ended::Unheard)?;
        // Nothing more is cut before there is room for some of it: behind a large batch this waits until that is written.
        self.room.take(1).map(drop).ok_or(Ended::Unheard)
    }
}

/// The bytes that may be read and not yet written.
struct Room {
    permits: Arc<Semaphore>,
    most: usize,
    runtime: Handle,
}

impl Room {
    /// Waits for room for a batch. What is larger than all of it takes all of it.
    fn take(&self, bytes: usize) -> Option<Permit> {
        let bytes = u32::try_from(bytes.clamp(1, self.most)).unwrap_or(u32::MAX);
        self.runtime.block_on(Arc::clone(&self.permits).acquire_many_owned(bytes)).ok()
    }
}
