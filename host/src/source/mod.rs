//! Where records come from: one file for each kind of source, behind one trait, in one list.
//!
//! A source opens a [`Lane`](crate::runner::Lane) for each stream of records whose order matters (a shard, a file, a
//! request), pushes batches into it, and saves a position only when the receipt of everything before it says accepted.

mod http;
mod kinesis;
#[cfg(feature = "lambda")]
mod lambda;
mod objects;
mod stdin;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::aws::Access;
use crate::config::read_settings;
use crate::runner::Intake;

/// Every kind of source, by its name in the configuration.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "http", read: read::<http::Settings> },
    Kind { name: "kinesis", read: read::<kinesis::Settings> },
    #[cfg(feature = "lambda")]
    Kind { name: "lambda", read: read::<lambda::Settings> },
    Kind { name: "objects", read: read::<objects::Settings> },
    Kind { name: "stdin", read: read::<stdin::Settings> },
];

/// Reads records and hands them over.
#[async_trait]
pub(crate) trait Source: Send {
    /// Reads until the end or until `intake.stop()` says so, then returns when what was handed over is settled and its
    /// positions are saved.
    ///
    /// # Errors
    /// The source can never go on. What it did not save is read again by the next run.
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError>;
}

/// Why a source can never go on, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SourceError(pub(crate) String);

/// The settings of one source, read and checked, not yet opened.
#[async_trait]
pub(crate) trait SourceSettings: Send + Sync {
    /// What cannot be right, as `setting: expected .., found ..`.
    ///
    /// # Errors
    /// The problem.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// One line for people: where records come from.
    fn plan(&self) -> String;

    /// Whom it is in AWS: data keys are asked for as the same role in the same Region, unless `keys` say otherwise.
    fn access(&self) -> Access {
        Access::default()
    }

    /// Whether the sender of its records keeps each of them until it is told that it was delivered, and can be told that
    /// it was not. Then neither sinks nor a dead letter are needed.
    fn is_kept_by_sender(&self) -> bool {
        false
    }

    /// Opens it: looks for credentials, locks its positions. Reads no record yet.
    ///
    /// # Errors
    /// A sentence for people.
    async fn open(&self, context: SourceContext) -> Result<Box<dyn Source>, String>;
}

/// What every source gets.
#[derive(Debug, Clone)]
pub(crate) struct SourceContext {
    /// The source's name in metrics and logs: its `name`, else its type.
    pub(crate) name: std::sync::Arc<str>,
}

/// Reads and checks the settings of one kind.
pub(crate) type Read = fn(Map<String, Value>) -> Result<Box<dyn SourceSettings>, String>;

/// One kind of source.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its `type`.
    pub(crate) name: &'static str,
    /// Reads its settings.
    pub(crate) read: Read,
}

fn read<S: SourceSettings + DeserializeOwned + 'static>(
    settings: Map<String, Value>,
) -> Result<Box<dyn SourceSettings>, String> {
    let settings: S = read_settings(settings)?;
    settings.check()?;
    Ok(Box::new(settings))
}
