//! A chunk of Fluent Bit's: records one behind the other, each `[[timestamp, metadata], body]`, before 2.1 and from some
//! plugins `[timestamp, body]`.
//!
//! The bytes in front of a body are copied as they are, so every event keeps the time and the metadata of its record.
//! Group markers, whose seconds are negative, pass through.

use std::sync::{Mutex, PoisonError};

use dastap::{BlockingDecoder, Failure, Stage, Verdict};
use rmp::{Marker, decode, encode};

use crate::event;
use crate::settings::Settings;

/// So many records are decoded at once; what they unpack to is in memory together.
const BATCH: usize = 128;

/// A buffer that grew beyond this is not kept for the next chunk.
const KEPT: usize = 16 << 20;

/// A configured filter.
pub(crate) struct Filter {
    settings: Settings,
    decoder: BlockingDecoder,
    /// Where the next chunk is made: fresh megabytes for each would cost as much as filling them.
    room: Mutex<Vec<u8>>,
}

/// A record of the chunk.
struct Record<'a> {
    /// All of it.
    whole: &'a [u8],
    /// Everything in front of the body.
    head: &'a [u8],
    body: &'a [u8],
    /// It stands for the beginning or the end of a group, and is no log record.
    is_marker: bool,
}

impl Filter {
    /// Reads the configuration and opens the decoder.
    ///
    /// # Errors
    /// A sentence for the log.
    pub(crate) fn open(settings: Settings) -> Result<Self, String> {
        let config = match &settings.config {
            None => String::new(),
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("Config: cannot read {path}: {error}"))?
            }
        };
        let decoder = BlockingDecoder::from_config(&config).map_err(|error| format!("Config: {error}"))?;
        Ok(Filter { settings, decoder, room: Mutex::default() })
    }

    /// Gives `take` the chunk with events in the place of records; none where the chunk cannot be read.
    pub(crate) fn rewrite<T>(&self, chunk: &[u8], take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let mut rest = chunk;
        let mut records = Vec::new();
        while !rest.is_empty() {
            records.push(Record::read(&mut rest)?);
        }
        // Another thread that filters at the same time finds none, and makes its own.
        let mut made = std::mem::take(&mut *self.room.lock().unwrap_or_else(PoisonError::into_inner));
        for batch in records.chunks(BATCH) {
            let texts: Vec<Option<&[u8]>> = batch.iter().map(|record| self.text(record)).collect();
            let wanted: Vec<&[u8]> = texts.iter().copied().flatten().collect();
            let mut verdicts = self.decoder.decode(&wanted, self.settings.resource.as_deref()).into_iter();
            for (record, text) in batch.iter().zip(texts) {
                match text.and_then(|_| verdicts.next()) {
                    _ if record.is_marker => made.extend_from_slice(record.whole),
                    Some(verdict) => record.replace(verdict, &mut made),
                    None => record.keep(&self.no_text(), &mut made),
                }
            }
        }
        let taken = take(&made);
        made.clear();
        if made.capacity() <= KEPT {
            *self.room.lock().unwrap_or_else(PoisonError::into_inner) = made;
        }
        Some(taken)
    }

    /// The encrypted record in a log record.
    fn text<'a>(&self, record: &Record<'a>) -> Option<&'a [u8]> {
        match record.is_marker {
            true => None,
            false => field(record.body, self.settings.key.as_bytes()),
        }
    }

    fn no_text(&self) -> Failure {
        let detail =
            format!("expected a record as text in the field `{}`, found none: see option Key", self.settings.key);
        Failure { stage: Stage::Envelope, reason: "no-record".to_owned(), detail, retryable: false }
    }
}

impl<'a> Record<'a> {
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let start = *rest;
        if decode::read_array_len(rest).ok()? != 2 {
            return None;
        }
        let mut time = *rest;
        if matches!(Marker::from_u8(*time.first()?), Marker::FixArray(_) | Marker::Array16 | Marker::Array32) {
            decode::read_array_len(&mut time).ok()?;
        }
        skip(rest)?;
        let head = upto(start, rest)?;
        let body = *rest;
        skip(rest)?;
        Some(Record { whole: upto(start, rest)?, head, body: upto(body, rest)?, is_marker: is_negative(time) })
    }

    /// Its events, all of them or none.
    fn replace(&self, verdict: Verdict, made: &mut Vec<u8>) {
        let decoded = match verdict {
            Verdict::Failed(failure) => return self.keep(&failure, made),
            Verdict::Decoded(decoded) => decoded,
        };
        let start = made.len();
        for line in decoded.outputs.iter().flat_map(|output| output.lines.lines()) {
            made.extend_from_slice(self.head);
            if let Err(error) = event::pack(line, made) {
                made.truncate(start);
                let (reason, detail) = ("unpackable".to_owned(), format!("an event that cannot be packed: {error}"));
                return self.keep(&Failure { stage: Stage::Events, reason, detail, retryable: false }, made);
            }
        }
    }

    /// The record as it came, with `dastap_error` added where its body is a map.
    fn keep(&self, failure: &Failure, made: &mut Vec<u8>) {
        let mut members = self.body;
        let Ok(count) = decode::read_map_len(&mut members) else {
            made.extend_from_slice(self.whole);
            return;
        };
        made.extend_from_slice(self.head);
        // Memory takes everything, so writing to it cannot fail.
        let _ = encode::write_map_len(made, count.saturating_add(1));
        made.extend_from_slice(members);
        let _ = encode::write_str(made, "dastap_error");
        event::pack_failure(failure, made);
    }
}

/// The text or the bytes of a member of a map.
fn field<'a>(map: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = map;
    for _ in 0..decode::read_map_len(&mut rest).ok()? {
        let (key, value) = (rest, {
            skip(&mut rest)?;
            rest
        });
        skip(&mut rest)?;
        if bytes(key) == Some(name) {
            return bytes(value);
        }
    }
    None
}

/// The content of a text or of bytes.
fn bytes(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    let length = match Marker::from_u8(*value.first()?) {
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => decode::read_bin_len(&mut rest).ok()?,
        _ => decode::read_str_len(&mut rest).ok()?,
    };
    rest.get(..usize::try_from(length).ok()?)
}

/// Whether a timestamp is before 1970: Fluent Bit's sign for group markers.
fn is_negative(mut time: &[u8]) -> bool {
    match time.first().map(|byte| Marker::from_u8(*byte)) {
        // Type, then seconds and nanoseconds, big-endian.
        Some(Marker::FixExt8) => time.get(2).is_some_and(|byte| byte & 0x80 != 0),
        Some(Marker::Ext8) => time.get(1) == Some(&8) && time.get(3).is_some_and(|byte| byte & 0x80 != 0),
        _ => decode::read_int::<i64, _>(&mut time).is_ok_and(|seconds| seconds < 0),
    }
}

/// What was read between two places.
fn upto<'a>(start: &'a [u8], rest: &[u8]) -> Option<&'a [u8]> {
    start.get(..start.len().checked_sub(rest.len())?)
}

/// Steps over one value, however deep: a count of what is still to come takes the place of a stack.
fn skip(rest: &mut &[u8]) -> Option<()> {
    let mut values: u64 = 1;
    while values > 0 {
        values -= 1;
        let marker = Marker::from_u8(*rest.first()?);
        let (width, fixed) = match marker {
            Marker::FixStr(length) => (0, u64::from(length)),
            Marker::FixArray(length) => (0, u64::from(length)),
            Marker::FixMap(length) => (0, u64::from(length)),
            Marker::U8 | Marker::I8 => (0, 1),
            Marker::U16 | Marker::I16 | Marker::FixExt1 => (0, 2),
            Marker::FixExt2 => (0, 3),
            Marker::U32 | Marker::I32 | Marker::F32 => (0, 4),
            Marker::FixExt4 => (0, 5),
            Marker::U64 | Marker::I64 | Marker::F64 => (0, 8),
            Marker::FixExt8 => (0, 9),
            Marker::FixExt16 => (0, 17),
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => (1, 0),
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => (2, 0),
            Marker::Str32 | Marker::Bin32 | Marker::Ext32 | Marker::Array32 | Marker::Map32 => (4, 0),
            Marker::Reserved => return None,
            _ => (0, 0),
        };
        let (length, after) = rest.get(1..)?.split_at_checked(width)?;
        let length = length.iter().fold(fixed, |length, byte| length << 8 | u64::from(*byte));
        let content = match marker {
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                values += length;
                0
            }
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                values += length * 2;
                0
            }
            // The type of an extension is not counted in its length.
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => length + 1,
            _ => length,
        };
        *rest = after.get(usize::try_from(content).ok()?..)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::*;

    fn packed(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, value).expect("memory");
        bytes
    }

    /// Every kind and width of value that there is.
    fn everything() -> Value {
        let text = |length: usize| Value::from("x".repeat(length));
        let mut values: Vec<Value> = [0, 40, 300, 70_000].into_iter().map(text).collect();
        values.extend([0, 300, 70_000].map(|length| Value::Binary(vec![1; length])));
        values.extend([1, 2, 4, 8, 16, 5, 300, 70_000].map(|length| Value::Ext(3, vec![2; length])));
        values.extend([0, 200, 60_000, 1 << 31, 1 << 40].map(|number: i64| Value::from(number)));
        values.extend([-1, -100, -30_000, -(1 << 30), -(1 << 40)].map(|number: i64| Value::from(number)));
        values.extend([Value::F32(1.5), Value::F64(2.5), Value::Nil, Value::from(true), Value::from(false)]);
        for length in [1, 20, 70_000] {
            values.push(Value::Array(vec![Value::Nil; length]));
            values.push(Value::Map((0..length).map(|key| (Value::from(key), Value::Nil)).collect()));
        }
        Value::Array(values)
    }

    #[test]
    fn steps_over_everything_and_over_nothing_that_is_cut() {
        let whole = packed(&everything());
        let followed = [whole.as_slice(), b"!"].concat();
        let mut rest = followed.as_slice();
        skip(&mut rest).expect("complete");
        assert_eq!(rest, b"!");
        for cut in [0, 1, 2, 100, whole.len() / 2, whole.len() - 1] {
            assert!(skip(&mut &whole[..cut]).is_none(), "cut at {cut}");
        }
        assert!(skip(&mut b"\xc1".as_slice()).is_none(), "the byte that means nothing");
        assert!(skip(&mut b"\xdd\xff\xff\xff\xff".as_slice()).is_none(), "four billion values that are not there");
        assert!(skip(&mut vec![0x91; 1 << 20].as_slice()).is_none(), "a million levels");
    }

    #[test]
    fn finds_a_field_and_the_sign_of_a_time() {
        let map = packed(&Value::Map(vec![
            (Value::from(1), Value::from("other")),
            (Value::from("log"), Value::from("text")),
            (Value::Binary(b"raw".to_vec()), Value::Binary(b"bytes".to_vec())),
            (Value::from("number"), Value::from(3)),
        ]));
        assert_eq!(field(&map, b"log"), Some(b"text".as_slice()));
        assert_eq!(field(&map, b"raw"), Some(b"bytes".as_slice()));
        assert_eq!((field(&map, b"number"), field(&map, b"none")), (None, None));
        let time = |seconds: i32| Value::Ext(0, [seconds.to_be_bytes(), [0; 4]].concat());
        for (time, expected) in [(time(-1), true), (time(-2), true), (time(5), false), (Value::from(-1), true)] {
            assert_eq!(is_negative(&packed(&time)), expected, "{time}");
        }
        assert!(!is_negative(&packed(&Value::F64(1.5))) && !is_negative(&packed(&Value::from(u64::MAX))));
    }
}
