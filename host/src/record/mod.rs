//! Where records come from: files and standard input, and the many ways in which records lie in them.
//!
//! [`Input`] opens a file (and unpacks gzip), [`Records`] finds the records in its bytes. Nothing is lost: every byte
//! that is neither white space between values nor part of an unpacked carrier ends in exactly one [`Record`].

mod aggregated;
mod batch;
mod carrier;
mod input;
mod resume;
mod scan;
mod splitter;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

pub(crate) use aggregated::{Aggregated, unpacked};
pub(crate) use batch::{Batch, Batches};
pub(crate) use carrier::{resource_id, stream_resource};
pub(crate) use input::Input;
use splitter::{Kind, Next, Splitter};

use crate::{Failure, Stage};

/// The longest record, in bytes: three times what Kinesis allows (10 MiB), so that no record is cut that a decoder with
/// other limits might still want.
pub(crate) const RECORD_LIMIT: usize = 32 * 1024 * 1024;

/// One record as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The stream's resource id (`cluster-...` or `db-...`), where the carrier of the record told it.
    pub(crate) resource: Option<Arc<str>>,
    /// What was received.
    pub(crate) content: Content,
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text for the decoder to judge.
    Text(String),
    /// Bytes that no decoder needs to see.
    Refused(Vec<u8>, Refusal),
}

/// Why bytes cannot be a record. All are of stage `envelope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The bytes are not UTF-8, so they are no JSON.
    NotUtf8,
    /// The `data` of a carrier is not base64.
    BadBase64,
    /// Longer than the limit.
    TooLarge,
}

impl Content {
    /// The received bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Refused(bytes, _) => bytes,
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.into_bytes(),
            Content::Refused(bytes, _) => bytes,
        }
    }

    /// Text where it is UTF-8.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Content {
        match String::from_utf8(bytes) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Refused(error.into_bytes(), Refusal::NotUtf8),
        }
    }
}

impl Refusal {
    /// The stable word for it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Refusal::NotUtf8 => "not-json",
            Refusal::BadBase64 => "bad-base64",
            Refusal::TooLarge => "too-large",
        }
    }

    /// The same for people.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Refusal::NotUtf8 => crate::verdict::NOT_UTF8,
            Refusal::BadBase64 => "expected base64 in the data of the carrier of this record",
            Refusal::TooLarge => "longer than 32 MiB, the longest input record",
        }
    }
}

/// The records in a stream of bytes.
#[derive(Debug)]
pub(crate) struct Records<R> {
    input: R,
    splitter: Splitter,
    limit: usize,
    unpacked: VecDeque<Record>,
    failure: Option<io::Error>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (reason, detail) = (refusal.reason().to_owned(), refusal.detail().to_owned());
        Failure { stage: Stage::Envelope, reason, detail, retryable: false }
    }
}

impl<R: Read> Records<R> {
    /// The records in `input`, each at most [`RECORD_LIMIT`] bytes.
    pub(crate) fn new(input: R) -> Self {
        Self::with_limit(input, RECORD_LIMIT)
    }

    /// The records in `input`, each at most `limit` bytes; longer ones come out in pieces, refused.
    pub(crate) fn with_limit(input: R, limit: usize) -> Self {
        Records { input, splitter: Splitter::new(limit), limit, unpacked: VecDeque::new(), failure: None }
    }

    /// The next record, if it can be had without reading.
    pub(crate) fn ready(&mut self) -> Option<Record> {
        while self.unpacked.is_empty() {
            match self.splitter.next() {
                Next::Piece(Kind::Value, bytes) => carrier::unpack(bytes, self.limit, &mut self.unpacked),
                Next::Piece(Kind::Broken, bytes) => {
                    self.unpacked.push_back(Record::plain(bytes.to_vec()).within(self.limit));
                }
                Next::Piece(Kind::Oversized, bytes) => {
                    self.unpacked.push_back(Record::plain(bytes.to_vec()).within(0));
                }
                Next::Starved | Next::End => return None,
            }
        }
        self.unpacked.pop_front()
    }

    /// Reads once. False: the input has ended and [`Self::ready`] has given everything.
    ///
    /// # Errors
    /// The input cannot be read further. What came before it is given out first, also the beginning of a record.
    pub(crate) fn refill(&mut self) -> io::Result<bool> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        if self.splitter.is_finished() {
            return Ok(false);
        }
        let count = loop {
            match self.input.read(self.splitter.space()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    break 0;
                }
                Ok(count) => break count,
            }
        };
        self.splitter.fill(count);
        Ok(true)
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = io::Result<Record>;

    /// Reads as much as the next record needs.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready() {
                return Some(Ok(record));
            }
            match self.refill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Record {
    fn plain(bytes: Vec<u8>) -> Record {
        Record { resource: None, content: Content::from_bytes(bytes) }
    }

    /// What the `data` of a carrier of this stream holds.
    pub(crate) fn of_bytes(bytes: Vec<u8>, resource: Option<Arc<str>>) -> Record {
        Record { resource, content: Content::from_bytes(bytes) }.within(RECORD_LIMIT)
    }

    /// A carrier's `data` that is not base64.
    pub(crate) fn bad_base64(data: String, resource: Option<Arc<str>>) -> Record {
        Record { resource, content: Content::Refused(data.into_bytes(), Refusal::BadBase64) }
    }

    /// Refused when it is longer than `limit`.
    fn within(mut self, limit: usize) -> Record {
        if self.content.as_bytes().len() > limit {
            self.content = Content::Refused(self.content.into_bytes(), Refusal::TooLarge);
        }
        self
    }
}

/// White space as JSON has it.
fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes, then fails.
    struct Failing<'a>(&'a [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(buffer) }
        }
    }

    #[test]
    fn what_was_read_before_a_failure_is_given_out_first() {
        let mut records = Records::new(Failing(b"{\"a\":1}{\"b\":"));
        let texts = [r#"{"a":1}"#, r#"{"b":"#].map(|text| Content::Text(text.into()));
        for text in texts {
            assert_eq!(records.next().unwrap().unwrap().content, text);
        }
        assert_eq!(records.next().unwrap().unwrap_err().to_string(), "gone");
        assert!(records.next().is_none());
    }

    #[test]
    fn a_record_is_ready_before_the_next_read() {
        let mut records = Records::new(&b"{}\n{}"[..]);
        assert!(records.ready().is_none());
        assert!(records.refill().unwrap());
        assert!(records.ready().is_some() && records.ready().is_some() && records.ready().is_none());
    }

    #[test]
    fn bytes_that_are_not_text_are_kept() {
        let records: Vec<_> =
            Records::new(&b"{\"a\":\"\xff\"}\n{}"[..]).map(|record| record.unwrap().content).collect();
        let bytes = Content::Refused(b"{\"a\":\"\xff\"}".to_vec(), Refusal::NotUtf8);
        assert_eq!(records, [bytes, Content::Text("{}".into())]);
    }

    #[test]
    fn what_exceeds_the_limit_is_refused() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(8000));
        for limit in [100, 7000] {
            let records: Vec<_> =
                Records::with_limit(long.as_bytes(), limit).map(|record| record.unwrap().content).collect();
            assert!(records.iter().all(|content| matches!(content, Content::Refused(_, Refusal::TooLarge))));
            assert_eq!(records.iter().flat_map(Content::as_bytes).copied().collect::<Vec<_>>(), long.as_bytes());
        }
    }
}
