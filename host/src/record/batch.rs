//! Records in portions for the decoder: of one stream, bounded in number and bytes, in input order.

use std::sync::Arc;

use super::{Content, Record, Refusal};

/// Most records in a batch.
const RECORDS: usize = 100;

/// A batch is full when its records reach this many bytes. A call into the sandbox costs microseconds, so larger
/// batches gain nothing; but their events, which are ten times as large, would leave the processor's cache before they
/// are written.
const BYTES: usize = 64 * 1024;

/// Consecutive records of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The place of the first record in the whole input, from 0.
    pub(crate) first: u64,
    /// The stream's resource id, where the carrier told it.
    pub(crate) resource: Option<Arc<str>>,
    /// What the decoder judges.
    pub(crate) texts: Vec<String>,
    /// What it need not see: the place in the batch, the bytes, and why.
    pub(crate) refused: Vec<(usize, Vec<u8>, Refusal)>,
    /// The size of all records in bytes.
    pub(crate) bytes: usize,
}

impl Batch {
    /// How many records are in it.
    pub(crate) fn len(&self) -> usize {
        self.texts.len() + self.refused.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, content: Content) {
        self.bytes += content.as_bytes().len();
        match content {
            Content::Text(text) => self.texts.push(text),
            Content::Refused(bytes, why) => self.refused.push((self.len(), bytes, why)),
        }
    }
}

/// Collects records into batches.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    current: Batch,
}

impl Batches {
    /// The first record to come has this place in the whole input.
    pub(crate) fn starting_at(first: u64) -> Self {
        Batches { current: Batch { first, ..Batch::default() } }
    }

    /// Takes a record, and gives out the batch before it when that is full or of another stream. What is left when
    /// [`Self::is_full`], at the end or in a pause of the input is for [`Self::take`].
    pub(crate) fn push(&mut self, record: Record) -> Option<Batch> {
        let other = record.resource != self.current.resource && !self.current.is_empty();
        let complete = if other || self.is_full() { self.take() } else { None };
        self.current.resource = record.resource;
        self.current.push(record.content);
        complete
    }

    /// The next record goes into another batch: this one need not wait for it.
    pub(crate) fn is_full(&self) -> bool {
        self.current.len() >= RECORDS || self.current.bytes >= BYTES
    }

    /// Gives out what is there.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.current.is_empty() {
            return None;
        }
        let first = self.current.first + self.current.len() as u64;
        Some(std::mem::replace(&mut self.current, Batch { first, ..Batch::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(resource: Option<&str>, text: &str) -> Record {
        Record { resource: resource.map(Arc::from), content: Content::Text(text.into()) }
    }

    fn batches(records: impl IntoIterator<Item = Record>) -> Vec<Batch> {
        let mut collector = Batches::default();
        let mut batches: Vec<_> = records.into_iter().filter_map(|record| collector.push(record)).collect();
        batches.extend(collector.take());
        assert_eq!((collector.is_full(), collector.take()), (false, None));
        batches
    }

    #[test]
    fn a_batch_belongs_to_one_stream() {
        let ids = [None, Some("a"), Some("a"), Some("b"), None, None];
        let batches = batches(ids.map(|id| record(id, "x")));
        let found: Vec<_> = batches.iter().map(|batch| (batch.first, batch.resource.as_deref(), batch.len())).collect();
        assert_eq!(found, [(0, None, 1), (1, Some("a"), 2), (3, Some("b"), 1), (4, None, 2)]);
    }

    #[test]
    fn a_batch_is_bounded_in_records_and_bytes() {
        let many = batches((0..250).map(|_| record(None, "x")));
        assert_eq!(
            many.iter().map(|batch| (batch.first, batch.len())).collect::<Vec<_>>(),
            [(0, 100), (100, 100), (200, 50)]
        );
        let large = "x".repeat(BYTES);
        let large = batches([record(None, "x"), record(None, &large), record(None, &large)]);
        assert_eq!(large.iter().map(Batch::len).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn refused_records_keep_their_place() {
        let refused = || Record { resource: None, content: Content::Refused(vec![0xff], Refusal::NotUtf8) };
        let batches = batches([refused(), record(None, "x"), refused()]);
        assert_eq!(batches[0].texts, ["x"]);
        assert_eq!(batches[0].refused.iter().map(|(place, ..)| *place).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((batches[0].len(), batches[0].bytes), (3, 3));
    }
}
