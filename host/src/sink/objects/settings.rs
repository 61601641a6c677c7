//! The settings of the sink `objects`, with their defaults and bounds.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dastap_guest::settings::Size;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use tokio::sync::watch;

use super::encoder::Compression;
use super::folder::Folder;
use super::rolling::{Bounds, Objects};
use super::template::Template;
use super::upload::{Keeper, PART};
use super::writer::Workshop;
use crate::sink::{Retry, Sink, SinkContext, SinkSettings};
use crate::store::{Place, store_settings};

store_settings! {
    /// Where to, how it is called, and how large it gets.
    struct Settings {
        /// The names below the URL: `{route}`, `{resource}`, `{yyyy}`, `{mm}`, `{dd}`, `{hh}` (UTC, when the object's first
        /// line came) and `{id}`, which no two objects share.
        #[serde(default = "path")]
        path: String,
        /// `none`, `gzip` or `zstd`; the names then end with `.gz` or `.zst`. Default: `none`.
        #[serde(default)]
        compression: Compression,
        /// An object is complete at so many bytes of lines, before compression. Default 64 MiB, 1 KiB to 16 GiB.
        #[serde(default = "size")]
        size: Size,
        /// And after so long, even if it is small: lines are not accepted before. Default 5m, 1s to 1h.
        #[serde(default = "age", deserialize_with = "read_age")]
        age: Duration,
        /// Objects that are open at once, one a route; beyond it the oldest is completed. Default 100, 1 to 1000: each is
        /// an open file or up to 8 MiB of `buffer`.
        #[serde(default = "open")]
        open: usize,
        /// Bytes of open objects in memory; beyond it the largest are completed. Default 128 MiB, 16 MiB to 4 GiB.
        #[serde(default = "buffer")]
        buffer: Size,
    }
}

const SIZES: RangeInclusive<usize> = 1 << 10..=16 << 30;
const AGES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const OPEN: RangeInclusive<usize> = 1..=1000;
const BUFFERS: RangeInclusive<usize> = 2 * PART..=4 << 30;

#[async_trait]
impl SinkSettings for Settings {
    fn check(&self) -> Result<(), String> {
        self.location()?;
        self.template()?;
        let within = |name: &str, bounds: RangeInclusive<usize>, words: &str, found: usize| {
            let wrong = || format!("{name}: expected {words}, found {found}");
            bounds.contains(&found).then_some(()).ok_or_else(wrong)
        };
        within("size", SIZES, "1KiB to 16GiB", self.size.0)?;
        within("open", OPEN, "1 to 1000", self.open)?;
        within("buffer", BUFFERS, "16MiB to 4GiB", self.buffer.0)
    }

    fn plan(&self) -> String {
        let url = self.location().map(|location| location.in_words()).unwrap_or_default();
        let (path, ending) = (&self.path, self.compression.extension());
        format!("objects {path}{ending} in {url}, each up to {} bytes or {:?} old", self.size.0, self.age)
    }

    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String> {
        let location = self.location()?;
        let keeper = match location.place() {
            Place::Folder(folder) => Keeper::Folder(
                Folder::open(folder).map_err(|error| format!("cannot write to {}: {error}", folder.display()))?,
            ),
            Place::Bucket(..) => Keeper::Bucket(location.open().await?),
        };
        let workshop = Workshop {
            keeper,
            template: self.template()?,
            compression: self.compression,
            retry: Arc::new(Retry::new(&context)),
            buffered: watch::Sender::new(0),
        };
        let bounds = Bounds { size: self.size.0, age: self.age, open: self.open, buffer: self.buffer.0 };
        Ok(Box::new(Objects::new(workshop, bounds)))
    }
}

impl Settings {
    fn template(&self) -> Result<Template, String> {
        Template::parse(&self.path, self.compression.extension()).map_err(|problem| format!("path: {problem}"))
    }
}

fn path() -> String {
    "{route}/{yyyy}/{mm}/{dd}/{hh}/{id}.ndjson".to_owned()
}

fn size() -> Size {
    Size(64 << 20)
}

fn age() -> Duration {
    Duration::from_secs(300)
}

fn open() -> usize {
    100
}

fn buffer() -> Size {
    Size(128 << 20)
}

fn read_age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let age = humantime::parse_duration(&text).ok().filter(|age| AGES.contains(age));
    age.ok_or_else(|| D::Error::custom(format!("expected a time from 1s to 1h, found \"{text}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_settings;
    use serde_json::json;

    fn problem(settings: serde_json::Value) -> String {
        let serde_json::Value::Object(settings) = settings else { panic!("a map") };
        match read_settings::<Settings>(settings) {
            Ok(settings) => settings.check().unwrap_err(),
            Err(problem) => problem,
        }
    }

    #[test]
    fn what_cannot_be_right_is_told_with_its_name() {
        for (settings, expected) in [
            (json!({}), "missing field `url`"),
            (json!({"url": "ftp://x"}), "url: expected s3://"),
            (json!({"url": "x", "path": "{class}"}), "path: unknown placeholder `{class}`"),
            (json!({"url": "x", "size": 1}), "size: expected 1KiB to 16GiB, found 1"),
            (json!({"url": "x", "age": "2h"}), "age: expected a time from 1s to 1h, found \"2h\""),
            (json!({"url": "x", "open": 0}), "open: expected 1 to 1000, found 0"),
            (json!({"url": "x", "buffer": "1MiB"}), "buffer: expected 16MiB to 4GiB, found 1048576"),
            (json!({"url": "x", "compresion": "gzip"}), "compresion: unknown setting; did you mean `compression`?"),
            (json!({"url": "x", "region": "eu-west-1"}), "region: expected it only with a url of s3://"),
        ] {
            let found = problem(settings);
            assert!(found.contains(expected), "{found}");
        }
    }
}
