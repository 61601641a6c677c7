//! The outer record, as it stands in Kinesis (das-format, section 1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The outer record. Its `Display` is the JSON.
pub(super) struct Envelope {
    pub(super) kind: &'static str,
    version: &'static str,
    /// The message in base64.
    pub(super) message: String,
    /// The key as JSON.
    pub(super) key: Option<String>,
}

impl Envelope {
    /// A record without its message.
    pub(super) fn new(version: &'static str, blob: &[u8]) -> Self {
        let key = Some(format!("\"{}\"", STANDARD.encode(blob)));
        Self { kind: "DatabaseActivityMonitoringRecords", version, message: String::new(), key }
    }

    /// Puts the message in.
    pub(super) fn hold(&mut self, message: &[u8]) {
        self.message = STANDARD.encode(message);
    }
}

impl fmt::Display for Envelope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, version, message, key } = self;
        write!(out, r#"{{"type":"{kind}","version":"{version}","databaseActivityEvents":"{message}""#)?;
        if let Some(key) = key {
            write!(out, r#","key":{key}"#)?;
        }
        out.write_str("}")
    }
}
