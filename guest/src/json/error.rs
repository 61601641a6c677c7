//! What is wrong with a text.

use std::fmt;

/// What is wrong with the text, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) at: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Expected(&'static str),
    /// More containers inside each other than the limit allows.
    TooDeep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Expected(what) => write!(f, "byte {}: expected {what}", self.at),
            What::TooDeep => write!(f, "byte {}: nested deeper than the limit", self.at),
        }
    }
}
