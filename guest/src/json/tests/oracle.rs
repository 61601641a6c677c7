//! `serde_json` on a `&RawValue` checks all of a text and gives the value's bytes as they stand: what the scanner does.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::value::RawValue;

use super::super::{DEEPEST, Names, Places, Scanner};

/// The scanner and the oracle say the same about `bytes`: refused, or one value, to the byte; and where it is an object,
/// the same of the members that are looked for.
#[track_caller]
pub(super) fn agree(bytes: &[u8]) {
    let (ours, theirs) = (ours(bytes), theirs(bytes));
    let text = || String::from_utf8_lossy(bytes);
    assert_eq!(ours, theirs, "scanner, then serde_json, on {:?}", text());
    match theirs.filter(|value| value.starts_with('{')) {
        None => assert_eq!(our_members(bytes), None, "no object: {:?}", text()),
        Some(object) => {
            let (ours, theirs) = (our_members(bytes).expect("it is an object"), their_members(object));
            // A name with half a surrogate pair is no `String`.
            let theirs = theirs.unwrap_or_else(|| ours.clone());
            assert_eq!(ours, theirs, "members: scanner, then serde_json, on {:?}", text());
        }
    }
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

/// The values of the members of [`WANTED`], where the text is an object.
fn our_members(bytes: &[u8]) -> Option<Vec<Option<&str>>> {
    static NAMES: LazyLock<Names> = LazyLock::new(|| Names::of(&WANTED));
    let mut places: Places = [[0, 0]; Names::MOST];
    let mut scanner = Scanner::new(std::str::from_utf8(bytes).ok()?, DEEPEST);
    scanner.members(&NAMES, &mut places).ok()?;
    scanner.end().ok()?;
    let value = |[start, end]: [u32; 2]| (end > 0).then(|| scanner.slice(start as usize, end as usize));
    Some(places[..WANTED.len()].iter().map(|place| value(*place)).collect())
}

/// The same; of members with the same name the last counts.
fn their_members(object: &str) -> Option<Vec<Option<&str>>> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    Some(WANTED.iter().map(|name| members.get(*name).map(|value| value.get())).collect())
}

/// Names of the documents: short and long ones, and the last one of an object.
const WANTED: [&str; 8] =
    ["a", "b", "type", "pid", "class", "commandText", "errorMessage", "databaseActivityEventList"];
