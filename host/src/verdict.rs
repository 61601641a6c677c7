//! What people read of a verdict.

use std::fmt;

use crate::engine::{Failure, Stage};

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
