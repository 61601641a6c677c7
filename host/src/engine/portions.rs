//! A batch in as large portions as the sandbox can take.
//!
//! Mostly that is the whole batch. Where its answer does not fit into the sandbox's memory (a record of some kilobytes
//! can unpack to megabytes), the batch is halved until it does. Where the sandbox trapped or took too long, each record
//! is tried once more alone, in a fresh instance, and the one that does it again fails.

use std::ops::Range;

use super::instance::{Fault, FaultKind};
use super::{Instances, Verdict};

/// What of a batch has no verdict yet.
pub(crate) struct Portions<'a> {
    instances: &'a Instances,
    batch: &'a [String],
    stream: Option<&'a str>,
    /// The next one stands last.
    rest: Vec<Portion>,
}

struct Portion {
    records: Range<usize>,
    /// Its single record was in a batch or alone when the sandbox failed.
    tried: bool,
}

impl<'a> Portions<'a> {
    pub(crate) fn new(instances: &'a Instances, batch: &'a [String], stream: Option<&'a str>) -> Self {
        let mut portions = Portions { instances, batch, stream, rest: Vec::new() };
        if !batch.is_empty() {
            portions.rest.push(Portion { records: 0..batch.len(), tried: false });
        }
        portions
    }

    /// All records have their verdicts.
    #[cfg(feature = "run")]
    pub(crate) fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }

    /// The verdicts of the next records, in order, at least one; none when all records have theirs.
    pub(crate) async fn next(&mut self) -> Option<Vec<Verdict>> {
        loop {
            let portion = self.rest.pop()?;
            let records = self.batch.get(portion.records.clone()).unwrap_or_default();
            match self.instances.decode(records, self.stream).await {
                Ok(verdicts) => return Some(verdicts),
                Err(fault) if portion.tried => {
                    fault.log(1);
                    return Some(vec![Verdict::Failed(fault.into())]);
                }
                Err(fault) => self.split(portion.records, &fault),
            }
        }
    }

    /// The sandbox gave no answer for the whole batch.
    pub(crate) fn whole_failed(&mut self, fault: &Fault) {
        self.rest.clear();
        self.split(0..self.batch.len(), fault);
    }

    fn split(&mut self, records: Range<usize>, fault: &Fault) {
        if records.len() > 1 && fault.kind == FaultKind::OutOfMemory {
            tracing::debug!(records = records.len(), "the events of a batch are too large for one answer");
            let middle = records.start.midpoint(records.end);
            let halves = [middle..records.end, records.start..middle];
            self.rest.extend(halves.map(|records| Portion { records, tried: false }));
        } else {
            fault.log(records.len());
            self.rest.extend(records.rev().map(|record| Portion { records: record..record + 1, tried: true }));
        }
    }
}
