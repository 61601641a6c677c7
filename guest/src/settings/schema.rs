//! Settings of the shapes that follow a published schema.

use serde::Deserialize;

/// How the shape `ocsf` writes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ocsf {
    /// The version of the schema that lines follow. It stays as it is set when a later dastap knows more. Default:
    /// `1.8.0`, the only one yet.
    pub version: String,
    /// Events about identities in classes of their own: connects as Authentication (3002), grants that name user and
    /// privileges as User Access Management (3005). Default: `false`, all are Datastore Activity (6005).
    pub iam: bool,
}

/// Versions that lines have been validated against.
const VERSIONS: [&str; 1] = ["1.8.0"];

impl Ocsf {
    pub(super) fn check(&self) -> Result<(), String> {
        match VERSIONS.contains(&self.version.as_str()) {
            true => Ok(()),
            false => {
                let known = VERSIONS.join(", ");
                Err(format!("transform.ocsf.version: expected one of {known}, found {:?}", self.version))
            }
        }
    }
}

impl Default for Ocsf {
    fn default() -> Self {
        Ocsf { version: "1.8.0".to_string(), iam: false }
    }
}
