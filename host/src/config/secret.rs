//! Secrets in settings: never written into the configuration, but the file or the environment variable that holds them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::keys::Secret;

/// Where a secret is: `{ file: token.txt }` or `{ env: SIEM_TOKEN }`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    /// A file that holds nothing else; line ends behind it do not count. As container platforms mount secrets.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
}

/// Longest secret in bytes: no token is longer, and a wrong path must not read a disk into memory.
const LONGEST: u64 = 64 << 10;

impl SecretPlace {
    /// Fetches it.
    ///
    /// # Errors
    /// There is none; the place is named, the secret never.
    pub(crate) fn read(&self) -> Result<Secret, String> {
        let bytes = match self {
            SecretPlace::File(path) => read_file(path)?,
            SecretPlace::Environment(name) => {
                let value = std::env::var(name);
                value.map_err(|_| format!("expected a secret in the environment variable {name}, found none"))?.into()
            }
        };
        let secret = Secret::new(bytes);
        match secret.expose().is_empty() {
            true => Err(format!("expected a secret in {self}, found nothing")),
            false => Ok(secret),
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot read the secret in {}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > LONGEST {
        return Err(format!("expected a secret of at most 64 KiB in {}, found {size} bytes", path.display()));
    }
    let mut bytes = std::fs::read(path).map_err(cannot)?;
    while bytes.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretPlace::File(path) => write!(f, "the file {}", path.display()),
            SecretPlace::Environment(name) => write!(f, "the environment variable {name}"),
        }
    }
}

impl fmt::Debug for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for SecretPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, so that an error does not print a secret that stands here by mistake.
        let expected = || D::Error::custom("expected { file: PATH } or { env: NAME }, where the secret is");
        let Value::Object(members) = Value::deserialize(deserializer)? else { return Err(expected()) };
        let mut members = members.into_iter();
        match (members.next(), members.next()) {
            (Some((name, Value::String(path))), None) if name == "file" && !path.is_empty() => {
                Ok(SecretPlace::File(path.into()))
            }
            (Some((name, Value::String(variable))), None) if name == "env" && !variable.is_empty() => {
                Ok(SecretPlace::Environment(variable))
            }
            _ => Err(expected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_where_the_settings_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "hush\r\n").unwrap();
        let place: SecretPlace = serde_json::from_value(json!({ "file": path })).unwrap();
        assert_eq!(place.read().unwrap().expose(), b"hush");
        let place: SecretPlace = serde_json::from_value(json!({ "env": "DASTAP_NO_SUCH_VARIABLE" })).unwrap();
        assert!(place.read().unwrap_err().contains("DASTAP_NO_SUCH_VARIABLE"));
        std::fs::write(&path, "\n").unwrap();
        assert!(SecretPlace::File(path).read().unwrap_err().ends_with("found nothing"));
    }

    #[test]
    fn a_secret_in_the_settings_is_refused_and_not_shown() {
        for wrong in [json!("hush"), json!({ "file": 1 }), json!({ "value": "hush" }), json!({})] {
            let problem = serde_json::from_value::<SecretPlace>(wrong).unwrap_err().to_string();
            assert_eq!(problem, "expected { file: PATH } or { env: NAME }, where the secret is");
        }
    }
}
