//! What people read of a verdict.

use std::fmt;

use crate::engine::{Failure, Stage};

/// The detail of a record whose bytes cannot be JSON; such a record never reaches the sandbox.
#[cfg(feature = "config")]
pub(crate) const NOT_UTF8: &str = "expected JSON in UTF-8, found bytes that are not UTF-8";

impl Stage {
    /// The stage's name, as in the dead letter and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Envelope => "envelope",
            Stage::Key => "key",
            Stage::Message => "message",
            Stage::Gunzip => "gunzip",
            Stage::Events => "events",
            Stage::Guest => "guest",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.stage, self.reason, self.detail)
    }
}

impl std::error::Error for Failure {}
