//! Which messages are accepted: algorithm suites, and the encrypted data key's names.

use serde::Deserialize;
use serde_json::Value;

/// Which encrypted data key of a message is DAS's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EncryptedDataKey {
    /// The key provider id.
    pub provider: String,
    /// The key name that the provider information starts with.
    pub name: String,
}

/// The id of an algorithm suite.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub struct SuiteId(pub u16);

impl Default for EncryptedDataKey {
    fn default() -> Self {
        EncryptedDataKey { provider: "BC".to_string(), name: "DataKey".to_string() }
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
