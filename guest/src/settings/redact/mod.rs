//! The settings `redact` and `redact-key`: which values are masked before an event leaves, and how.
//!
//! ```yaml
//! redact: sql                        # the preset alone
//! redact:
//!   preset: sql
//!   dbUserName: hash
//!   clientApplication: { truncate: 40 }
//!   engineNativeAuditFields.user_defined_information: drop
//! redact-key: "base64:c2l4dGVlbiBieXRlcyBvciBtb3Jl"      # for `hash`
//! ```

mod key;
mod known;
#[cfg(test)]
mod tests;

pub use key::RedactKey;
pub use known::FIELDS;
use known::SQL;
use serde_json::{Map, Value};

use super::names::{kind, meant};

/// Fields with what happens to their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redact {
    /// A member of the event, or a dotted path into one: `engineNativeAuditFields.SQL_TEXT`.
    pub fields: Vec<(String, Action)>,
}

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The member is removed.
    Drop,
    /// `"***"` stands for it, whatever it was. `null`, `""`, `[]` and `{}` stay.
    Mask,
    /// Its HMAC-SHA256 in hexadecimal: equal values stay equal. `null` stays.
    Hash,
    /// In SQL text, `?` stands for every literal and comment. A text that cannot be read as SQL, and any other value
    /// but `null`, is masked whole.
    SqlLiterals,
    /// So many characters stay; the length and the SHA-256 of the original stand behind them.
    Truncate(u32),
}

impl Action {
    /// Its name in the settings and in counters.
    pub fn name(self) -> &'static str {
        match self {
            Action::Drop => "drop",
            Action::Mask => "mask",
            Action::Hash => "hash",
            Action::SqlLiterals => "sql-literals",
            Action::Truncate(_) => "truncate",
        }
    }

    fn read(value: &Value) -> Result<Action, String> {
        let name = match value {
            Value::String(name) => name.as_str(),
            Value::Object(map) => match (map.len(), map.get("truncate")) {
                (1, Some(Value::Number(number))) => {
                    let number = number.as_u64().and_then(|n| u32::try_from(n).ok());
                    return number
                        .filter(|n| *n <= CHARACTERS_MOST)
                        .map(Action::Truncate)
                        .ok_or_else(|| format!("expected truncate: 0 to {CHARACTERS_MOST} characters"));
                }
                _ => return Err("expected an action, or { truncate: N }".to_string()),
            },
            other => return Err(format!("expected an action ({}), found {}", ACTIONS.join(", "), kind(other))),
        };
        match name {
            "drop" => Ok(Action::Drop),
            "mask" => Ok(Action::Mask),
            "hash" => Ok(Action::Hash),
            "sql-literals" => Ok(Action::SqlLiterals),
            "truncate" => Err("expected a number with it: { truncate: 40 }".to_string()),
            // A value that was put here by mistake may be a secret: only short words are shown.
            name if name.len() <= 32 => Err(format!("unknown action `{name}`; {}", meant(name, &ACTIONS))),
            _ => Err(format!("unknown action; known are {}", ACTIONS.join(", "))),
        }
    }
}

impl Redact {
    /// Takes `redact` and `redact-key` out of the section.
    pub(super) fn take(section: &mut Value) -> Result<(Redact, Option<RedactKey>), String> {
        let Value::Object(members) = section else { return Ok(Default::default()) };
        let key = match members.remove("redact-key") {
            None | Some(Value::Null) => None,
            Some(key) => Some(RedactKey::read(key).map_err(|error| format!("transform.redact-key: {error}"))?),
        };
        let redact = match members.remove("redact") {
            None | Some(Value::Null) => Redact::default(),
            Some(Value::Array(list)) if list.is_empty() => Redact::default(),
            Some(Value::String(preset)) => Redact::preset(&preset).map_err(|e| format!("transform.redact: {e}"))?,
            Some(Value::Object(fields)) => Redact::read(&fields).map_err(|e| format!("transform.redact.{e}"))?,
            Some(other) => {
                return Err(format!("transform.redact: expected fields with actions, found {}", kind(&other)));
            }
        };
        if key.is_none()
            && let Some((field, _)) = redact.fields.iter().find(|(_, action)| *action == Action::Hash)
        {
            return Err(format!("transform.redact.{field}: `hash` needs a key; set redact-key"));
        }
        Ok((redact, key))
    }

    fn preset(name: &str) -> Result<Redact, String> {
        match name {
            "sql" => Ok(Redact { fields: SQL.iter().map(|(field, action)| (field.to_string(), *action)).collect() }),
            name => Err(format!("unknown preset `{name}`; known is sql")),
        }
    }

    /// Errors start with the name of the field.
    fn read(map: &Map<String, Value>) -> Result<Redact, String> {
        let mut redact = match map.get("preset") {
            None | Some(Value::Null) => Redact::default(),
            Some(Value::String(preset)) => Redact::preset(preset).map_err(|error| format!("preset: {error}"))?,
            Some(other) => return Err(format!("preset: expected the name of a preset, found {}", kind(other))),
        };
        for (name, value) in map.iter().filter(|(name, _)| *name != "preset") {
            check_field(name)?;
            let action = Action::read(value).map_err(|error| format!("{name}: {error}"))?;
            // What is said goes before the preset.
            match redact.fields.iter_mut().find(|(known, _)| known == name) {
                Some(field) => field.1 = action,
                None => redact.fields.push((name.clone(), action)),
            }
        }
        match redact.fields.len() > FIELDS_MOST {
            true => Err(format!("*: expected at most {FIELDS_MOST} fields, found {}", redact.fields.len())),
            false => Ok(redact),
        }
    }

    /// A route that shows a redacted value would make it public again.
    pub(super) fn check_routes(&self, rules: &[Value]) -> Result<(), String> {
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        for (index, rule) in rules.iter().enumerate() {
            let route = rule.get("route").and_then(Value::as_str).unwrap_or_default().replace("{{", "");
            for name in route.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name) {
                if let Some((field, action)) =
                    self.fields.iter().find(|(field, _)| within(field, name) || within(name, field))
                {
                    let action = action.name();
                    return Err(format!(
                        "transform.rules[{index}].route: {{{name}}} would show what redact.{field} ({action}) hides; \
                         leave it out of the route or out of redact"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A mistyped field would leave in clear, so the first step must be known; what lies inside is the engine's.
fn check_field(name: &str) -> Result<(), String> {
    let first = name.split('.').next().unwrap_or_default();
    if !FIELDS.contains(&first) {
        return Err(format!("{name}: unknown field; {}", meant(first, &FIELDS)));
    }
    if name.len() > NAME_BYTES_MOST || name.split('.').count() > STEPS_MOST || name.split('.').any(str::is_empty) {
        return Err(format!("{name}: expected at most {STEPS_MOST} names with dots between them"));
    }
    Ok(())
}

const ACTIONS: [&str; 5] = ["drop", "mask", "hash", "sql-literals", "truncate"];

const FIELDS_MOST: usize = 100;
const NAME_BYTES_MOST: usize = 256;
const STEPS_MOST: usize = 8;
const CHARACTERS_MOST: u32 = 1_000_000;
