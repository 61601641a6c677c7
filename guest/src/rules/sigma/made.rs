//! Fields that no event has but that follow from what it has: `outcome`, `time`, `durationMs`.

use std::fmt::Write;

use super::matcher::Scalar;
use crate::fields::Fields;
use crate::meaning::{Engine, Evidence, Span, Time, outcome};

/// A field that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// `success`, `failure`, `unknown`: what the engine means with its exit code.
    Outcome,
    /// When the event was written, as RFC 3339 in UTC.
    Time,
    /// How long the statement took in whole milliseconds, where the engine says so.
    DurationMs,
}

impl Made {
    /// The field of this name. It goes before a member of the event that has the same name.
    pub(super) fn named(name: &str) -> Option<Made> {
        match name {
            "outcome" => Some(Made::Outcome),
            "time" => Some(Made::Time),
            "durationMs" => Some(Made::DurationMs),
            _ => None,
        }
    }

    /// What it is made of.
    pub(super) fn paths(self) -> &'static [&'static str] {
        match self {
            Made::Outcome => &["serverType", "dbProtocol", "command", "exitCode", "errorMessage"],
            Made::Time => &["logTime"],
            Made::DurationMs => &["serverType", "dbProtocol", "startTime", "endTime", "logTime", NATIVE_DURATION],
        }
    }
}

const NATIVE_DURATION: &str = "engineNativeAuditFields.duration_milliseconds";

/// Writes the value into `text`; none where it cannot be known. What these fields are read from is never written with
/// escapes, and of an error message only that there is one counts: bodies are taken as they stand.
pub(super) fn make(made: Made, fields: &Fields<'_, '_>, text: &mut String) -> Option<Scalar> {
    let body = |name: &str| fields.get(name).and_then(|field| field.body());
    let engine = || Engine::of(body("serverType"), body("dbProtocol"));
    match made {
        Made::Outcome => {
            let evidence = Evidence {
                command: body("command"),
                exit_code: fields.get("exitCode").map(|field| field.raw()),
                error_message: body("errorMessage"),
            };
            text.push_str(outcome(engine(), &evidence).as_str());
            Some(Scalar::Text)
        }
        Made::Time => {
            Time::parse(body("logTime")?)?.write_rfc3339(text);
            Some(Scalar::Text)
        }
        Made::DurationMs => {
            let native = fields.path(NATIVE_DURATION);
            let span = Span {
                start: body("startTime"),
                end: body("endTime"),
                log: body("logTime"),
                native_milliseconds: native.map(|field| field.raw()),
            };
            let milliseconds = span.duration(engine())?.checked_div(1_000_000)?;
            let _ = write!(text, "{milliseconds}");
            Some(Scalar::Number)
        }
    }
}
