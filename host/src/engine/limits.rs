//! What a call may cost: memory, time, and bytes handed over.

use std::time::{Duration, Instant};

use dastap_guest::settings::Limits;
use wasmtime::ResourceLimiter;

/// The limits of every call of a decoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallLimits {
    /// Bytes of linear memory for a record alone.
    pub(crate) memory: usize,
    /// How many of them do not depend on records.
    pub(crate) fixed: usize,
    /// Computing time, waiting for keys not counted.
    pub(crate) time: Duration,
}

/// Memory of the guest that does not grow with a record: code, data, stack, inflate state, small buffers.
const BASE_MEMORY: usize = 16 << 20;

/// Memory of rules, at most: a hundred regular expressions of 512 KiB and their caches of 256 KiB.
const RULES_MEMORY: usize = 80 << 20;

/// Memory of a call for several records, where that is less: their answer is copied while theirs is still there.
/// Ordinary batches need a few MiB; larger ones are decoded in parts.
const BATCH_MEMORY: usize = 80 << 20;

impl CallLimits {
    /// From the limits of a record. At the same time there are the record, its decoded message (three quarters of it)
    /// and the decrypted one; then the document and its lines, of which the guest itself refuses to make more than fit,
    /// and what the document's buffer has to spare.
    pub(crate) fn for_records(limits: &Limits, has_rules: bool, time: Duration) -> Self {
        let fixed = BASE_MEMORY + if has_rules { RULES_MEMORY } else { 0 };
        let (record, plaintext) = (limits.record.0, limits.plaintext.0);
        CallLimits { memory: fixed + 3 * record + plaintext / 4 + limits.lines(), fixed, time }
    }

    /// Bytes of linear memory for a call with so many records.
    pub(super) fn memory_for(&self, records: usize) -> usize {
        if records > 1 { self.memory.min(self.fixed + BATCH_MEMORY) } else { self.memory }
    }
}

/// The guest wanted more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("wanted {wanted} bytes of memory, limit {limit}")]
pub(crate) struct OutOfMemory {
    wanted: usize,
    limit: usize,
}

/// Refuses memory beyond the limit with an error of its own, so that it is not mistaken for a panic of the guest.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// What it may grow to.
    pub(super) limit: usize,
    /// Bytes of the guest's memory now.
    pub(crate) size: usize,
}

impl MemoryLimit {
    pub(crate) fn new(limit: usize) -> Self {
        MemoryLimit { limit, size: 0 }
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if wanted > self.limit {
            return Err(OutOfMemory { wanted, limit: self.limit }.into());
        }
        self.size = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(wanted <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        8
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }
}

/// The guest's table of functions has a few hundred.
const TABLE_ELEMENTS: usize = 10_000;

/// The time of one call, with a pause button.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    started: Instant,
    waited: Duration,
    budget: Duration,
}

impl Stopwatch {
    pub(crate) fn start(budget: Duration) -> Self {
        Stopwatch { started: Instant::now(), waited: Duration::ZERO, budget }
    }

    /// Time since `since` was spent waiting for a key, not computing.
    pub(crate) fn waited_since(&mut self, since: Instant) {
        self.waited += since.elapsed();
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.started.elapsed().saturating_sub(self.waited) > self.budget
    }
}
