//! The settings of the source `kinesis`: every one with its default, its bounds and the reason.

use std::path::PathBuf;
use std::time::Duration;

use dastap_guest::settings::Size;
use jiff::Timestamp;
use serde::de::{Deserializer, Error as _, Unexpected};
use serde::{Deserialize, Serialize};

use super::position::Position;
use crate::aws::Access;
use crate::record::stream_resource;

/// Which stream, as whom, from where, and how fast.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The stream's name or ARN. The database's resource id is taken from it: `aws-rds-das-<id>`.
    pub(super) stream: Stream,
    /// Its Region. Default: the ARN's, else the AWS chain (environment, profile, instance).
    #[serde(default)]
    region: Option<String>,
    /// The role that reads, and that asks KMS unless `keys` say otherwise. Default: whoever runs the program.
    #[serde(default)]
    role_arn: Option<String>,
    /// Another address for Kinesis: a VPC endpoint, or a local stand-in.
    #[serde(default)]
    endpoint_url: Option<String>,
    /// The folder of the positions file, made when missing. No default: a folder that depends on where the program is
    /// started would silently begin again somewhere else.
    pub(super) checkpoint: PathBuf,
    /// Where to begin while no position is saved: `trim-horizon` (the oldest record that is kept), `latest`, or a time
    /// such as `2026-11-21T14:00:00Z`. Default: `trim-horizon`, which loses nothing.
    #[serde(default)]
    pub(super) start: Start,
    /// The pause before a shard that has no more records is asked again. Default 1s, which leaves reads to others;
    /// 200ms (Kinesis allows five reads a second and shard, for all readers together) to 1m.
    #[serde(default = "poll", deserialize_with = "bounded_poll")]
    pub(super) poll: Duration,
    /// Records of one read at most. Default 10000, the most that Kinesis gives; at least 1.
    #[serde(default = "records", deserialize_with = "bounded_records")]
    pub(super) records: i32,
    /// How often the stream is asked for its shards, besides whenever one has ended. Default 1m, 1s to 1h.
    #[serde(default = "discovery", deserialize_with = "bounded_discovery")]
    pub(super) discovery: Duration,
    /// Bytes that all shards together may hold between Kinesis and the decoder, each read that is under way counted as
    /// large as its answer can be, 24MiB. Default 64MiB; 24MiB to 4GiB. More lets more shards read at once.
    #[serde(default = "buffer", deserialize_with = "bounded_buffer")]
    pub(super) buffer: usize,
}

/// A stream as it is named in the settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Stream {
    /// Its name, safe in a path.
    pub(super) name: String,
    /// Its ARN, where that is what was given: needed across accounts.
    pub(super) arn: Option<String>,
    region: Option<String>,
}

/// Where to begin while no position is saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Start {
    /// With the oldest record that Kinesis keeps.
    #[default]
    TrimHorizon,
    /// With what arrives from now on.
    Latest,
    /// With what arrived at this time.
    At(Timestamp),
}

/// What one answer can take: 10 MiB of records, and the same as base64 in JSON while it is read.
pub(super) const ANSWER: usize = 24 << 20;

impl Settings {
    /// What must hold between several settings.
    pub(super) fn agree(&self) -> Result<(), String> {
        if let (Some(set), Some(of_arn)) = (&self.region, &self.stream.region)
            && set != of_arn
        {
            return Err(format!("region: expected {of_arn}, as in the stream's ARN, found {set}"));
        }
        if let Some(url) = &self.endpoint_url {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
            if host.is_empty() || host.starts_with('/') {
                return Err(format!("endpoint-url: expected http:// or https:// and a host, found \"{url}\""));
            }
        }
        match self.checkpoint.as_os_str().is_empty() {
            true => Err("checkpoint: expected a folder for the positions, found nothing".to_owned()),
            false => Ok(()),
        }
    }

    /// As whom, and where.
    pub(super) fn place(&self) -> Access {
        let Settings { region, role_arn, endpoint_url, stream, .. } = self.clone();
        Access { region: region.or(stream.region), role_arn, endpoint_url }
    }
}

impl Stream {
    /// The database's resource id; none where the stream has a name of its own.
    pub(super) fn resource(&self) -> Option<&str> {
        stream_resource(&self.name)
    }
}

impl TryFrom<String> for Stream {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            let expected = "the name of a stream (aws-rds-das-cluster-ABC) or its ARN \
                            (arn:aws:kinesis:<region>:<account>:stream/<name>)";
            format!("expected {expected}, found \"{}\"", text.escape_debug())
        };
        let (name, region) = match text.strip_prefix("arn:") {
            None => (text.as_str(), None),
            Some(rest) => match rest.split(':').collect::<Vec<_>>()[..] {
                [_, "kinesis", region, _, stream] => (stream.strip_prefix("stream/").ok_or_else(wrong)?, Some(region)),
                _ => return Err(wrong()),
            },
        };
        let is_name = (1..=128).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !is_name || region.is_some_and(str::is_empty) {
            return Err(wrong());
        }
        let (name, region) = (name.to_owned(), region.map(str::to_owned));
        Ok(Stream { name, arn: region.is_some().then_some(text), region })
    }
}

impl Start {
    /// The position of every shard that is there at the first start. `latest` becomes the time of this start, so that
    /// a restart before the first record loses nothing.
    pub(super) fn position(self) -> Position {
        match self {
            Start::TrimHorizon => Position::TrimHorizon,
            Start::Latest => Position::Since(Timestamp::now()),
            Start::At(time) => Position::Since(time),
        }
    }
}

impl TryFrom<String> for Start {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "trim-horizon" => Ok(Start::TrimHorizon),
            "latest" => Ok(Start::Latest),
            _ => match text.parse::<Timestamp>() {
                Ok(time) if time > Timestamp::now() => Err(format!("expected a time that has passed, found {text}")),
                Ok(time) => Ok(Start::At(time)),
                Err(_) => Err(format!(
                    "expected trim-horizon, latest or a time such as 2026-11-21T14:00:00Z, found \"{}\"",
                    text.escape_debug()
                )),
            },
        }
    }
}

impl From<Start> for String {
    fn from(start: Start) -> String {
        match start {
            Start::TrimHorizon => "trim-horizon".to_owned(),
            Start::Latest => "latest".to_owned(),
            Start::At(time) => time.to_string(),
        }
    }
}

fn poll() -> Duration {
    Duration::from_secs(1)
}

fn discovery() -> Duration {
    Duration::from_secs(60)
}

fn records() -> i32 {
    10_000
}

fn buffer() -> usize {
    64 << 20
}

fn bounded_poll<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    time(deserializer, Duration::from_millis(200), Duration::from_secs(60), &"a time from 200ms to 1m")
}

fn bounded_discovery<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    time(deserializer, Duration::from_secs(1), Duration::from_secs(3600), &"a time from 1s to 1h")
}

fn time<'de, D: Deserializer<'de>>(
    deserializer: D,
    least: Duration,
    most: Duration,
    expected: &'static &'static str,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    match humantime::parse_duration(&text) {
        Ok(time) if (least..=most).contains(&time) => Ok(time),
        _ => Err(D::Error::invalid_value(Unexpected::Str(&text), expected)),
    }
}

fn bounded_records<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    match i64::deserialize(deserializer)? {
        count @ 1..=10_000 => Ok(count as i32),
        other => Err(D::Error::invalid_value(Unexpected::Signed(other), &"1 to 10000")),
    }
}

fn bounded_buffer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let size = Size::deserialize(deserializer)?.0;
    match (ANSWER as u64..=4 << 30).contains(&(size as u64)) {
        // The bytes are counted in 32 bits.
        true => Ok(size.min(u32::MAX as usize)),
        false => Err(D::Error::invalid_value(Unexpected::Unsigned(size as u64), &"24MiB to 4GiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_settings;
    use serde_json::{Value, json};

    fn read(settings: Value) -> Result<Settings, String> {
        let Value::Object(settings) = settings else { panic!("a map") };
        let settings: Settings = read_settings(settings)?;
        settings.agree().map(|()| settings)
    }

    #[test]
    fn a_stream_is_a_name_or_an_arn() {
        let named = read(json!({"stream": "aws-rds-das-cluster-ABC", "checkpoint": "state"})).unwrap();
        assert_eq!((named.stream.resource(), named.place().region), (Some("cluster-ABC"), None));
        assert_eq!(named.start, Start::TrimHorizon);
        assert_eq!((named.poll.as_millis(), named.records, named.buffer), (1000, 10_000, 64 << 20));
        let arn = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/aws-rds-das-db-X";
        let by_arn = read(json!({"stream": arn, "checkpoint": "state"})).unwrap();
        assert_eq!((by_arn.stream.name.as_str(), by_arn.stream.arn.as_deref()), ("aws-rds-das-db-X", Some(arn)));
        assert_eq!((by_arn.stream.resource(), by_arn.place().region.as_deref()), (Some("db-X"), Some("cn-north-1")));
        let other = read(json!({"stream": "copy", "checkpoint": "state"})).unwrap();
        assert_eq!(other.stream.resource(), None);
    }

    #[test]
    fn a_start_is_a_word_or_a_time() {
        for (text, expected) in [
            ("latest", Start::Latest),
            ("2026-01-02T03:04:05Z", Start::At("2026-01-02T03:04:05Z".parse().unwrap())),
            ("2026-01-02T03:04:05+02:00", Start::At("2026-01-02T01:04:05Z".parse().unwrap())),
        ] {
            let settings = read(json!({"stream": "s", "checkpoint": "c", "start": text})).unwrap();
            assert_eq!(settings.start, expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_name() {
        let with = |name: &str, value: Value| {
            let mut settings = json!({"stream": "s", "checkpoint": "c"});
            settings[name] = value;
            read(settings).expect_err(name)
        };
        for (name, value, expected) in [
            ("stream", json!("a/b"), "stream: expected the name of a stream"),
            ("stream", json!("arn:aws:kinesis:eu-west-1:1:table/x"), "stream: expected the name of a stream"),
            ("start", json!("yesterday"), "start: expected trim-horizon, latest or a time"),
            ("start", json!("2999-01-01T00:00:00Z"), "start: expected a time that has passed"),
            ("poll", json!("10ms"), "poll: invalid value: string \"10ms\", expected a time from 200ms to 1m"),
            ("records", json!(0), "records: invalid value: integer `0`, expected 1 to 10000"),
            ("buffer", json!("1MiB"), "buffer: invalid value: integer `1048576`, expected 24MiB to 4GiB"),
            ("discovery", json!("2h"), "discovery: invalid value"),
            ("endpoint-url", json!("localhost:1"), "endpoint-url: expected http:// or https:// and a host"),
            ("checkpoint", json!(""), "checkpoint: expected a folder"),
            ("polls", json!("1s"), "polls: unknown setting; did you mean `poll`?"),
        ] {
            let problem = with(name, value);
            assert!(problem.starts_with(expected), "{problem}");
        }
        let problem = read(json!({"stream": "s"})).unwrap_err();
        assert!(problem.contains("missing field `checkpoint`"), "{problem}");
        let arn = "arn:aws:kinesis:eu-west-1:1:stream/s";
        let problem = read(json!({"stream": arn, "region": "eu-west-2", "checkpoint": "c"})).unwrap_err();
        assert_eq!(problem, "region: expected eu-west-1, as in the stream's ARN, found eu-west-2");
    }
}
