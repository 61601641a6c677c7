//! The thread that reads: inputs one after the other, cut into batches.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;

use crate::source::{Batch, Batches, Input, Records};

/// What the reading thread sends.
pub(super) enum Message {
    /// The next records.
    Batch(Batch),
    /// An input that could not be read to its end; what could be read of it was sent before.
    Unreadable(PathBuf, io::Error),
}

/// Reads one input after the other until all is read or nobody listens.
pub(super) fn read_all(inputs: Vec<PathBuf>, read: &Arc<AtomicU64>, sender: &mpsc::Sender<Message>) {
    let mut batches = Batches::default();
    for path in inputs {
        match read_one(&path, read, &mut batches, sender) {
            Err(Ended::Unheard) => return,
            Err(Ended::Unreadable(error)) => {
                if sender.blocking_send(Message::Unreadable(path, error)).is_err() {
                    return;
                }
            }
            Ok(()) => {}
        }
    }
}

/// Why an input was not read to its end.
enum Ended {
    Unheard,
    Unreadable(io::Error),
}

fn read_one(
    path: &Path,
    read: &Arc<AtomicU64>,
    batches: &mut Batches,
    sender: &mpsc::Sender<Message>,
) -> Result<(), Ended> {
    let send = |batch| sender.blocking_send(Message::Batch(batch)).map_err(|_| Ended::Unheard);
    let mut records = Records::new(Input::open(path, Arc::clone(read)).map_err(Ended::Unreadable)?);
    loop {
        while let Some(record) = records.ready() {
            batches.push(record).map_or(Ok(()), send)?;
        }
        // The next read may wait: what is here goes out first.
        batches.take().map_or(Ok(()), send)?;
        if !records.refill().map_err(Ended::Unreadable)? {
            return Ok(());
        }
    }
}
