//! What the key cache counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::KeyError;
use super::store::Outcome;

/// What a [`Cache`](super::Cache) has done since it was made.
///
/// Every lookup that ended is counted once: `lookups` = `hits` + `stale` + `refused` + `unavailable` + the calls that
/// gave a key (+ lookups that were abandoned or still wait). A thousand lookups at once for one new key are 1 call and
/// 999 hits; `lookups - calls` is what the cache saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyStats {
    /// Questions to the cache.
    pub lookups: u64,
    /// Lookups that got a fresh key without a call of their own.
    pub hits: u64,
    /// Questions that reached the provider.
    pub calls: u64,
    /// Lookups that ended in [`KeyError::Refused`].
    pub refused: u64,
    /// Lookups that ended in [`KeyError::Unavailable`].
    pub unavailable: u64,
    /// Lookups that got a key past its time, because the provider was unavailable.
    pub stale: u64,
}

/// The live counters behind [`KeyStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    lookups: AtomicU64,
    hits: AtomicU64,
    calls: AtomicU64,
    refused: AtomicU64,
    unavailable: AtomicU64,
    stale: AtomicU64,
}

impl Counters {
    pub(super) fn looked_up(&self) {
        self.lookups.fetch_add(1, Relaxed);
    }

    pub(super) fn called(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    /// A lookup ended; `asked`: by a call of its own.
    pub(super) fn ended(&self, outcome: &Outcome, asked: bool) {
        let counter = match outcome {
            Outcome::Key(_) if asked => return,
            Outcome::Key(_) => &self.hits,
            Outcome::Stale(_) => &self.stale,
            Outcome::Failed(KeyError::Refused(_)) => &self.refused,
            Outcome::Failed(KeyError::Unavailable(_)) => &self.unavailable,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> KeyStats {
        KeyStats {
            lookups: self.lookups.load(Relaxed),
            hits: self.hits.load(Relaxed),
            calls: self.calls.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            stale: self.stale.load(Relaxed),
        }
    }
}
