//! An event line, JSON, as MessagePack, without a tree in between: text is copied once.

use std::fmt;

use dastap::Failure;
use rmp::encode;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Appends the line's value. On an error, part of it may have been appended.
///
/// # Errors
/// The line is nested deeper than 128 levels.
pub(crate) fn pack(line: &str, made: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(line);
    Packer(made).deserialize(&mut json)?;
    json.end()
}

/// Appends what a record failed with.
pub(crate) fn pack_failure(failure: &Failure, made: &mut Vec<u8>) {
    let members = [("stage", failure.stage.as_str()), ("reason", &failure.reason), ("detail", &failure.detail)];
    // Memory takes everything, so writing to it cannot fail.
    let _ = encode::write_map_len(made, 4);
    for (name, value) in members {
        let _ = encode::write_str(made, name).and_then(|()| encode::write_str(made, value));
    }
    let _ = encode::write_str(made, "retryable");
    let _ = encode::write_bool(made, failure.retryable);
}

/// Writes what it is shown.
struct Packer<'a>(&'a mut Vec<u8>);

/// An array or a map of 32 bits of length. How many members there are is known at its end.
struct Open {
    at: usize,
    members: u32,
}

impl Open {
    fn begin(marker: u8, made: &mut Vec<u8>) -> Self {
        made.push(marker);
        made.extend_from_slice(&[0; 4]);
        Open { at: made.len() - 4, members: 0 }
    }

    fn end(self, made: &mut [u8]) {
        for (place, byte) in made.iter_mut().skip(self.at).zip(self.members.to_be_bytes()) {
            *place = byte;
        }
    }
}

const ARRAY_32: u8 = 0xdd;
const MAP_32: u8 = 0xdf;

impl<'de> DeserializeSeed<'de> for Packer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Packer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        encode::write_nil(self.0).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        encode::write_bool(self.0, value).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        encode::write_sint(self.0, value).map(drop).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        encode::write_uint(self.0, value).map(drop).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        encode::write_f64(self.0, value).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        encode::write_str(self.0, value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let mut open = Open::begin(ARRAY_32, self.0);
        while values.next_element_seed(Packer(self.0))?.is_some() {
            open.members += 1;
        }
        open.end(self.0);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut open = Open::begin(MAP_32, self.0);
        while members.next_key_seed(Packer(self.0))?.is_some() {
            members.next_value_seed(Packer(self.0))?;
            open.members += 1;
        }
        open.end(self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_messagepack_say_the_same() {
        let line =
            r#"{"text":"é\u0000\"","none":null,"yes":true,"list":[1,-2,2.5,18446744073709551615,-129],"in":{"a":[]}}"#;
        let mut made = Vec::new();
        pack(line, &mut made).expect("JSON");
        let value = rmpv::decode::read_value(&mut made.as_slice()).expect("MessagePack");
        assert_eq!(value["text"].as_str(), Some("é\u{0}\""), "{value}");
        assert_eq!((value["none"].is_nil(), value["yes"].as_bool()), (true, Some(true)));
        let list = value["list"].as_array().expect("a list");
        assert_eq!((list[0].as_u64(), list[1].as_i64(), list[2].as_f64()), (Some(1), Some(-2), Some(2.5)));
        assert_eq!((list[3].as_u64(), list[4].as_i64()), (Some(u64::MAX), Some(-129)));
        assert_eq!(value["in"]["a"].as_array().map(Vec::len), Some(0));
    }

    #[test]
    fn what_is_too_deep_is_an_error() {
        let deep = ["[".repeat(500), "]".repeat(500)].concat();
        assert!(pack(&deep, &mut Vec::new()).is_err());
    }
}
