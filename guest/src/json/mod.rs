//! JSON in one validating pass, without a tree: raw slices of the text, found by structure (RFC 8259).
//!
//! Events leave with the very bytes that were decrypted, so nothing is parsed into values and written again.
//! `serde_json` is the oracle of the tests: both accept and refuse the same texts.

mod error;
mod marks;
mod members;
mod names;
mod quoted;
mod scalar;
mod scan;
mod stack;
mod string;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use error::{Error, What};
pub(crate) use names::{Names, Place, Places};
pub(crate) use scan::{Kind, Scanner};
pub(crate) use stack::DEEPEST;
pub(crate) use string::{equals, has_escape, unescape, unescape_into};
pub(crate) use text::Text;
