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

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

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

/// The key of [`Action::Hash`]. Nothing prints it, and it is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct RedactKey(Zeroizing<Vec<u8>>);

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

impl RedactKey {
    fn read(value: Value) -> Result<RedactKey, String> {
        let Value::String(mut text) = value else {
            return Err(format!("expected a text, found {}", kind(&value)));
        };
        let bytes = match text.strip_prefix("base64:") {
            None => Ok(Zeroizing::new(text.as_bytes().to_vec())),
            // The decoder's error would show a byte of the key.
            Some(encoded) => {
                STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| "expected base64 behind `base64:`".to_string())
            }
        };
        text.zeroize();
        let bytes = bytes?;
        match bytes.len() {
            KEY_BYTES_LEAST..=KEY_BYTES_MOST => Ok(RedactKey(bytes)),
            length => Err(format!("expected {KEY_BYTES_LEAST} to {KEY_BYTES_MOST} bytes, found {length}")),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RedactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactKey(..)")
    }
}

/// What holds SQL, or values out of it:
/// - `commandText`: the statement. Of the AUX events of MySQL it holds names of objects.
/// - `paramList`: the bind values of PostgreSQL and Oracle.
/// - `errorMessage`: engines quote the statement and its values: `Duplicate entry 'x'`, `syntax error near 'x'`.
/// - Oracle's `SQL_TEXT`, `SQL_BINDS`, `RLS_INFO` (the predicates of row level security).
/// - SQL Server's `additional_information` (XML, with the calling statements) and `user_defined_information`.
/// - `statementText` and `parameterList`, as a newer engine names them.
const SQL: [(&str, Action); 10] = [
    ("commandText", Action::SqlLiterals),
    ("paramList", Action::Mask),
    ("errorMessage", Action::Mask),
    ("engineNativeAuditFields.SQL_TEXT", Action::SqlLiterals),
    ("engineNativeAuditFields.SQL_BINDS", Action::Mask),
    ("engineNativeAuditFields.RLS_INFO", Action::Mask),
    ("engineNativeAuditFields.additional_information", Action::Mask),
    ("engineNativeAuditFields.user_defined_information", Action::Mask),
    ("statementText", Action::SqlLiterals),
    ("parameterList", Action::Mask),
];

const ACTIONS: [&str; 5] = ["drop", "mask", "hash", "sql-literals", "truncate"];

/// The members that events have.
const FIELDS: [&str; 38] = [
    "class",
    "clientApplication",
    "command",
    "commandTag",
    "commandText",
    "databaseName",
    "dbProtocol",
    "dbUserName",
    "dbid",
    "endTime",
    "engineNativeAuditFields",
    "errorMessage",
    "exitCode",
    "logTime",
    "netProtocol",
    "objectName",
    "objectType",
    "paramList",
    "parameterList",
    "pid",
    "remoteHost",
    "remotePort",
    "rowCount",
    "serverHost",
    "serverType",
    "serverVersion",
    "serviceName",
    "sessionId",
    "startTime",
    "statementId",
    "statementText",
    "substatementId",
    "transactionId",
    "type",
    "userName",
    "hostName",
    "applicationName",
    "queryText",
];

const FIELDS_MOST: usize = 100;
const NAME_BYTES_MOST: usize = 256;
const STEPS_MOST: usize = 8;
const CHARACTERS_MOST: u32 = 1_000_000;
const KEY_BYTES_LEAST: usize = 16;
const KEY_BYTES_MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Settings;

    const KEY: &str = "sixteen bytes at least";

    #[test]
    fn fields_and_actions() {
        let settings = Settings::from_value(json!({
            "redact": {
                "commandText": "sql-literals", "paramList": "mask", "dbUserName": "hash",
                "remoteHost": "drop", "exitCode": { "truncate": 20 }, "engineNativeAuditFields.a b.c": "mask",
            },
            "redact-key": KEY,
        }))
        .unwrap();
        let action = |name: &str| settings.redact.fields.iter().find(|(field, _)| field == name).unwrap().1;
        assert_eq!(settings.redact.fields.len(), 6);
        assert_eq!(action("commandText"), Action::SqlLiterals);
        assert_eq!(action("exitCode"), Action::Truncate(20));
        assert_eq!(action("engineNativeAuditFields.a b.c"), Action::Mask);
        assert_eq!(settings.redact_key.unwrap().bytes(), KEY.as_bytes());
    }

    #[test]
    fn a_preset_and_more() {
        let settings = Settings::from_value(json!({ "redact": "sql" })).unwrap();
        assert_eq!(settings.redact.fields, SQL.map(|(field, action)| (field.to_string(), action)));
        let more = json!({ "redact": { "preset": "sql", "errorMessage": { "truncate": 9 }, "pid": "drop" } });
        let fields = Settings::from_value(more).unwrap().redact.fields;
        assert_eq!(fields.len(), SQL.len() + 1);
        assert!(fields.contains(&("errorMessage".to_string(), Action::Truncate(9))));
        for (field, _) in SQL {
            assert_eq!(check_field(field), Ok(()));
        }
    }

    #[test]
    fn keys_are_read_and_never_shown() {
        let read = |key: &str| Settings::from_value(json!({ "redact-key": key }));
        let encoded = format!("base64:{}", STANDARD.encode(KEY));
        assert_eq!(read(&encoded).unwrap().redact_key.unwrap().bytes(), KEY.as_bytes());
        let settings = read(KEY).unwrap();
        assert!(!format!("{settings:?} {settings:#?}").contains("sixteen"));
        for (key, expected) in [
            (json!("tooshort4me"), "transform.redact-key: expected 16 to 4096 bytes, found 11"),
            (json!("base64:tooshort4me!!!!!"), "transform.redact-key: expected base64 behind `base64:`"),
            (json!({ "tooshort4me": 1 }), "transform.redact-key: expected a text, found a map"),
        ] {
            let error = Settings::from_value(json!({ "redact-key": key })).unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.contains("tooshort4me"));
        }
        // Whatever else is wrong.
        for other in [json!({ "redact-key": KEY, "redact": 3 }), json!({ "redact-key": KEY, "shape": KEY.len() })] {
            assert!(!Settings::from_value(other).unwrap_err().contains("sixteen"));
        }
    }

    #[test]
    fn errors_name_the_field_and_the_nearest_one() {
        for (redact, expected) in [
            (
                json!({ "comandText": "mask" }),
                "transform.redact.comandText: unknown field; did you mean `commandText`?",
            ),
            (json!({ "xyzzyxyzzy": "mask" }), "transform.redact.xyzzyxyzzy: unknown field; known are class,"),
            (json!({ "pid": "maks" }), "transform.redact.pid: unknown action `maks`; did you mean `mask`?"),
            (json!({ "pid": "truncate" }), "transform.redact.pid: expected a number with it: { truncate: 40 }"),
            (json!({ "pid": { "truncate": -1 } }), "transform.redact.pid: expected truncate: 0 to 1000000 characters"),
            (json!({ "pid": { "cut": 1 } }), "transform.redact.pid: expected an action, or { truncate: N }"),
            (
                json!({ "pid": 4 }),
                "transform.redact.pid: expected an action (drop, mask, hash, sql-literals, truncate)",
            ),
            (json!({ "pid": "hash" }), "transform.redact.pid: `hash` needs a key; set redact-key"),
            (json!({ "preset": "all" }), "transform.redact.preset: unknown preset `all`; known is sql"),
            (json!("all"), "transform.redact: unknown preset `all`; known is sql"),
            (json!({ "dbid..x": "mask" }), "transform.redact.dbid..x: expected at most 8 names with dots between them"),
            (json!(7), "transform.redact: expected fields with actions, found a number"),
        ] {
            let error = Settings::from_value(json!({ "redact": redact })).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_route_shows_nothing_that_is_redacted() {
        let rules = |route: &str| json!([{ "keep": { "class": "DDL" }, "route": route }]);
        let check = |route: &str, field: &str| {
            Settings::from_value(json!({ "rules": rules(route), "redact": { field: "mask" } })).map(|_| ())
        };
        assert_eq!(
            check("{class}/{dbUserName}", "dbUserName"),
            Err("transform.rules[0].route: {dbUserName} would show what redact.dbUserName (mask) hides; leave it out \
                 of the route or out of redact"
                .to_string())
        );
        assert!(check("{engineNativeAuditFields.x}", "engineNativeAuditFields").is_err());
        assert!(check("{engineNativeAuditFields}", "engineNativeAuditFields.x").is_err());
        for (route, field) in [("{class}", "dbUserName"), ("dbUserName", "dbUserName"), ("{class}/{yyyy}", "logTime")] {
            assert_eq!(check(route, field), Ok(()), "{route} {field}");
        }
    }
}
