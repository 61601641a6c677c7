//! `serde_json` on a `&RawValue` checks all of a text and gives the value's bytes as they stand: what the scanner does.

use serde_json::value::RawValue;

use super::super::{DEEPEST, Scanner};

/// The scanner and the oracle say the same about `bytes`: refused, or one value, to the byte.
#[track_caller]
pub(super) fn agree(bytes: &[u8]) {
    let (ours, theirs) = (ours(bytes), theirs(bytes));
    assert_eq!(ours, theirs, "scanner, then serde_json, on {:?}", String::from_utf8_lossy(bytes));
}

/// What the scanner makes of a whole text.
pub(super) fn ours(bytes: &[u8]) -> Option<&str> {
    let mut scanner = Scanner::new(std::str::from_utf8(bytes).ok()?, DEEPEST);
    let value = scanner.value().ok()?;
    scanner.end().ok()?;
    Some(value)
}

fn theirs(bytes: &[u8]) -> Option<&str> {
    serde_json::from_slice::<&RawValue>(bytes).ok().map(RawValue::get)
}
