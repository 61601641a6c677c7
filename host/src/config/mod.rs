//! The configuration file: every section with its settings, defaults and bounds, checked before anything is opened.
//!
//! YAML or JSON. A file that holds only transform settings is accepted as a bare `transform` section. An error names
//! the file, the place of the setting, what was expected, and the nearest known name.

mod decoder;
#[cfg(feature = "run")]
mod endpoint;
mod keys;
mod secret;
pub(crate) mod sigma;
mod time;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dastap_guest::Transform;
use dastap_guest::settings::{Settings, nearest};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::Unexpected};
use serde_json::{Map, Value};

#[cfg(feature = "run")]
pub(crate) use endpoint::{Endpoint, read_settings};
pub(crate) use keys::Keys;
#[cfg(feature = "cli")]
pub(crate) use keys::Provider;
#[cfg(feature = "run")]
pub(crate) use secret::SecretPlace;
#[cfg(feature = "run")]
pub(crate) use time::Time;

/// The sections of a configuration file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Who is asked for data keys, and how long they are kept. Without it, the command line must say.
    pub(crate) keys: Option<Keys>,
    /// How records become lines: the decoder's own settings, as they stand in every host. Default: all defaults.
    pub(crate) transform: Map<String, Value>,
    /// Where records come from. `decode` reads its arguments instead.
    pub(crate) sources: Vec<Map<String, Value>>,
    /// Where events go. `decode` writes to standard output instead.
    pub(crate) sinks: Vec<Map<String, Value>>,
    /// Where failed records go. Default: see the command.
    pub(crate) dead_letter: Option<Map<String, Value>>,
    /// How many batches are decoded at once: `auto` (as many as the processor runs threads) or 1 to 256.
    #[serde(deserialize_with = "workers")]
    pub(crate) workers: Option<usize>,
    /// How long the long-running program may take to deliver what is under way when it is told to stop: 0s to 1h.
    /// Default: 30s, what container platforms wait before they kill.
    #[serde(deserialize_with = "drain")]
    pub(crate) drain: Drain,
    /// What 10,000 requests to KMS cost, in dollars, to estimate what the cache saves. Default: 0.03.
    pub(crate) kms_price: KmsPrice,
    /// The metrics endpoint of the long-running program.
    pub(crate) metrics: Option<Metrics>,
}

/// How long a run that is told to stop may take to deliver what is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drain(pub(crate) Duration);

/// The `metrics` section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Metrics {
    /// Address and port to listen on.
    pub(crate) listen: std::net::SocketAddr,
}

/// A configuration file that cannot be used: one sentence, with the file's name in front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub(crate) struct Error {
    file: String,
    problem: String,
}

/// The sections by name, to tell a file with sections from a bare transform section.
const SECTIONS: [&str; 9] =
    ["keys", "transform", "sources", "sinks", "dead-letter", "workers", "drain", "kms-price", "metrics"];

/// Most batches at once. More threads than that do not exist on one machine, and each costs a sandbox.
const MOST_WORKERS: u64 = 256;

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is neither YAML nor JSON, or a setting is unknown or out of bounds.
    pub(crate) fn load(file: &Path) -> Result<Config, Error> {
        let problem = |problem: String| Error { file: file.display().to_string(), problem };
        let text = std::fs::read_to_string(file).map_err(|error| problem(format!("cannot read the file: {error}")))?;
        Config::parse(&text, file.parent().unwrap_or(Path::new(""))).map_err(problem)
    }

    /// `base`: where the paths of rule files start.
    fn parse(text: &str, base: &Path) -> Result<Config, String> {
        let options = serde_saphyr::options! { with_snippet: false };
        let value: Value = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| format!("expected YAML or JSON: {error}"))?;
        let value = match value {
            Value::Null => Value::Object(Map::new()),
            Value::Object(members) if is_bare_transform(&members) => serde_json::json!({ "transform": members }),
            Value::Object(sections) => Value::Object(sections),
            _ => return Err(format!("expected a map with the sections {}", SECTIONS.join(", "))),
        };
        let mut config: Config = serde_path_to_error::deserialize(value)
            .map_err(|error| explain(&error.path().to_string(), &error.inner().to_string()))?;
        config.keys.as_ref().map_or(Ok(()), Keys::check)?;
        sigma::load_files(&mut config.transform, base)?;
        Transform::open(Settings::from_value(Value::Object(config.transform.clone()))?)?;
        Ok(config)
    }
}

impl Config {
    /// The file of failed records, for commands that write them themselves.
    ///
    /// # Errors
    /// The dead letter is another kind of sink, or says no path.
    pub(crate) fn dead_letter_file(&self) -> Result<Option<PathBuf>, String> {
        let Some(section) = &self.dead_letter else { return Ok(None) };
        match (section.get("type").and_then(Value::as_str), section.get("path").and_then(Value::as_str)) {
            (None | Some("file"), Some(path)) => Ok(Some(path.into())),
            (None | Some("file"), None) => Err("dead-letter: missing field `path`".to_owned()),
            (Some(kind), _) => Err(format!(
                "dead-letter.type: expected `file` here, found `{kind}`: only `dastap run` writes to other sinks"
            )),
        }
    }
}

/// Every name at the top is a setting of the transform, or at least unlike those of the sections.
fn is_bare_transform(members: &Map<String, Value>) -> bool {
    let stands_there = |name: &str| Settings::NAMES.contains(&name) || nearest(name, &SECTIONS).is_none();
    !members.is_empty() && members.keys().all(|name| stands_there(name))
}

/// Turns a message of serde into one that names the place first and the nearest known setting last.
fn explain(place: &str, message: &str) -> String {
    let Some((name, known)) = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) else {
        // Some settings name themselves, for those who read them elsewhere.
        let own_name = place.rsplit('.').next().unwrap_or_default();
        let message = message.strip_prefix(own_name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
        return format!("{place}: {message}");
    };
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let parent = place.strip_suffix(name).unwrap_or(place).trim_end_matches('.');
    let place = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
    match nearest(name, &known) {
        Some(near) => format!("{place}: unknown setting; did you mean `{near}`?"),
        None => format!("{place}: unknown setting; known are {}", known.join(", ")),
    }
}

impl Default for Drain {
    fn default() -> Self {
        Drain(Duration::from_secs(30))
    }
}

/// Dollars for 10,000 requests.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct KmsPrice(pub(crate) f64);

impl Default for KmsPrice {
    /// What every Region but a few asks: https://aws.amazon.com/kms/pricing/
    fn default() -> Self {
        KmsPrice(0.03)
    }
}

fn drain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Drain, D::Error> {
    let text = String::deserialize(deserializer)?;
    match humantime::parse_duration(&text) {
        Ok(time) if time <= Duration::from_secs(3600) => Ok(Drain(time)),
        _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &"a time from 0s to 1h")),
    }
}

fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match (&value, value.as_u64()) {
        (Value::String(text), _) if text == "auto" => Ok(None),
        (_, Some(count @ 1..=MOST_WORKERS)) => Ok(usize::try_from(count).ok()),
        _ => Err(D::Error::invalid_value(Unexpected::Other(&value.to_string()), &"`auto` or 1 to 256")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Config::parse(text, Path::new("")).expect_err(text)
    }

    #[test]
    fn every_section_is_read() {
        let config = Config::parse(
            r#"
keys:
  provider: kms
  region: eu-west-1
  key-id: null
  cache: { ttl: 2h, capacity: 10 }
transform:
  resources: [cluster-ABC, db-XYZ]
  shape: envelope
sources: [ { type: kinesis, stream: aws-rds-das-cluster-ABC } ]
sinks: [ { type: stdout } ]
dead-letter: { type: file, path: failed.ndjson }
workers: auto
metrics: { listen: "127.0.0.1:9598" }
"#,
            Path::new(""),
        )
        .unwrap();
        let keys = config.keys.clone().unwrap();
        assert_eq!(
            (keys.provider, keys.region.as_deref(), keys.cache.capacity),
            (Some(Provider::Kms), Some("eu-west-1"), 10)
        );
        assert_eq!(config.transform["shape"], "envelope");
        assert_eq!((config.drain.0.as_secs(), config.kms_price.0), (30, 0.03));
        assert_eq!(config.dead_letter_file().unwrap().unwrap(), Path::new("failed.ndjson"));
        assert_eq!((config.workers, config.sources.len(), config.sinks.len()), (None, 1, 1));
    }

    #[test]
    fn a_bare_transform_section_and_json_and_nothing_are_accepted() {
        assert_eq!(Config::parse("heartbeats: keep", Path::new("")).unwrap().transform["heartbeats"], "keep");
        // Near the section `sources`, and yet a setting.
        assert_eq!(Config::parse("resources: [cluster-A]", Path::new("")).unwrap().transform.len(), 1);
        assert_eq!(Config::parse(r#"{"workers": 3}"#, Path::new("")).unwrap().workers, Some(3));
        assert_eq!(Config::parse("# nothing\n", Path::new("")).unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_setting_is_named_with_its_place_and_the_nearest() {
        for (text, expected) in [
            ("keys: { cache: { tll: 1h } }", "keys.cache.tll: unknown setting; did you mean `ttl`?"),
            ("key: { provider: kms }", "key: unknown setting; did you mean `keys`?"),
            ("tranform: { shape: event }", "tranform: unknown setting; did you mean `transform`?"),
            ("metrics: { listen: '127.0.0.1:1', colour: red }", "metrics.colour: unknown setting; known are listen"),
            ("transform: { shap: event }", "transform.shap: unknown setting; did you mean `shape`?"),
            ("heartbeat: keep", "transform.heartbeat: unknown setting; did you mean `heartbeats`?"),
        ] {
            assert_eq!(problem(text), expected);
        }
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place() {
        for (text, expected) in [
            ("workers: 0", "workers: invalid value: 0, expected `auto` or 1 to 256"),
            ("keys: { provider: vault }", "keys.provider: unknown variant `vault`, expected `kms` or `keyring`"),
            ("keys: { cache: { ttl: 0s } }", "keys.cache.ttl: expected 1s to 1day, found 0s"),
            (
                "keys: { provider: keyring }",
                "keys.keyring: expected the file that the provider `keyring` reads, found none",
            ),
            ("drain: soon", "drain: invalid value: string \"soon\", expected a time from 0s to 1h"),
        ] {
            assert_eq!(problem(text), expected);
        }
        assert!(problem("workers: 1\nworkers: 2").contains("duplicate"));
        assert!(problem("a: [").starts_with("expected YAML or JSON: "));
        assert!(problem("- a").starts_with("expected a map with the sections keys, "));
    }

    #[test]
    fn errors_begin_with_the_file() {
        let error = Config::load(Path::new("no/such.yaml")).unwrap_err().to_string();
        assert!(error.starts_with("no/such.yaml: cannot read the file: "), "{error}");
    }
}
