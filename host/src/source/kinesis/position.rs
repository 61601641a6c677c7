//! How far the shards of a stream are delivered, and the form in which that is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where reading of a shard goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Position {
    /// With the oldest record that is kept.
    TrimHorizon,
    /// With the first record that arrived at this time or later.
    Since(#[serde(with = "text")] Timestamp),
    /// Behind the record of this sequence number.
    After(String),
    /// Inside an aggregated record.
    Inside {
        /// Its sequence number.
        sequence: String,
        /// How many of the records in it are delivered.
        delivered: usize,
    },
    /// Nowhere: the shard is closed, and all of it is delivered.
    End,
}

/// A shard's place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Place {
    pub(super) position: Position,
    /// Everything that had arrived by then is delivered: tells whether the stream has dropped records since.
    #[serde(default, with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub(super) read_until: Option<Timestamp>,
}

/// Which stream positions belong to. A stream that was deleted and made again is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) stream: String,
    #[serde(with = "text")]
    pub(super) created: Timestamp,
}

/// The positions of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Positions {
    /// None before the stream was first seen.
    pub(super) identity: Option<Identity>,
    /// By shard id.
    pub(super) shards: BTreeMap<String, Place>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    of: Identity,
    shards: BTreeMap<String, Place>,
}

/// What a positions file says it is; the number grows with changes that older programs cannot read.
const FORMAT: &str = "dastap kinesis positions 1";

impl Position {
    /// The place at this position, when nothing was read yet.
    pub(super) fn unread(self) -> Place {
        Place { position: self, read_until: None }
    }
}

impl Positions {
    /// From the text of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        match document.format == FORMAT {
            true => Ok(Positions { identity: Some(document.of), shards: document.shards }),
            false => Err(format!("expected the format \"{FORMAT}\", found \"{}\"", document.format.escape_debug())),
        }
    }

    /// The text of a file; none before the stream was first seen.
    pub(super) fn to_json(&self) -> Option<String> {
        let of = self.identity.clone()?;
        let document = Document { format: FORMAT.to_owned(), of, shards: self.shards.clone() };
        // Strings and numbers only: that cannot fail.
        serde_json::to_string_pretty(&document).ok().map(|text| text + "\n")
    }

    /// Whether this shard is delivered to its end.
    pub(super) fn has_ended(&self, shard: &str) -> bool {
        self.shards.get(shard).is_some_and(|place| place.position == Position::End)
    }
}

mod text {
    use jiff::Timestamp;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

mod optional_text {
    use jiff::Timestamp;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::text::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        super::text::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_the_file() {
        let time: Timestamp = "2026-11-21T14:00:00.5Z".parse().unwrap();
        let place = |position, read_until| Place { position, read_until };
        let shards = [
            place(Position::TrimHorizon, None),
            place(Position::Since(time), None),
            place(Position::After("495".into()), Some(time)),
            place(Position::Inside { sequence: "496".into(), delivered: 7 }, Some(time)),
            place(Position::End, Some(time)),
        ];
        let identity = Identity { stream: "arn:aws:kinesis:eu-west-1:1:stream/s".into(), created: time };
        let shards = shards.into_iter().enumerate().map(|(index, place)| (format!("shardId-{index}"), place));
        let positions = Positions { identity: Some(identity), shards: shards.collect() };
        let text = positions.to_json().unwrap();
        assert_eq!(Positions::from_json(text.as_bytes()).unwrap(), positions);
        assert!(text.contains(r#""inside": {"#) && text.contains("2026-11-21T14:00:00.5Z"), "{text}");
        assert!(positions.has_ended("shardId-4") && !positions.has_ended("shardId-3"));
        assert_eq!(Positions::default().to_json(), None);
    }

    #[test]
    fn other_files_are_no_positions() {
        let identity = Identity { stream: "s".into(), created: Timestamp::UNIX_EPOCH };
        let positions = Positions { identity: Some(identity), shards: BTreeMap::new() };
        let text = positions.to_json().unwrap();
        for (text, expected) in [
            (text.replace("positions 1", "positions 2"), "expected the format"),
            (text.replace("shards", "shard"), "unknown field `shard`"),
            (text[..text.len() - 3].to_owned(), "EOF"),
            (String::new(), "EOF"),
            ("{}".to_owned(), "missing field"),
        ] {
            let problem = Positions::from_json(text.as_bytes()).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
