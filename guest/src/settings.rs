//! The `transform` section: every setting with its default and bound. The same text in every host.

use serde::Deserialize;
use serde_json::Value;

use crate::json;
use crate::resource::Resource;

/// How records become lines.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// The databases whose streams are read: resource ids, stream names or ARNs. Not needed where the host names
    /// the stream with each batch. Default: none.
    pub resources: Vec<String>,
    /// Events that only say that an instance is alive. Default: `drop`.
    pub heartbeats: Keep,
    /// Events of AWS's own users: rdsadmin, RDSADMIN, RDSSEC, rdsproxyadmin. Default: `keep`.
    pub system_users: Keep,
    /// What a line is. Default: `event`.
    pub shape: Shape,
    /// Ids of the algorithm suites that are accepted, as `"0x0178"` or a number. Default: all eleven.
    pub suites: Option<Vec<SuiteId>>,
    /// Provider and name of the encrypted data key inside the message. Default: `BC` and `DataKey`.
    pub encrypted_data_key: EncryptedDataKey,
    /// What a record may cost.
    pub limits: Limits,
}

/// What happens to a kind of event.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// It leaves like any other.
    Keep,
    /// It is counted and left out.
    Drop,
}

/// What a line of output is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// One event, with `eventId`, `clusterId` and `instanceId` in front.
    Event,
    /// One record: the decrypted document without the dropped events.
    Envelope,
}

/// Which encrypted data key of a message is DAS's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EncryptedDataKey {
    /// The key provider id.
    pub provider: String,
    /// The key name that the provider information starts with.
    pub name: String,
}

/// What a record may cost before it is refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of an outer record. Default 10 MiB, Kinesis' own limit; at most 64 MiB.
    pub record: Size,
    /// Bytes of a decrypted document. Default 64 MiB; at most 512 MiB.
    pub plaintext: Size,
    /// Events of a record. Default 100000; at most 10 million.
    pub events: u32,
    /// JSON containers inside each other. Default 64; at most 1024.
    pub depth: u32,
}

/// The id of an algorithm suite.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub struct SuiteId(pub u16);

/// A number of bytes: `1048576` or `"1MiB"`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub struct Size(pub usize);

impl Settings {
    /// Reads the section as JSON text.
    ///
    /// # Errors
    /// A sentence that names the setting, what was expected, and the nearest known setting.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("transform: expected JSON: {e}"))?;
        Settings::from_value(value)
    }

    /// Reads the section from a JSON value.
    ///
    /// # Errors
    /// As [`Settings::from_json`].
    pub fn from_value(value: Value) -> Result<Self, String> {
        for (place, known) in KNOWN {
            check_names(&value, place, known)?;
        }
        // `rules` and `redact` exist in every configuration file; empty ones ask for nothing.
        let value = without_empty(value, &["rules", "redact"])?;
        let settings: Settings =
            serde_path_to_error::deserialize(value).map_err(|e| format!("transform.{}: {}", e.path(), e.inner()))?;
        settings.check()?;
        Ok(settings)
    }

    pub(crate) fn parsed_resources(&self) -> Result<Vec<Resource>, String> {
        self.resources
            .iter()
            .map(|text| Resource::parse(text).map_err(|e| format!("transform.resources: {e}")))
            .collect()
    }

    pub(crate) fn esdk_limits(&self) -> crate::esdk::Limits {
        let suites = self.suites.as_ref().map(|ids| ids.iter().map(|id| id.0).collect());
        crate::esdk::Limits { suites, ..Default::default() }
    }

    fn check(&self) -> Result<(), String> {
        self.parsed_resources()?;
        for id in self.suites.iter().flatten() {
            crate::esdk::Suite::find(id.0).map_err(|e| format!("transform.suites: {e}"))?;
        }
        let limits = &self.limits;
        within("record", limits.record.0, 1 << 10, 64 << 20)?;
        within("plaintext", limits.plaintext.0, 1 << 10, 512 << 20)?;
        within("events", usize::try_from(limits.events).unwrap_or(usize::MAX), 1, 10_000_000)?;
        within("depth", usize::try_from(limits.depth).unwrap_or(usize::MAX), 4, 1024)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            resources: Vec::new(),
            heartbeats: Keep::Drop,
            system_users: Keep::Keep,
            shape: Shape::Event,
            suites: None,
            encrypted_data_key: EncryptedDataKey::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for EncryptedDataKey {
    fn default() -> Self {
        EncryptedDataKey { provider: "BC".to_string(), name: "DataKey".to_string() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { record: Size(10 << 20), plaintext: Size(64 << 20), events: 100_000, depth: 64 }
    }
}

impl TryFrom<Value> for SuiteId {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let id = match &value {
            Value::Number(number) => number.as_u64().and_then(|n| u16::try_from(n).ok()),
            Value::String(text) => text.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        id.map(SuiteId).ok_or_else(|| format!("suites: expected a suite id such as \"0x0178\", found {value}"))
    }
}

impl TryFrom<Value> for Size {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let size = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => parse_size(text),
            _ => None,
        };
        size.and_then(|n| usize::try_from(n).ok())
            .map(Size)
            .ok_or_else(|| format!("expected a size such as \"10MiB\" or a number of bytes, found {value}"))
    }
}

/// `10MiB`, `64 KiB`, `1GB`: a whole number and a unit of 1024 (`KiB`) or 1000 (`kB`).
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The known name nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(name, candidate);
    known.iter().copied().min_by_key(distance).filter(|best| distance(best) <= name.len().div_ceil(3).max(1))
}

/// Every name inside the object at `place` is known.
fn check_names(section: &Value, place: &str, known: &[&str]) -> Result<(), String> {
    let (object, path) = match place {
        "" => (Some(section), "transform".to_string()),
        name => (section.get(name), format!("transform.{name}")),
    };
    let Some(Value::Object(members)) = object else {
        return match object {
            Some(other) => Err(format!("{path}: expected a map of settings, found {}", kind(other))),
            None => Ok(()),
        };
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(match nearest(name, known) {
            Some(near) => format!("{path}.{name}: unknown setting; did you mean `{near}`?"),
            None => format!("{path}.{name}: unknown setting; known are {}", known.join(", ")),
        }),
    }
}

fn without_empty(mut value: Value, names: &[&str]) -> Result<Value, String> {
    let Value::Object(members) = &mut value else { return Ok(value) };
    for name in names {
        match members.remove(*name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(_) => return Err(format!("transform.{name}: this version has no {name} yet; leave it out or empty")),
        }
    }
    Ok(value)
}

fn within(name: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(format!("transform.limits.{name}: expected {least} to {most}, found {value}")),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

const KNOWN: [(&str, &[&str]); 3] = [
    (
        "",
        &[
            "resources",
            "heartbeats",
            "system-users",
            "shape",
            "suites",
            "encrypted-data-key",
            "limits",
            "rules",
            "redact",
        ],
    ),
    ("encrypted-data-key", &["provider", "name"]),
    ("limits", &["record", "plaintext", "events", "depth"]),
];

const _: () = assert!(json::DEEPEST == 1024, "the bound of limits.depth");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(Settings::from_json("{}"), Ok(Settings::default()));
        assert_eq!(Settings::from_json(r#"{"rules":[],"redact":{},"limits":{}}"#), Ok(Settings::default()));
    }

    #[test]
    fn everything_can_be_said() {
        let settings = Settings::from_value(json!({
            "resources": ["cluster-A", "aws-rds-das-db-B", "arn:aws:kinesis:eu-west-1:1:stream/aws-rds-das-cluster-C"],
            "heartbeats": "keep", "system-users": "drop", "shape": "envelope", "suites": ["0x0178", 1144],
            "encrypted-data-key": { "provider": "P", "name": "N" },
            "limits": { "record": "1 MiB", "plaintext": 2048, "events": 5, "depth": 8 },
        }))
        .unwrap();
        assert_eq!(settings.suites, Some(vec![SuiteId(0x0178), SuiteId(0x0478)]));
        assert_eq!(settings.limits, Limits { record: Size(1 << 20), plaintext: Size(2048), events: 5, depth: 8 });
        assert_eq!(settings.parsed_resources().unwrap().len(), 3);
    }

    #[test]
    fn errors_name_the_setting_and_the_nearest_one() {
        for (section, expected) in [
            (json!({ "heartbeat": "drop" }), "transform.heartbeat: unknown setting; did you mean `heartbeats`?"),
            (json!({ "limits": { "recrod": 1 } }), "transform.limits.recrod: unknown setting; did you mean `record`?"),
            (json!({ "xyzzy": 1 }), "transform.xyzzy: unknown setting; known are"),
            (json!({ "shape": "evnt" }), "transform.shape: unknown variant `evnt`, expected `event` or `envelope`"),
            (json!({ "limits": { "record": "10 parsecs" } }), "transform.limits.record: expected a size such as"),
            (json!({ "limits": { "depth": 5000 } }), "transform.limits.depth: expected 4 to 1024, found 5000"),
            (json!({ "limits": 3 }), "transform.limits: expected a map of settings, found a number"),
            (json!({ "suites": ["0x9999"] }), "transform.suites: algorithm suite 0x9999 does not exist"),
            (json!({ "resources": ["mydb"] }), "transform.resources: expected a resource id (cluster-... or db-...)"),
            (json!({ "rules": [{ "drop": {} }] }), "transform.rules: this version has no rules yet"),
            (json!([]), "transform: expected a map of settings, found a list"),
        ] {
            let error = Settings::from_value(section).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
