//! What becomes of a record, and of a batch: the types of `wit/decoder.wit` in plain Rust.

use crate::counts::Tally;
use crate::error::Failure;

/// Events that share a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where the events go.
    pub route: String,
    /// NDJSON: each line ends with a line feed.
    pub lines: String,
    /// The number of lines.
    pub events: u32,
}

/// A record that was read completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// One entry per route, in the order in which the routes first appear; none when no event was kept.
    pub outputs: Vec<Output>,
    /// Events in `outputs`.
    pub kept: u32,
    /// Events that a setting or a rule removed.
    pub dropped: u32,
    /// How many of the events were heartbeats.
    pub heartbeats: u32,
}

/// All of a record, or nothing and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was read completely.
    Decoded(Decoded),
    /// It gave nothing.
    Failed(Failure),
}

/// What became of a batch: records in = records decoded + `failures`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// One entry per route, in the order in which the routes first appear; within a route in the records' order.
    pub outputs: Vec<Output>,
    /// The records that failed, by index in the batch, ascending.
    pub failures: Vec<(u32, Failure)>,
    /// As in [`Decoded`].
    pub kept: u32,
    /// As in [`Decoded`].
    pub dropped: u32,
    /// As in [`Decoded`].
    pub heartbeats: u32,
}

impl From<Result<Decoded, Failure>> for Verdict {
    fn from(result: Result<Decoded, Failure>) -> Self {
        match result {
            Ok(decoded) => Verdict::Decoded(decoded),
            Err(failure) => Verdict::Failed(failure),
        }
    }
}

impl Merged {
    pub(crate) fn add(&mut self, tally: &Tally) {
        self.kept = self.kept.saturating_add(tally.kept);
        self.dropped = self.dropped.saturating_add(tally.dropped());
        self.heartbeats = self.heartbeats.saturating_add(tally.heartbeats);
    }
}
