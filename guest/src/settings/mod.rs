//! The `transform` section: every setting with its default and bound. The same text in every host.

mod limits;
mod message;
mod names;
mod redact;
mod schema;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

pub use limits::{Limits, Size};
pub use message::{EncryptedDataKey, SuiteId};
pub use names::nearest;
pub(crate) use names::{kind, meant};
pub use redact::{Action, FIELDS, Redact, RedactKey};
pub use schema::Ocsf;

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
    /// The second event that Aurora MySQL writes for a statement (class AUX: the objects it touched). Default: `keep`.
    pub mysql_aux: Keep,
    /// Which events leave, and where to: the first rule that matches decides. See `rules` in the documentation.
    /// Default: none.
    pub rules: Vec<Value>,
    /// What happens to an event that no rule matches. Heartbeats have a setting of their own. Default: `keep`.
    pub otherwise: Keep,
    /// Which values are masked before an event leaves, and how. Default: none.
    #[serde(skip)]
    pub redact: Redact,
    /// The key of `hash`: a text, or `base64:...`; at least 16 bytes. Default: none.
    #[serde(skip)]
    pub redact_key: Option<RedactKey>,
    /// What a line is. Default: `event`.
    pub shape: Shape,
    /// How the shape `ocsf` writes.
    pub ocsf: Ocsf,
    /// Shapes `ocsf` and `ecs`: the event itself as a text inside, redacted. Default: `false`.
    pub raw: bool,
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
    /// One event in the Open Cybersecurity Schema Framework: Datastore Activity.
    Ocsf,
    /// One event in the Elastic Common Schema.
    Ecs,
}

impl Settings {
    /// The settings by name, as they stand in the section.
    pub const NAMES: &[&str] = &[
        "resources",
        "heartbeats",
        "system-users",
        "mysql-aux",
        "rules",
        "otherwise",
        "shape",
        "ocsf",
        "raw",
        "suites",
        "encrypted-data-key",
        "limits",
        "redact",
        "redact-key",
    ];

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
    pub fn from_value(mut value: Value) -> Result<Self, String> {
        for (place, known) in KNOWN {
            names::check(&value, place, known)?;
        }
        // Taken first, so that no error can show the key.
        let (redact, redact_key) = Redact::take(&mut value)?;
        let settings: Settings = serde_path_to_error::deserialize(without_null(value, "rules"))
            .map_err(|e| format!("transform.{}: {}", e.path(), e.inner()))?;
        let settings = Settings { redact, redact_key, ..settings };
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
        crate::rules::Rules::open(self)?;
        self.redact.check_routes(&self.rules)?;
        self.ocsf.check()?;
        for id in self.suites.iter().flatten() {
            crate::esdk::Suite::find(id.0).map_err(|e| format!("transform.suites: {e}"))?;
        }
        self.limits.check()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            resources: Vec::new(),
            heartbeats: Keep::Drop,
            system_users: Keep::Keep,
            mysql_aux: Keep::Keep,
            rules: Vec::new(),
            otherwise: Keep::Keep,
            redact: Redact::default(),
            redact_key: None,
            shape: Shape::Event,
            ocsf: Ocsf::default(),
            raw: false,
            suites: None,
            encrypted_data_key: EncryptedDataKey::default(),
            limits: Limits::default(),
        }
    }
}

fn without_null(mut value: Value, name: &str) -> Value {
    if let Value::Object(members) = &mut value
        && members.get(name).is_some_and(Value::is_null)
    {
        members.remove(name);
    }
    value
}

const KNOWN: [(&str, &[&str]); 4] = [
    ("", Settings::NAMES),
    ("ocsf", &["version", "iam"]),
    ("encrypted-data-key", &["provider", "name"]),
    ("limits", &["record", "plaintext", "events", "depth"]),
];
