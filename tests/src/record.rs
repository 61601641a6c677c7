//! Outer records, and the keyring file that stands in for KMS.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::document::{self, CONTEXT};
use crate::peer::{Encrypt, Entry, Sdk};

/// The data key of every record that a test does not give one of its own.
pub const DATA_KEY: [u8; 32] = *b"the data key that all tests use.";

/// What stands for [`DATA_KEY`] in a record's `key`.
pub const BLOB: &[u8] = b"blob of the data key that all tests share";

/// A message as a database makes it: suite 0x0178, frames of 4096 bytes, under [`DATA_KEY`].
pub fn message(payload: &[u8]) -> Vec<u8> {
    Sdk::shared().encrypt(&Encrypt {
        suite: 0x0178,
        frame_length: 4096,
        payload,
        context: &[],
        authenticate_only: &[],
        keys: &[Entry::Aes("BC", "DataKey", &DATA_KEY)],
    })
}

/// A record as a database makes it of this document.
pub fn sealed(document: &str) -> String {
    sealed_bytes(&document::gzip(document.as_bytes()))
}

/// A record whose message holds these bytes, gzip or not.
pub fn sealed_bytes(payload: &[u8]) -> String {
    of(&message(payload), BLOB)
}

/// A record that is already decrypted, as AWS prints its samples: it needs no key.
pub fn plain(document: &str) -> String {
    format!(r#"{{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":{document}}}"#)
}

/// The keyring that opens them.
pub fn keyring() -> Keyring {
    Keyring::of(BLOB, &CONTEXT, &DATA_KEY)
}

/// An outer record: `message` is encrypted under the data key that `blob` stands for.
pub fn of(message: &[u8], blob: &[u8]) -> String {
    json!({
        "type": "DatabaseActivityMonitoringRecords",
        "version": "1.1",
        "databaseActivityEvents": BASE64_STANDARD.encode(message),
        "key": BASE64_STANDARD.encode(blob),
    })
    .to_string()
}

/// The data keys that a keyring file holds.
#[derive(Default)]
pub struct Keyring(Vec<Value>);

impl Keyring {
    /// With one data key.
    pub fn of(blob: &[u8], context: &[(&str, &str)], data_key: &[u8]) -> Self {
        Keyring::default().and(blob, context, data_key)
    }

    /// And one more.
    pub fn and(mut self, blob: &[u8], context: &[(&str, &str)], data_key: &[u8]) -> Self {
        let context: Value = context.iter().map(|(name, value)| (name.to_string(), Value::from(*value))).collect();
        self.0.push(json!({
            "ciphertext": BASE64_STANDARD.encode(blob),
            "context": context,
            "plaintext": BASE64_STANDARD.encode(data_key),
        }));
        self
    }

    /// The file's text.
    pub fn text(&self) -> String {
        json!({ "keys": self.0 }).to_string()
    }

    /// Writes `keyring.json` into a directory.
    pub fn write(&self, directory: &Path) -> PathBuf {
        let path = directory.join("keyring.json");
        std::fs::write(&path, self.text()).expect("the directory is writable");
        path
    }
}
