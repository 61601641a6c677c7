//! Names of settings: which are known, and which one was meant.

use serde_json::Value;

/// The known name nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(name, candidate);
    known.iter().copied().min_by_key(distance).filter(|best| distance(best) <= name.len().div_ceil(3).max(1))
}

/// Every name inside the object at `place` is known.
pub(super) fn check(section: &Value, place: &str, known: &[&str]) -> Result<(), String> {
    let (object, path) = match place {
        "" => (Some(section), "transform".to_string()),
        name => (section.get(name), format!("transform.{name}")),
    };
    let Some(Value::Object(members)) = object else {
        return match object {
            Some(other) => Err(format!("{path}: expected a map of settings, found {}", kind(other))),
            None => Ok(()),
        };
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!("{path}.{name}: unknown setting; {}", meant(name, known))),
    }
}

/// What to say about an unknown name: the nearest known one, or all.
pub(crate) fn meant(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
