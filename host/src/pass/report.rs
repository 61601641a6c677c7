//! What came of a run: the numbers, the failures, and why it ended.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::Error;
use crate::engine::{Count, Verdict};
use crate::keys::KeyStats;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The numbers.
    pub(crate) stats: Stats,
    /// The failures by stage and reason.
    pub(crate) failures: Failures,
    /// The inputs that could not be read to their end.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Why the run ended.
    pub(crate) end: End,
    /// When the first record was there.
    pub(super) started: Option<Instant>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// All inputs were read.
    #[default]
    Complete,
    /// Whoever reads the output has seen enough.
    Closed,
    /// The run was told to stop.
    Stopped,
}

/// Failures by stage and reason: how many, and the details of the first.
pub(crate) type Failures = BTreeMap<(String, String), (u64, String)>;

/// The numbers of a run, as `--stats` writes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Stats {
    /// Records read: `decoded + failed`.
    pub(crate) records: u64,
    /// Records whose events were written or dropped.
    pub(crate) decoded: u64,
    /// Records in the dead letter.
    pub(crate) failed: u64,
    /// Events of the decoded records.
    pub(crate) events: Events,
    /// Questions for data keys.
    pub(crate) keys: Keys,
    /// Sizes in bytes.
    pub(crate) bytes: Bytes,
    /// From the first record to the last.
    pub(crate) seconds: f64,
    /// What settings and rules did, by the names of `wit/decoder.wit`: `dropped.heartbeat`, `kept.rule.ddl`, ...
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) by: BTreeMap<String, u64>,
}

/// Events of the decoded records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Events {
    /// All: `kept + dropped`.
    pub(crate) seen: u64,
    /// Written.
    pub(crate) kept: u64,
    /// Removed by a setting or a rule.
    pub(crate) dropped: u64,
    /// Heartbeats among all.
    pub(crate) heartbeats: u64,
}

/// Questions for data keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Keys {
    /// Questions to the cache.
    pub(crate) lookups: u64,
    /// Answered from it.
    pub(crate) hits: u64,
    /// Questions that reached the provider.
    pub(crate) calls: u64,
    /// Refused by it.
    pub(crate) refused: u64,
    /// Not answered by it.
    pub(crate) unavailable: u64,
}

/// Sizes in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bytes {
    /// Records as they were received.
    #[serde(rename = "in")]
    pub(crate) received: u64,
    /// Decrypted and unpacked documents.
    pub(crate) plain: u64,
    /// Written events.
    pub(crate) out: u64,
}

impl Report {
    /// Turns a closed pipe into the end of the run.
    pub(super) fn unless_closed(&mut self, result: io::Result<()>) -> Result<(), Error> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.end = End::Closed;
                Ok(())
            }
            result => result.map_err(Error::Output),
        }
    }

    /// Counts a record whose verdict is written.
    pub(super) fn count(&mut self, record: &[u8], verdict: Verdict) {
        let Stats { records, decoded, failed, events, bytes, .. } = &mut self.stats;
        *records += 1;
        bytes.received += record.len() as u64;
        match verdict {
            Verdict::Decoded(record) => {
                *decoded += 1;
                events.seen += u64::from(record.kept) + u64::from(record.dropped);
                events.kept += u64::from(record.kept);
                events.dropped += u64::from(record.dropped);
                events.heartbeats += u64::from(record.heartbeats);
            }
            Verdict::Failed(failure) => {
                *failed += 1;
                let kind = (failure.stage.to_string(), failure.reason);
                self.failures.entry(kind).or_insert((0, failure.detail)).0 += 1;
            }
        }
    }
}

impl Stats {
    /// Adds what the decoder counted.
    pub(super) fn add(&mut self, counts: &[Count]) {
        for Count { name, value, .. } in counts {
            let value = u64::from(*value);
            if name == "plain-bytes" {
                self.bytes.plain += value;
            } else if ["dropped.", "kept.", "routed.", "redacted."].iter().any(|kind| name.starts_with(kind)) {
                *self.by.entry(name.clone()).or_default() += value;
            }
        }
    }
}

impl From<KeyStats> for Keys {
    fn from(stats: KeyStats) -> Self {
        let KeyStats { lookups, hits, calls, refused, unavailable, .. } = stats;
        Keys { lookups, hits, calls, refused, unavailable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_look_as_in_the_design() {
        let json = serde_json::to_string(&Stats::default()).unwrap();
        let expected = concat!(
            r#"{"records":0,"decoded":0,"failed":0,"events":{"seen":0,"kept":0,"dropped":0,"heartbeats":0},"#,
            r#""keys":{"lookups":0,"hits":0,"calls":0,"refused":0,"unavailable":0},"#,
            r#""bytes":{"in":0,"plain":0,"out":0},"seconds":0.0}"#
        );
        assert_eq!(json, expected);
    }
}
