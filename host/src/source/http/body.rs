//! A request's body on its way to records: received, unpacked, cut; each step bounded before it takes memory.
//!
//! ```text
//! task: frames, as long as the client is in time -> two frames wait -> thread: gunzip, cut -> one batch waits
//! ```
//! What a body that breaks off left unfinished is not a record: whoever sends it again sends all of it.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Buf, Bytes};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::memory::{Held, Memory};
use super::{Problem, Settings};
use crate::record::{Batch, Batches, Input, Records};

/// A body that is being received.
pub(super) struct Incoming {
    frames: mpsc::Receiver<Result<Bytes, Problem>>,
    unpacked: usize,
    memory: Memory,
}

/// An unfinished record of this size is held without asking: the buffer is there anyway.
const SMALL: usize = 1 << 20;

impl Incoming {
    /// Starts to receive.
    ///
    /// # Errors
    /// The headers say that it is too large, or in an encoding that nobody reads.
    pub(super) fn start(body: Body, headers: &HeaderMap, limits: &Settings, memory: &Memory) -> Result<Self, Problem> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        if let Some(encoding) =
            text(header::CONTENT_ENCODING).filter(|it| !matches!(&**it, "gzip" | "x-gzip" | "identity"))
        {
            return Err(Problem::Unsupported(format!("Content-Encoding: expected gzip or none, found {encoding:.40}")));
        }
        let most = limits.body.0;
        if text(header::CONTENT_LENGTH).and_then(|it| it.parse().ok()).is_some_and(|length: u64| length > most as u64) {
            return Err(Problem::TooLarge(most, false));
        }
        let (sender, frames) = mpsc::channel(2);
        tokio::spawn(receive(body, most, limits.receive_timeout.0, sender));
        Ok(Incoming { frames, unpacked: limits.unpacked.0, memory: memory.clone() })
    }

    /// Its records, in batches; an error is the last thing that comes.
    pub(super) fn batches(self, resource: Option<Arc<str>>) -> mpsc::Receiver<Result<Batch, Problem>> {
        let (sender, batches) = mpsc::channel(1);
        tokio::task::spawn_blocking(move || {
            let held = self.memory.hold();
            let cut = Unpacked::open(self.frames, self.unpacked).and_then(|body| cut(body, held, resource, &sender));
            if let Err(problem) = cut {
                let _ = sender.blocking_send(Err(problem));
            }
        });
        batches
    }

    /// All of it, unpacked.
    ///
    /// # Errors
    /// It does not end well, or is larger than `most`.
    pub(super) async fn whole(self, most: usize) -> Result<(Vec<u8>, Held), Problem> {
        let limit = most.min(self.unpacked);
        let reading = tokio::task::spawn_blocking(move || {
            let (mut held, mut bytes) = (self.memory.hold(), Vec::new());
            let mut body = Unpacked::open(self.frames, limit)?;
            let mut portion = vec![0; SMALL];
            loop {
                let count = body.read(&mut portion).map_err(|_| body.problem())?;
                if count == 0 {
                    return Ok((bytes, held));
                }
                // A vector grows to twice its size.
                held.grow_to(2 * (bytes.len() + count))?;
                bytes.extend_from_slice(portion.get(..count).unwrap_or_default());
            }
        });
        reading.await.unwrap_or_else(|error| Err(Problem::NotNow(format!("the program failed: {error}"))))
    }
}

/// Receives frames until the end, or until the client has used up the time that we wait for it.
async fn receive(body: Body, most: usize, patience: Duration, sender: mpsc::Sender<Result<Bytes, Problem>>) {
    let (mut frames, mut received, mut waited) = (body.into_data_stream(), 0, Duration::ZERO);
    loop {
        let since = Instant::now();
        let frame = tokio::time::timeout(patience.saturating_sub(waited), frames.next()).await;
        // Only the time that the client takes counts, not how long we take.
        waited += since.elapsed();
        let frame = match frame {
            Ok(None) => return,
            Err(_) => Err(Problem::Slow),
            Ok(Some(Err(_))) => Err(Problem::Gone),
            Ok(Some(Ok(frame))) => {
                received += frame.len();
                if received > most { Err(Problem::TooLarge(most, false)) } else { Ok(frame) }
            }
        };
        let is_last = frame.is_err();
        if sender.send(frame).await.is_err() || is_last {
            return;
        }
    }
}

/// Cuts records until the end of the body.
fn cut(
    body: Unpacked,
    mut held: Held,
    resource: Option<Arc<str>>,
    sender: &mpsc::Sender<Result<Batch, Problem>>,
) -> Result<(), Problem> {
    let (fed, problem) = (Arc::clone(&body.fed), Arc::clone(&body.problem));
    let read = || *fed.lock().unwrap_or_else(PoisonError::into_inner);
    let mut records = Records::new(body);
    let mut batches = Batches::default();
    let mut finished = 0;
    loop {
        while let Some(mut record) = records.ready() {
            record.resource = record.resource.or_else(|| resource.clone());
            if let Some(batch) = batches.push(record)
                && sender.blocking_send(Ok(batch)).is_err()
            {
                return Ok(());
            }
            finished = read();
        }
        if let Some(batch) = batches.take()
            && sender.blocking_send(Ok(batch)).is_err()
        {
            return Ok(());
        }
        match read() - finished {
            open if open > SMALL => held.grow_to(2 * open)?,
            _ => held.clear(),
        }
        let more = records.refill();
        if let Some(problem) = problem.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(problem);
        }
        if !more.unwrap_or(false) {
            return Ok(());
        }
    }
}

/// The unpacked bytes of a body. What goes wrong is noted, because a reader's error has no room for it.
struct Unpacked {
    input: Input,
    fed: Arc<Mutex<usize>>,
    limit: usize,
    problem: Arc<Mutex<Option<Problem>>>,
}

impl Unpacked {
    fn open(frames: mpsc::Receiver<Result<Bytes, Problem>>, limit: usize) -> Result<Self, Problem> {
        let problem = Arc::new(Mutex::new(None));
        let packed = Packed { frames, frame: Bytes::new(), problem: Arc::clone(&problem) };
        let input = Input::new(packed, Arc::default());
        match input {
            Ok(input) => Ok(Unpacked { input, fed: Arc::default(), limit, problem }),
            Err(_) => Err(noted(&problem)),
        }
    }

    fn problem(&self) -> Problem {
        noted(&self.problem)
    }
}

fn noted(problem: &Mutex<Option<Problem>>) -> Problem {
    problem.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Problem::Gone)
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let problem = |found| {
            self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
        };
        let count = self.input.read(buffer).inspect_err(|error| {
            // Unless receiving failed, it is gzip that is not right.
            problem(Problem::Unusable(format!("expected a whole gzip body: {error}")));
        })?;
        let mut fed = self.fed.lock().unwrap_or_else(PoisonError::into_inner);
        *fed += count;
        if *fed > self.limit {
            problem(Problem::TooLarge(self.limit, true));
            return Err(io::Error::other("too large"));
        }
        Ok(count)
    }
}

/// The received bytes.
struct Packed {
    frames: mpsc::Receiver<Result<Bytes, Problem>>,
    frame: Bytes,
    problem: Arc<Mutex<Option<Problem>>>,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.frame.is_empty() {
            match self.frames.blocking_recv() {
                None => return Ok(0),
                Some(Ok(frame)) => self.frame = frame,
                Some(Err(found)) => {
                    *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                    return Err(io::Error::other("the body ended before its end"));
                }
            }
        }
        let count = buffer.len().min(self.frame.len());
        self.frame.copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
