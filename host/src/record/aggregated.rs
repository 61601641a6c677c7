//! Records that the Kinesis Producer Library (KPL) packed into one: magic number, protobuf message, MD5 of the message.
//!
//! Format: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>. Unpacked one by one,
//! so that ten megabytes of tiny records never become a list. What only looks like it passes through as it came, and so
//! do all records in it: AWS's own consumer leaves out those whose hash key is not the shard's, because the KPL sends
//! them again; twice is better than never.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Buf, Bytes};
use md5::{Digest, Md5};
use prost::Message;

use super::{Content, Record, Refusal};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const CHECKSUM: usize = 16;
/// `repeated Record records = 3` in `AggregatedRecord`.
const RECORDS: usize = 3;

/// No record of an activity stream is as short as so many bytes.
const SHORTEST: usize = 32;

/// `Record` in the published message; what nobody asks for here is left out and skipped.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    #[prost(bytes = "bytes", optional, tag = "3")]
    data: Option<Bytes>,
}

/// The records in an aggregated record, in order.
#[derive(Debug, Clone)]
pub(crate) struct Aggregated {
    rest: Bytes,
}

/// The records in what a Lambda event carries as base64: those that are packed in it, or it alone. Where there are more
/// than records of a database could be, it is one record, which fails and is kept: so their number is bounded by its size.
pub(crate) fn unpacked(data: &str, resource: Option<Arc<str>>) -> impl Iterator<Item = Record> + use<> {
    let (packed, alone) = match BASE64.decode(data).map(Bytes::from) {
        Err(_) => (None, Some(Content::Refused(data.as_bytes().to_vec(), Refusal::BadBase64))),
        Ok(bytes) => {
            match Aggregated::open(&bytes).filter(|packed| packed.clone().nth(bytes.len() / SHORTEST).is_none()) {
                Some(packed) => (Some(packed), None),
                None => (None, Some(Content::from_bytes(bytes.into()))),
            }
        }
    };
    let packed = packed.into_iter().flatten().flatten().map(|data| Content::from_bytes(data.into()));
    packed.chain(alone).map(move |content| Record { resource: resource.clone(), content })
}

impl Aggregated {
    /// The records in it; nothing when it is not aggregated.
    pub(crate) fn open(record: &Bytes) -> Option<Self> {
        let message = record.strip_prefix(&MAGIC)?;
        let (message, checksum) = message.split_at_checked(message.len().checked_sub(CHECKSUM)?)?;
        if Md5::digest(message).as_slice() != checksum {
            return None;
        }
        let aggregated = Aggregated { rest: record.slice_ref(message) };
        // One broken record would take the rest along: then all of it is one record, which fails and is kept.
        aggregated.clone().all(|packed| packed.is_ok()).then_some(aggregated)
    }
}

impl Iterator for Aggregated {
    type Item = Result<Bytes, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.has_remaining() {
            match field(&mut self.rest) {
                Ok((RECORDS, Some(packed))) => return Some(data(packed)),
                Ok(_) => {}
                Err(broken) => {
                    self.rest.clear();
                    return Some(Err(broken));
                }
            }
        }
        None
    }
}

/// The message is not what its checksum promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// `required bytes data = 3` in `Record`; that it is there is not checked by the library.
fn data(packed: Bytes) -> Result<Bytes, Broken> {
    Packed::decode(packed).ok().and_then(|packed| packed.data).ok_or(Broken)
}

/// The next field: its number, and its bytes if it has a length.
fn field(rest: &mut Bytes) -> Result<(usize, Option<Bytes>), Broken> {
    // A key and a length are both varints.
    let key = prost::decode_length_delimiter(&mut *rest).map_err(|_| Broken)?;
    let fixed = match key & 7 {
        0 => {
            prost::decode_length_delimiter(&mut *rest).map_err(|_| Broken)?;
            return Ok((key >> 3, None));
        }
        1 => 8,
        2 => {
            let length = prost::decode_length_delimiter(&mut *rest).map_err(|_| Broken)?;
            return (length <= rest.len()).then(|| (key >> 3, Some(rest.split_to(length)))).ok_or(Broken);
        }
        5 => 4,
        _ => return Err(Broken),
    };
    (fixed <= rest.len()).then(|| rest.advance(fixed)).map(|()| (key >> 3, None)).ok_or(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The message as it is published, in full.
    #[derive(Clone, PartialEq, Message)]
    struct AggregatedRecord {
        #[prost(string, repeated, tag = "1")]
        partition_key_table: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        explicit_hash_key_table: Vec<String>,
        #[prost(message, repeated, tag = "3")]
        records: Vec<Record>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Record {
        #[prost(uint64, required, tag = "1")]
        partition_key_index: u64,
        #[prost(uint64, optional, tag = "2")]
        explicit_hash_key_index: Option<u64>,
        #[prost(bytes = "vec", required, tag = "3")]
        data: Vec<u8>,
        #[prost(message, repeated, tag = "4")]
        tags: Vec<Tag>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Tag {
        #[prost(string, required, tag = "1")]
        key: String,
        #[prost(string, optional, tag = "2")]
        value: Option<String>,
    }

    fn sealed(message: &[u8]) -> Bytes {
        [&MAGIC[..], message, Md5::digest(message).as_slice()].concat().into()
    }

    fn aggregated(records: &[Vec<u8>]) -> Bytes {
        let tag = Tag { key: "k".into(), value: Some("v".into()) };
        let record = |(index, data): (usize, &Vec<u8>)| Record {
            partition_key_index: index as u64 % 2,
            explicit_hash_key_index: (index % 3 == 0).then_some(0),
            data: data.clone(),
            tags: if index % 2 == 0 { vec![] } else { vec![tag.clone()] },
        };
        let message = AggregatedRecord {
            partition_key_table: vec!["a".into(), "b".into()],
            explicit_hash_key_table: vec!["1".into()],
            records: records.iter().enumerate().map(record).collect(),
        };
        sealed(&message.encode_to_vec())
    }

    fn unpacked(record: &Bytes) -> Option<Vec<Bytes>> {
        Aggregated::open(record).map(|records| records.collect::<Result<_, _>>().unwrap())
    }

    /// Made with AWS's Python module `aws_kinesis_agg` 1.2.3: "one" under the key "p", "two" under "q" with an explicit
    /// hash key.
    const OF_AWS: &[u8] =
        b"\xf3\x89\x9a\xc2\n\x01p\n\x01q\x12\x0512345\x1a\x07\x08\0\x1a\x03one\x1a\x09\x08\x01\x10\0\x1a\x03two\
        \x21\xc4\x62\x09\x32\xe7\xc7\x8d\x0d\xd5\x9b\x1d\xaa\x3e\x70\x4d";

    #[test]
    fn what_aws_packs_is_unpacked() {
        assert_eq!(unpacked(&Bytes::from_static(OF_AWS)).unwrap(), ["one", "two"]);
    }

    #[test]
    fn what_only_looks_like_it_passes_through() {
        let good = aggregated(&[b"one".to_vec()]);
        let flipped = |place: usize| {
            let mut bytes = good.to_vec();
            bytes[place] ^= 1;
            Bytes::from(bytes)
        };
        assert!(unpacked(&good).is_some());
        for place in 0..good.len() {
            assert_eq!(unpacked(&flipped(place)), None, "{place}");
        }
        for length in 0..good.len() {
            assert_eq!(unpacked(&good.slice(..length)), None, "{length}");
        }
        assert_eq!(unpacked(&Bytes::from_static(br#"{"type":"DatabaseActivityMonitoringRecords"}"#)), None);
        // The checksum is right, the message is not: a record without data, a length beyond the end, a group.
        for message in [&[0x1a, 2, 8, 0][..], &[0x1a, 200, 1, 8, 0], &[0x1b], &[0x1a], &[0xff; 11], &[0x09, 1]] {
            assert_eq!(unpacked(&sealed(message)), None, "{message:?}");
        }
    }

    #[test]
    fn an_empty_aggregate_holds_nothing() {
        assert_eq!(unpacked(&sealed(&[])).unwrap(), Vec::<Bytes>::new());
    }

    #[test]
    fn fields_that_are_not_known_are_skipped() {
        let known = aggregated(&[b"one".to_vec()]);
        let known = &known[MAGIC.len()..known.len() - CHECKSUM];
        let unknown = [&[0x40, 1, 0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0x55, 1, 2, 3, 4, 0x5a, 1, 9][..], known].concat();
        assert_eq!(unpacked(&sealed(&unknown)).unwrap(), ["one"]);
    }

    fn contents(data: &[u8]) -> Vec<Content> {
        let records: Vec<_> = super::unpacked(&BASE64.encode(data), Some("db-X".into())).collect();
        assert!(records.iter().all(|record| record.resource.as_deref() == Some("db-X")));
        records.into_iter().map(|record| record.content).collect()
    }

    #[test]
    fn what_an_event_of_lambda_carries_is_unpacked() {
        let [one, two] = ["1", "2"].map(|digit| digit.repeat(SHORTEST));
        let both = aggregated(&[one.clone().into_bytes(), two.clone().into_bytes()]);
        assert_eq!(contents(&both), [Content::Text(one), Content::Text(two)]);
        assert_eq!(contents(b"{}"), [Content::Text("{}".into())]);
        assert_eq!(contents(&sealed(&[])), []);
        let mut broken = both.to_vec();
        broken[9] ^= 1;
        assert_eq!(contents(&broken), [Content::Refused(broken.clone(), Refusal::NotUtf8)]);
        let no_base64 = super::unpacked("?", None).next().unwrap().content;
        assert_eq!(no_base64, Content::Refused(b"?".to_vec(), Refusal::BadBase64));
    }

    #[test]
    fn too_many_records_of_nothing_are_one() {
        let hostile = aggregated(&vec![vec![]; 100_000]);
        assert_eq!(contents(&hostile), [Content::Refused(hostile.to_vec(), Refusal::NotUtf8)]);
    }

    proptest! {
        #[test]
        fn every_record_comes_out_in_order(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..50)) {
            prop_assert_eq!(unpacked(&aggregated(&records)).unwrap(), records);
        }

        #[test]
        fn no_message_makes_it_fail(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpacked(&sealed(&message));
        }
    }
}
