//! The thread that reads: one object after the other, unpacked and cut into batches, no faster than they are taken.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;

use super::fetch::{Body, Fetched};
use super::listing::Object;
use crate::record::{Batch, Batches, Input, Records};

/// A place in an object: behind so many of its records.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) object: Arc<Object>,
    pub(super) records: u64,
}

/// What the thread sends.
#[derive(Debug)]
pub(super) enum Message {
    /// The next records, and the place behind them.
    Batch(Batch, Place),
    /// All of an object was sent, or what could be read of it and why not the rest.
    End(Place, Option<io::Error>),
}

/// Nobody listens any more.
struct Unheard;

/// Starts to read. `read` grows with every byte.
pub(super) fn start(fetched: mpsc::Receiver<Fetched>, read: Arc<AtomicU64>) -> io::Result<mpsc::Receiver<Message>> {
    let (sender, messages) = mpsc::channel(1);
    let thread = std::thread::Builder::new().name("objects".into());
    thread.spawn(move || read_all(fetched, &read, &sender))?;
    Ok(messages)
}

fn read_all(mut fetched: mpsc::Receiver<Fetched>, read: &Arc<AtomicU64>, sender: &mpsc::Sender<Message>) {
    while let Some(Fetched { object, body }) = fetched.blocking_recv() {
        let mut place = Place { object: Arc::new(object), records: 0 };
        let Ok(problem) = read_one(body, Arc::clone(read), &mut place, sender) else { return };
        if sender.blocking_send(Message::End(place, problem)).is_err() {
            return;
        }
    }
}

fn read_one(
    body: Body,
    read: Arc<AtomicU64>,
    place: &mut Place,
    sender: &mpsc::Sender<Message>,
) -> Result<Option<io::Error>, Unheard> {
    let input = match body {
        Body::File(file) => Input::new(file, read),
        Body::Chunks(chunks) => Input::new(chunks, read),
    };
    let mut records = match input {
        Ok(input) => Records::new(input),
        Err(error) => return Ok(Some(error)),
    };
    let known = place.object.delivered;
    let (mut batches, mut skipped) = (Batches::default(), 0);
    let mut send = |batch: Batch| {
        // A batch counts from its collector's start, which is behind what was skipped.
        let batch = Batch { first: batch.first + known, ..batch };
        place.records = batch.first + batch.len() as u64;
        sender.blocking_send(Message::Batch(batch, place.clone())).map_err(|_| Unheard)
    };
    let problem = loop {
        while let Some(record) = records.ready() {
            if skipped < known {
                skipped += 1;
            } else if let Some(batch) = batches.push(record) {
                send(batch)?;
            }
        }
        // The next read may wait: what is here goes out first.
        batches.take().map_or(Ok(()), &mut send)?;
        match records.refill() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    place.records = place.records.max(known);
    Ok(problem)
}
