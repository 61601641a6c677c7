//! Sink `file`: lines appended to one local file. Accepted when the file system says that they are on the disk.
//!
//! The usual dead letter. A full disk is waited out; lines are written whole or not at all: what a failed write left
//! behind is cut off again.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;

use super::{Attempt, Flush, Retry, Sink, SinkContext, SinkError, SinkSettings};
use crate::dead_letter;
use crate::runner::{Ack, Item, Lines};

/// Where to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The file; made when missing, readable by its owner only, relative to the working directory.
    path: PathBuf,
}

struct Appended {
    file: Arc<File>,
    path: PathBuf,
    retry: Retry,
    /// Written, but not yet known to be on the disk: a sync costs milliseconds, so several items share one.
    unsynced: Vec<Ack>,
    since: Option<Instant>,
}

/// So long an item may wait for others before they are synced together.
const SYNC_AFTER: Duration = Duration::from_millis(200);
/// So many items wait at most.
const SYNC_ITEMS: usize = 64;

#[async_trait]
impl SinkSettings for Settings {
    fn check(&self) -> Result<(), String> {
        match self.path.as_os_str().is_empty() {
            true => Err("path: expected the name of a file, found nothing".to_owned()),
            false => Ok(()),
        }
    }

    fn plan(&self) -> String {
        format!("file {}", self.path.display())
    }

    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String> {
        let file =
            dead_letter::append(&self.path).map_err(|error| format!("cannot open {}: {error}", self.path.display()))?;
        Ok(Box::new(Appended {
            file: Arc::new(file),
            path: self.path.clone(),
            retry: Retry::new(&context),
            unsynced: vec![],
            since: None,
        }))
    }
}

#[async_trait]
impl Sink for Appended {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        let Item { lines, ack, room } = item;
        self.until_done(move |file| append(file, &lines)).await;
        drop(room);
        self.unsynced.push(ack);
        self.since.get_or_insert_with(Instant::now);
        if self.unsynced.len() >= SYNC_ITEMS { self.flush(Flush::All).await } else { Ok(()) }
    }

    fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + SYNC_AFTER)
    }

    async fn flush(&mut self, _what: Flush) -> Result<(), SinkError> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        self.until_done(File::sync_data).await;
        self.unsynced.drain(..).for_each(Ack::accept);
        self.since = None;
        Ok(())
    }
}

impl Appended {
    /// Does something with the file until it succeeds, on a thread that may wait for the disk.
    async fn until_done(&self, what: impl Fn(&File) -> io::Result<()> + Send + Sync + 'static) {
        let what = Arc::new(what);
        let done = self.retry.until_accepted(|| async {
            let (file, what) = (Arc::clone(&self.file), Arc::clone(&what));
            let done = tokio::task::spawn_blocking(move || what(&file)).await;
            let again =
                |error: io::Error| Attempt::<Infallible>::Again(format!("{}: {error}", self.path.display()), None);
            done.map_err(io::Error::from).flatten().map_err(again)
        });
        match done.await {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }
}

/// Appends whole lines, or nothing.
fn append(mut file: &File, lines: &Lines) -> io::Result<()> {
    let before = file.metadata()?;
    let written = file.write_all(lines.text.as_bytes());
    if written.is_err() && before.is_file() {
        // Only this process writes here; half a line must not stay in front of the next attempt.
        file.set_len(before.len())?;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::runner::{Delivery, Queue, Receipt, drive};

    #[tokio::test]
    async fn lines_are_accepted_when_they_are_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        let metrics = Arc::new(Metrics::default());
        let context = SinkContext { name: "file".into(), metrics: Arc::clone(&metrics), dead_letter: None };
        let sink = Settings { path: path.clone() }.open(context).await.unwrap();
        let (queue, items) = Queue::new("file".into(), 1000, metrics);
        let (_busy, idle) = tokio::sync::watch::channel(1);
        let driver = tokio::spawn(drive(sink, items, idle));
        for number in 0..3 {
            let (settlement, mut receipt) = Receipt::pair();
            let text = format!("{{\"n\":{number}}}\n");
            queue
                .put(Arc::new(Lines { route: "default".into(), text, events: 1, resource: None }), settlement.ack())
                .await;
            drop(settlement);
            assert_eq!(receipt.settled().await, Delivery::Accepted);
        }
        drop(queue);
        driver.await.unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    }
}
