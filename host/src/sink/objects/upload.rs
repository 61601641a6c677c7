//! One object on its way to where it is kept: a local file, one request to a store, or an upload in parts.
//!
//! Nothing is visible before [`Upload::finish`]. What does not succeed is tried again until it does: the sources wait.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::bucket::Parts;
use super::folder::{Folder, Unfinished};
use crate::sink::{Attempt, Retry};
use crate::store::Store;

/// Where objects are kept.
#[derive(Debug, Clone)]
pub(super) enum Keeper {
    Folder(Folder),
    Bucket(Store),
}

/// One object.
pub(super) struct Upload {
    target: Target,
    written: u64,
    retry: Arc<Retry>,
}

enum Target {
    File(Unfinished),
    Bucket(Parts),
}

/// What a file gets at once.
const FILE_PORTION: usize = 256 << 10;
/// A part of an upload. Stores want 5 MiB at least and take 10,000 parts at most: enough for 78 GiB.
pub(super) const PART: usize = 8 << 20;

impl Keeper {
    /// Begins an object of this name, which nobody else uses.
    pub(super) async fn begin(&self, name: &str, retry: Arc<Retry>) -> Upload {
        let target = match self {
            Keeper::Folder(folder) => Target::File(on_disk(&retry, folder, |folder| folder.begin()).await),
            Keeper::Bucket(store) => Target::Bucket(Parts::new(store.clone(), name)),
        };
        Upload { target, written: 0, retry }
    }
}

impl Upload {
    /// So many bytes are worth a [`Self::write`].
    pub(super) fn portion(&self) -> usize {
        match self.target {
            Target::File(_) => FILE_PORTION,
            Target::Bucket(_) => PART,
        }
    }

    /// Takes the next bytes, a portion or more.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) {
        let (length, offset, bytes) = (bytes.len() as u64, self.written, Bytes::from(bytes));
        match &mut self.target {
            Target::File(file) => on_disk(&self.retry, file, move |file| file.write(&bytes, offset)).await,
            Target::Bucket(parts) => parts.put(bytes, &self.retry).await,
        }
        self.written += length;
    }

    /// Takes the last bytes and makes the object visible, for good. `name` makes another name, should one be taken.
    ///
    /// # Errors
    /// It can never be completed: the store has lost parts of it.
    pub(super) async fn finish(mut self, rest: Vec<u8>, name: impl Fn() -> String) -> Result<(), String> {
        let is_file = matches!(self.target, Target::File(_));
        let mut rest = Some(rest).filter(|rest| !rest.is_empty());
        if let Some(rest) = rest.take_if(|_| is_file) {
            self.write(rest).await;
        }
        match self.target {
            Target::File(file) => {
                let attempt = || {
                    let (file, name) = (file.clone(), name());
                    blocking(move || file.publish(&name))
                };
                again(&self.retry, attempt).await;
                Ok(())
            }
            Target::Bucket(parts) => {
                parts.finish(rest.unwrap_or_default().into(), self.written, &self.retry, name).await
            }
        }
    }
}

/// Tries until it succeeds.
pub(super) async fn again<T, A: Future<Output = Result<T, String>>>(
    retry: &Retry,
    mut attempt: impl FnMut() -> A,
) -> T {
    let done = retry.until_accepted(|| {
        let attempt = attempt();
        async { attempt.await.map_err(|why| Attempt::<Infallible>::Again(why, None)) }
    });
    match done.await {
        Ok(done) => done,
        Err(never) => match never {},
    }
}

/// Does something with files until it succeeds, on a thread that may wait for the disk.
async fn on_disk<F: Clone + Send + 'static, T: Send + 'static>(
    retry: &Retry,
    file: &F,
    what: impl Fn(&F) -> io::Result<T> + Clone + Send + 'static,
) -> T {
    let attempt = || {
        let (file, what) = (file.clone(), what.clone());
        blocking(move || what(&file))
    };
    again(retry, attempt).await
}

/// Threads that pack or wait for a disk at once. More of them make neither faster, and each keeps megabytes of what it
/// did: while a disk stalls, memory would grow with the objects that wait for it.
static THREADS: Semaphore = Semaphore::const_new(8);

/// Does something on a thread that may be busy or wait.
pub(super) async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let _thread = THREADS.acquire().await.map_err(|error| error.to_string())?;
    let done = tokio::task::spawn_blocking(what).await;
    done.map_err(io::Error::from).flatten().map_err(|error| error.to_string())
}
