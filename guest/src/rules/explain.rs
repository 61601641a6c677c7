//! What was decided about an event and why, for people.

use std::fmt;

use serde_json::{Value, json};

use crate::error::Failure;
use crate::redact::Redaction;

/// What became of one event of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained {
    /// Its place in the record's list.
    pub index: u32,
    /// It leaves.
    pub kept: bool,
    /// What decided.
    pub by: Cause,
    /// Where it goes; none when it is dropped.
    pub route: Option<String>,
    /// Which of its values were redacted, and how.
    pub redacted: Vec<Redaction>,
}

/// What decided about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The setting `heartbeats`.
    Heartbeats,
    /// The setting `system-users`.
    SystemUsers,
    /// The setting `mysql-aux`.
    MysqlAux,
    /// A rule.
    Rule {
        /// Its place in `rules`.
        index: usize,
        /// Its name, or the title of the Sigma rule.
        name: Option<String>,
    },
    /// No rule matched: the setting `otherwise`.
    Otherwise,
}

/// As JSON; `wit/decoder.wit` has the shape.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the component's"))]
pub(crate) fn explanation(explained: &Result<Vec<Explained>, Failure>) -> Value {
    let entry = |event: &Explained| {
        let redacted = event.redacted.iter();
        let redacted = redacted.map(|done| json!({ "field": done.field, "action": done.action.name() }));
        json!({
            "index": event.index,
            "kept": event.kept,
            "by": event.by.to_string(),
            "route": event.route,
            "redacted": redacted.collect::<Value>(),
        })
    };
    match explained {
        Ok(events) => json!({ "events": events.iter().map(entry).collect::<Value>() }),
        Err(failure) => json!({ "failure": {
            "stage": failure.stage.as_str(),
            "reason": failure.reason.as_str(),
            "detail": failure.detail,
            "retryable": failure.is_retryable(),
        } }),
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Heartbeats => f.write_str("heartbeats"),
            Cause::SystemUsers => f.write_str("system-users"),
            Cause::MysqlAux => f.write_str("mysql-aux"),
            Cause::Rule { index, name: None } => write!(f, "rules[{index}]"),
            Cause::Rule { index, name: Some(name) } => write!(f, "rules[{index}] ({name})"),
            Cause::Otherwise => f.write_str("otherwise"),
        }
    }
}
