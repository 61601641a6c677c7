//! Where event lines go: one file for each kind of sink, behind one trait, in one list.
//!
//! A sink gets [`Item`]s in order and says of each when it is accepted: on disk, or answered by the other side with
//! success. Until then no source moves on. What may succeed later the sink tries again by itself ([`Retry`]); what the
//! other side refuses for good goes to the dead letter ([`SinkContext::refuse`]).

mod file;
mod firehose;
mod http;
mod objects;
mod refused;
mod retry;
mod sns;
mod stdout;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::read_settings;
use crate::metrics::Metrics;
use crate::runner::{Item, Queue};
pub(crate) use retry::{Attempt, Retry};

/// Every kind of sink, by its name in the configuration.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "file", read: read::<file::Settings> },
    Kind { name: "firehose", read: read::<firehose::Settings> },
    Kind { name: "http", read: read::<http::Settings> },
    Kind { name: "objects", read: read::<objects::Settings> },
    Kind { name: "sns", read: read::<sns::Settings> },
    Kind { name: "stdout", read: read::<stdout::Settings> },
];

/// Takes event lines. One task drives it, so calls never overlap.
#[async_trait]
pub(crate) trait Sink: Send {
    /// Takes the next item. It is accepted with `item.ack.accept()`, in this call or in a later one; the sink may wait
    /// here as long as it needs to, its queue makes the sources wait.
    ///
    /// # Errors
    /// The sink can never go on. Nothing that was not accepted counts as delivered.
    async fn take(&mut self, item: Item) -> Result<(), SinkError>;

    /// When [`Self::flush`] is due even if nothing more comes. `None` while nothing is held back.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// Sends and accepts what is held back.
    ///
    /// # Errors
    /// As [`Self::take`].
    async fn flush(&mut self, _what: Flush) -> Result<(), SinkError> {
        Ok(())
    }
}

/// How much to flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// What is due by its age.
    Due,
    /// Everything: no source has more for now, or the run ends.
    All,
}

/// Why a sink can never go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SinkError {
    /// Whoever reads it has seen enough: a normal end.
    #[error("the reader has gone")]
    Closed,
    /// For people.
    #[error("{0}")]
    Failed(String),
}

/// The settings of one sink, read and checked, not yet opened.
#[async_trait]
pub(crate) trait SinkSettings: Send + Sync {
    /// What cannot be right, as `setting: expected .., found ..`.
    ///
    /// # Errors
    /// The problem.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// One line for people: where lines go.
    fn plan(&self) -> String;

    /// Whether what it has accepted is kept whole, so that it can be the dead letter.
    fn keeps(&self) -> bool {
        true
    }

    /// Opens it: looks for credentials, creates a file. Sends nothing.
    ///
    /// # Errors
    /// A sentence for people.
    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String>;
}

/// What every sink gets.
#[derive(Debug, Clone)]
pub(crate) struct SinkContext {
    /// The sink's name in metrics and logs: its `name`, else its type.
    pub(crate) name: Arc<str>,
    /// To count retries and the time to acceptance.
    pub(crate) metrics: Arc<Metrics>,
    /// Where refused lines go; none for the dead letter itself, which must go on trying.
    pub(crate) dead_letter: Option<Queue>,
}

/// Reads and checks the settings of one kind.
pub(crate) type Read = fn(Map<String, Value>) -> Result<Box<dyn SinkSettings>, String>;

/// One kind of sink.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its `type`.
    pub(crate) name: &'static str,
    /// Reads its settings.
    pub(crate) read: Read,
}

fn read<S: SinkSettings + DeserializeOwned + 'static>(
    settings: Map<String, Value>,
) -> Result<Box<dyn SinkSettings>, String> {
    let settings: S = read_settings(settings)?;
    settings.check()?;
    Ok(Box::new(settings))
}
