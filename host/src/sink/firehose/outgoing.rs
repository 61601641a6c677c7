//! Lines on their way into requests: packed into records, and which items are accepted with which record.

use std::collections::VecDeque;
use std::time::Instant;

use crate::runner::{Ack, Room};

/// Most records in a request.
const RECORDS: usize = 500;
/// Most bytes in a request.
const BYTES: usize = 4 << 20;

/// What waits to be sent, oldest first.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Lines share a record up to this size; none: never.
    pack: Option<usize>,
    records: VecDeque<Vec<u8>>,
    bytes: usize,
    /// How many records were handed out so far.
    handed_out: u64,
    /// The items that wait, each with the number of its last record.
    items: VecDeque<(u64, Ack, Room)>,
    /// Since when the oldest waits.
    since: Option<Instant>,
}

impl Outgoing {
    pub(super) fn new(pack: Option<usize>) -> Self {
        Outgoing { pack, records: VecDeque::new(), bytes: 0, handed_out: 0, items: VecDeque::new(), since: None }
    }

    /// Puts a line at the end, with its line end.
    pub(super) fn push(&mut self, line: &str) {
        self.bytes += line.len();
        self.since.get_or_insert_with(Instant::now);
        let pack = self.pack.unwrap_or_default();
        match self.records.back_mut().filter(|last| last.len() + line.len() <= pack) {
            Some(last) => last.extend_from_slice(line.as_bytes()),
            None => self.records.push_back(line.into()),
        }
    }

    /// What was pushed last ends an item.
    pub(super) fn end(&mut self, ack: Ack, room: Room) {
        self.items.push_back((self.handed_out + self.records.len() as u64, ack, room));
    }

    /// Whether a request can be filled.
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= RECORDS || self.bytes >= BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// The records of the next request; no line joins them any more.
    pub(super) fn next(&mut self) -> Vec<Vec<u8>> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < RECORDS
            && let Some(record) = self.records.pop_front_if(|record| bytes + record.len() <= BYTES)
        {
            bytes += record.len();
            records.push(record);
        }
        self.bytes -= bytes;
        self.handed_out += records.len() as u64;
        records
    }

    /// All that was handed out is accepted.
    pub(super) fn sent(&mut self) {
        while let Some((_, ack, _room)) = self.items.pop_front_if(|(last, ..)| *last <= self.handed_out) {
            ack.accept();
        }
        self.since = if self.records.is_empty() { None } else { Some(Instant::now()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(pack: Option<usize>, lines: &[&str]) -> Outgoing {
        let mut outgoing = Outgoing::new(pack);
        lines.iter().for_each(|line| outgoing.push(line));
        outgoing
    }

    #[test]
    fn a_line_is_a_record_unless_packed() {
        let lines = ["aaa\n", "bbb\n", "c\n", "dddddddddddd\n"];
        assert_eq!(outgoing(None, &lines).next(), lines.map(Vec::from));
        let packed: [&[u8]; 3] = [b"aaa\nbbb\n", b"c\n", b"dddddddddddd\n"];
        assert_eq!(outgoing(Some(9), &lines).next(), packed);
    }

    #[test]
    fn a_request_is_bounded_in_records_and_bytes() {
        let mut many = outgoing(None, &["x\n"; 1100]);
        let mut sizes = vec![];
        while !many.is_empty() {
            sizes.push((many.is_full(), many.next().len()));
        }
        assert_eq!(sizes, [(true, 500), (true, 500), (false, 100)]);
        let large = "x".repeat(900 << 10);
        let mut large = outgoing(None, &[large.as_str(); 5]);
        assert_eq!((large.is_full(), large.next().len(), large.is_full(), large.next().len()), (true, 4, false, 1));
    }

    #[tokio::test]
    async fn an_item_is_accepted_with_its_last_record() {
        use crate::metrics::Metrics;
        use crate::runner::{Delivery, Lines, Queue, Receipt};
        use std::sync::Arc;

        let (queue, mut items) = Queue::new("test".into(), 1000, Arc::new(Metrics::default()));
        let mut outgoing = Outgoing::new(Some(4));
        let mut receipts = vec![];
        for text in ["a\n", "b\nc\n"] {
            let (settlement, receipt) = Receipt::pair();
            let lines = Lines { route: "default".into(), text: text.into(), events: 1, resource: None };
            queue.put(Arc::new(lines), settlement.ack()).await;
            receipts.push(receipt);
        }
        while let Ok(item) = items.try_recv() {
            item.lines.text.split_inclusive('\n').for_each(|line| outgoing.push(line));
            outgoing.end(item.ack, item.room);
        }
        // a and b share a record; c is alone in the next.
        let rest = outgoing.records.split_off(1);
        assert_eq!(outgoing.next(), [b"a\nb\n"]);
        outgoing.sent();
        let second = tokio::time::timeout(std::time::Duration::from_millis(10), receipts[1].settled()).await;
        assert!(second.is_err(), "c was not sent");
        assert_eq!(receipts[0].settled().await, Delivery::Accepted);
        outgoing.records = rest;
        outgoing.next();
        outgoing.sent();
        assert_eq!(receipts[1].settled().await, Delivery::Accepted);
    }
}
