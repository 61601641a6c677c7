//! The members of an event's line, each as its JSON stands there.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Members by their names.
pub(super) type Members<'a> = HashMap<Name<'a>, &'a RawValue>;

/// A member's name, borrowed where it has no escapes.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Name<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The members of a JSON object; none where the text is anything else.
pub(super) fn members(object: &str) -> Members<'_> {
    serde_json::from_str(object).unwrap_or_default()
}

/// What stands at the end of a path, if it leads anywhere.
pub(super) fn find<'a>(object: &Members<'a>, path: &[String]) -> Option<&'a RawValue> {
    let (first, rest) = path.split_first()?;
    let inside = |value: &'a RawValue, step: &String| members(value.get()).remove(step.as_str());
    rest.iter().try_fold(*object.get(first.as_str())?, inside)
}
