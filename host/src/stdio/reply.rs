//! The form of an answer. Each is one line of JSON, and each says of every record what became of it.

use std::borrow::Cow;

use serde::Serialize;

use super::Answer;
use crate::Failure;

/// The forms of an answer, `E` an event:
///
/// - `Array`: `[E,E]`, `[]` when nothing is left. What failed stands among them as
///   `{"dastap_error":{"stage":..,"reason":..,"detail":..,"retryable":..},"record":"<as it came>"}`
/// - `Line`: `{"events":[E,E],"failed":[..]}`, `failed` only when something failed
/// - `Rsyslog`: `{"$!":{"dastap":{"events":[E,E],"failed":[..]}}}`, what `mmexternal` adds to a message: `foreach` goes
///   through `$!dastap!events`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// For `unarchive` of Redpanda Connect and everything else that turns an array into messages.
    Array,
    /// For scripts.
    Line,
    /// For `mmexternal`.
    Rsyslog,
}

#[derive(Serialize)]
struct Failed<'a> {
    dastap_error: Reason<'a>,
    record: Cow<'a, str>,
}

#[derive(Serialize)]
struct Reason<'a> {
    stage: &'static str,
    reason: &'a str,
    detail: &'a str,
    retryable: bool,
}

impl Reply {
    /// The answer, without the end of the line.
    pub(super) fn text(self, answer: &Answer) -> String {
        // Events are lines of the decoder and go out as they are.
        let events = joined(answer.events.lines());
        let failed: Vec<String> = answer.failed.iter().map(|(failure, record)| json(failure, record)).collect();
        let failed = joined(failed.iter().map(String::as_str));
        match self {
            Reply::Array => match (events.is_empty(), failed.is_empty()) {
                (false, false) => format!("[{events},{failed}]"),
                _ => format!("[{events}{failed}]"),
            },
            Reply::Line => object(&events, &failed),
            Reply::Rsyslog => format!(r#"{{"$!":{{"dastap":{}}}}}"#, object(&events, &failed)),
        }
    }
}

fn object(events: &str, failed: &str) -> String {
    match failed.is_empty() {
        true => format!(r#"{{"events":[{events}]}}"#),
        false => format!(r#"{{"events":[{events}],"failed":[{failed}]}}"#),
    }
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(part);
    }
    text
}

fn json(Failure { stage, reason, detail, retryable }: &Failure, record: &[u8]) -> String {
    let dastap_error = Reason { stage: stage.as_str(), reason, detail, retryable: *retryable };
    let failed = Failed { dastap_error, record: String::from_utf8_lossy(record) };
    serde_json::to_string(&failed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    fn answer(events: &str, failed: usize) -> Answer {
        let failure =
            || Failure { stage: Stage::Key, reason: "refused".into(), detail: "\"no\"".into(), retryable: false };
        Answer { events: events.into(), failed: (0..failed).map(|_| (failure(), b"{\"a\":1}".to_vec())).collect() }
    }

    #[test]
    fn answers_are_one_line_of_json_each() {
        let failed = r#"{"dastap_error":{"stage":"key","reason":"refused","detail":"\"no\"","retryable":false},"record":"{\"a\":1}"}"#;
        let two = "{\"n\":1}\n{\"n\":2.0}\n";
        assert_eq!(Reply::Array.text(&answer(two, 0)), r#"[{"n":1},{"n":2.0}]"#);
        assert_eq!(Reply::Array.text(&answer("", 0)), "[]");
        assert_eq!(Reply::Array.text(&answer("{\"n\":1}\n", 1)), format!("[{{\"n\":1}},{failed}]"));
        assert_eq!(Reply::Array.text(&answer("", 2)), format!("[{failed},{failed}]"));
        assert_eq!(Reply::Line.text(&answer(two, 0)), r#"{"events":[{"n":1},{"n":2.0}]}"#);
        assert_eq!(
            Reply::Rsyslog.text(&answer("", 1)),
            format!(r#"{{"$!":{{"dastap":{{"events":[],"failed":[{failed}]}}}}}}"#)
        );
    }
}
