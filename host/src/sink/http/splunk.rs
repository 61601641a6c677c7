//! Splunk's HTTP Event Collector: <https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector>.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Judgement};
use super::event::Event;

/// What stands around every event.
#[derive(Debug)]
pub(super) struct Encoder {
    pub(super) sourcetype: String,
}

#[derive(Serialize)]
struct Around<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    source: &'static str,
    sourcetype: &'a str,
    fields: Fields<'a>,
}

/// Indexed fields.
#[derive(Serialize)]
struct Fields<'a> {
    route: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: Option<u32>,
}

impl Encoder {
    /// Objects back to back, as the collector takes them.
    pub(super) fn encode(&self, events: &[Event<'_>], body: &mut Vec<u8>) {
        for event in events {
            let facts = event.facts();
            let host = facts.instance();
            let around = Around {
                host: host.as_deref(),
                source: "dastap",
                sourcetype: &self.sourcetype,
                fields: Fields { route: event.route },
            };
            // Writing into memory cannot fail.
            let _ = serde_json::to_writer(&mut *body, &around);
            body.pop();
            if let Some(time) = facts.time() {
                let (seconds, milliseconds) = (time.as_second(), time.subsec_millisecond());
                let _ = write!(body, ",\"time\":{seconds}.{milliseconds:03}");
            }
            let _ = writeln!(body, ",\"event\":{}}}", event.line);
        }
    }
}

/// The collector's own code tells what its status leaves open.
pub(super) fn judge(answer: &Answer, judgement: Judgement) -> Judgement {
    let code = serde_json::from_slice::<Reason>(&answer.body).unwrap_or_default().code;
    match (judgement, code) {
        // A wrong index and a missing or wrong channel belong to the token, not to an event.
        (Judgement::Refused(why), Some(code @ (7 | 10 | 11))) => {
            Judgement::Later(format!("{why} with code {code}: check the token's index and channel"), true)
        }
        (Judgement::Refused(why), Some(code)) => Judgement::Refused(format!("{why} with code {code}")),
        (judgement, _) => judgement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_event_has_its_own_time() {
        let event = |line| Event { line, route: "ddl" };
        let line = r#"{"instanceId":"db-B","logTime":"2021-06-04 02:12:05.649566+00","n":1.0}"#;
        let mut body = vec![];
        Encoder { sourcetype: "das".into() }.encode(&[event(line), event("{}")], &mut body);
        let body = String::from_utf8(body).unwrap();
        let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let around = json!({"source": "dastap", "sourcetype": "das", "fields": {"route": "ddl"}, "event": {}});
        assert_eq!(lines[1], around);
        assert_eq!((&lines[0]["host"], &lines[0]["time"]), (&json!("db-B"), &json!(1_622_772_725.649)));
        assert!(body.contains(line), "the event is untouched");
    }

    #[test]
    fn a_wrong_index_is_no_events_fault() {
        let judge = |code: u32| {
            let body = json!({"text": "..", "code": code}).to_string().into_bytes();
            let answer = Answer { status: reqwest::StatusCode::BAD_REQUEST, retry_after: None, body };
            judge(&answer, answer.judgement())
        };
        assert!(matches!(judge(7), Judgement::Later(_, true)));
        assert_eq!(judge(6), Judgement::Refused("answered 400 Bad Request with code 6".to_owned()));
    }
}
