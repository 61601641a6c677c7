//! How far sources are that know how much there is to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes as they lie in their objects.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    read: Arc<AtomicU64>,
    all: AtomicU64,
}

impl Progress {
    /// So many more bytes are to be read, seen from now.
    pub(crate) fn expect(&self, bytes: u64) {
        self.all.store(self.read.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
    }

    /// Counts bytes that are read.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Bytes that are read, and all that there are.
    pub(crate) fn so_far(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }
}
