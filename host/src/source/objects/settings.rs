//! The settings of the source `objects`, with their defaults and bounds.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::journal::Journal;
use super::replay::Replay;
use crate::aws::Access;
use crate::source::{Source, SourceContext, SourceSettings};
use crate::store::{Place, store_settings};

store_settings! {
    /// Where from, and what of it.
    struct Settings {
        /// Which names below the URL: `*` and `?` within a step of the path, `**` over steps. Default: all.
        filter: Option<String>,
        /// The folder that remembers what was delivered, one for each source. Default: none, every run reads everything.
        checkpoint: Option<PathBuf>,
        /// Looks for new objects after this time, without end: 1s to 1d. Objects must be complete when they appear.
        /// Default: none, the source ends with the last object.
        #[serde(default, deserialize_with = "read_follow")]
        follow: Option<Duration>,
    }
}

const FOLLOW: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

#[async_trait]
impl SourceSettings for Settings {
    fn check(&self) -> Result<(), String> {
        let location = self.location()?;
        let absolute = |path| std::path::absolute(path).unwrap_or_default();
        match (location.place(), &self.checkpoint) {
            (Place::Folder(folder), Some(checkpoint)) if absolute(checkpoint).starts_with(absolute(folder)) => {
                Err(format!(
                    "checkpoint: expected a folder outside of {}, where it would be read as an object, found {}",
                    folder.display(),
                    checkpoint.display()
                ))
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> String {
        let url = self.location().map(|location| location.in_words()).unwrap_or_default();
        let part = |word: &str, value: Option<String>| value.map_or(String::new(), |value| format!(", {word} {value}"));
        let checkpoint = self.checkpoint.as_ref().map(|folder| folder.display().to_string());
        let follow = self.follow.map(|pause| humantime::format_duration(pause).to_string());
        let parts =
            [part("named", self.filter.clone()), part("checkpoint in", checkpoint), part("new ones every", follow)];
        format!("objects of {url}{}", parts.concat())
    }

    fn access(&self) -> Access {
        self.location().map(|location| location.access().clone()).unwrap_or_default()
    }

    async fn open(&self, context: SourceContext) -> Result<Box<dyn Source>, String> {
        let location = self.location()?;
        if let Place::Folder(folder) = location.place()
            && folder.is_file()
        {
            let folder = folder.display();
            return Err(format!(
                "url: expected a folder, found the file {folder}: name its folder, and it by `filter`"
            ));
        }
        let store = location.open().await?;
        let journal = match &self.checkpoint {
            Some(folder) => Journal::open(folder, &self.url)?,
            None => Journal::in_memory(),
        };
        Ok(Box::new(Replay { name: context.name, store, filter: self.filter.clone(), follow: self.follow, journal }))
    }
}

fn read_follow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match humantime::parse_duration(&text).ok().filter(|pause| FOLLOW.contains(pause)) {
        Some(pause) => Ok(Some(pause)),
        None => Err(D::Error::custom(format!("expected a time from 1s to 1d, found \"{text}\""))),
    }
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
            (json!({"url": "x", "follow": "1ms"}), "follow: expected a time from 1s to 1d, found \"1ms\""),
            (json!({"url": "x", "checkpoint": "x/state"}), "checkpoint: expected a folder outside of x"),
            (json!({"url": "x", "filtr": "*"}), "filtr: unknown setting; did you mean `filter`?"),
            (json!({"url": "gs://x", "role-arn": "arn:.."}), "role-arn: expected it only with a url of s3://"),
        ] {
            let found = problem(settings);
            assert!(found.contains(expected), "{found}");
        }
    }
}
