//! The bytes of objects, fetched ahead of their turn: while one is read, the next are on their way.
//!
//! A connection that breaks is opened again behind the bytes that came; only an object that is gone, changed or forbidden
//! is given up.

use std::fs::File;
use std::io::{self, Read};
use std::time::Instant;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use object_store::{Error, GetOptions, GetRange, GetResultPayload, ObjectStore};
use tokio::sync::mpsc;

use super::listing::Object;
use crate::backoff::{Backoff, roll};
use crate::store::Store;

/// An object whose turn comes.
pub(super) struct Fetched {
    pub(super) object: Object,
    pub(super) body: Body,
}

/// Its bytes.
pub(super) enum Body {
    File(File),
    Chunks(Chunks),
}

/// Bytes that come over the network; reading blocks.
pub(super) struct Chunks {
    chunks: mpsc::Receiver<Result<Bytes, String>>,
    current: Bytes,
}

/// Objects that are fetched before their turn, and what may wait of each: chunks of some 64 KiB.
const AHEAD: usize = 4;
const CHUNKS: usize = 16;

/// Starts to fetch one object after the other.
pub(super) fn start(store: Store, objects: Vec<Object>) -> mpsc::Receiver<Fetched> {
    let (sender, fetched) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        for object in objects {
            let Ok(room) = sender.reserve().await else { return };
            let body = begin(&store, &object);
            room.send(Fetched { body: body.await, object });
        }
    });
    fetched
}

async fn begin(store: &Store, object: &Object) -> Body {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    if store.parts.is_some() {
        tokio::spawn(fetch(store.clone(), object.clone(), sender));
    } else {
        // A local file is read by the reader itself; one that cannot be opened now is left for the next run.
        match store.objects.get_opts(object.path(), GetOptions::default()).await.map(|found| found.payload) {
            Ok(GetResultPayload::File(file, _)) => return Body::File(file),
            Ok(GetResultPayload::Stream(_)) => {}
            Err(error) => drop(sender.send(Err(error.to_string())).await),
        }
    }
    Body::Chunks(Chunks { chunks, current: Bytes::new() })
}

/// Sends all bytes of an object, or at last why they cannot be had.
async fn fetch(store: Store, object: Object, sender: mpsc::Sender<Result<Bytes, String>>) {
    let (mut backoff, begun, mut offset) = (Backoff::default(), Instant::now(), 0);
    loop {
        let error = match fetch_from(&store, &object, &mut offset, &sender).await {
            Ok(()) => return,
            Err(error) => error,
        };
        if is_final(&error) {
            let _ = sender.send(Err(error.to_string())).await;
            return;
        }
        let now = begun.elapsed();
        backoff.fail(now, roll());
        let pause = backoff.left(now).unwrap_or_default();
        tracing::warn!(object = object.name(), %error, pause_seconds = pause.as_secs_f64(), "cannot read, trying again");
        tokio::select! {
            () = sender.closed() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn fetch_from(
    store: &Store,
    object: &Object,
    offset: &mut u64,
    sender: &mpsc::Sender<Result<Bytes, String>>,
) -> object_store::Result<()> {
    let range = (*offset > 0).then_some(GetRange::Offset(*offset));
    let options = GetOptions { if_match: object.tag.clone(), range, ..GetOptions::default() };
    let found = store.objects.get_opts(object.path(), options).await?;
    let end = found.meta.size;
    let mut stream = found.into_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        *offset += chunk.len() as u64;
        // Nobody reads it any more: that is the end too.
        if sender.send(Ok(chunk)).await.is_err() {
            return Ok(());
        }
    }
    if *offset < end {
        return Err(Error::Generic { store: "object", source: "the connection ended before the object".into() });
    }
    Ok(())
}

/// Asking again would not help.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::InvalidPath { .. }
            | Error::NotSupported { .. }
            | Error::Precondition { .. }
            | Error::NotModified { .. }
            | Error::PermissionDenied { .. }
    )
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(why)) => return Err(io::Error::other(why)),
                None => return Ok(0),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
