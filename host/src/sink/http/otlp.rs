//! OTLP/HTTP logs as JSON: one log record for each event, its line the body.
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

use std::io::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Judgement;
use super::event::Event;

const BEFORE: &str = concat!(
    r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"dastap"}}]},"#,
    r#""scopeLogs":[{"scope":{"name":"dastap","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"logRecords":["#
);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time_unix_nano: Option<String>,
    observed_time_unix_nano: &'a str,
    severity_number: u8,
    body: Text<'a>,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'static str,
    value: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "stringValue")]
    text: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    partial_success: PartialSuccess,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartialSuccess {
    /// 64-bit numbers are texts in JSON, but not everywhere.
    rejected_log_records: Value,
}

/// `INFO`: what an audit event means is not for a transport to say.
const SEVERITY: u8 = 9;

/// One export request.
pub(super) fn encode(events: &[Event<'_>], body: &mut Vec<u8>) {
    let observed = Timestamp::now().as_nanosecond().to_string();
    body.extend_from_slice(BEFORE.as_bytes());
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let facts = event.facts();
        let (id, cluster, instance) = (facts.id(), facts.cluster(), facts.instance());
        let attributes = [
            ("event.id", id.as_deref()),
            ("aws.rds.cluster.id", cluster.as_deref()),
            ("aws.rds.instance.id", instance.as_deref()),
            ("dastap.route", Some(event.route)),
        ];
        let attribute = |(key, text): (_, Option<_>)| text.map(|text| Attribute { key, value: Text { text } });
        let record = LogRecord {
            time_unix_nano: facts.time().map(|time| time.as_nanosecond().to_string()),
            observed_time_unix_nano: &observed,
            severity_number: SEVERITY,
            body: Text { text: event.line },
            attributes: attributes.into_iter().filter_map(attribute).collect(),
        };
        // Writing into memory cannot fail.
        let _ = serde_json::to_writer(&mut *body, &record);
    }
    let _ = body.write_all(b"]}]}]}");
}

/// A success that may have left some out, without a word on which.
pub(super) fn judge(body: &[u8]) -> Judgement {
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    let rejected = match answer.partial_success.rejected_log_records {
        Value::Number(number) => number.as_u64().unwrap_or(0),
        Value::String(text) => text.parse().unwrap_or(0),
        _ => 0,
    };
    match rejected {
        0 => Judgement::Accepted,
        rejected => Judgement::Refused(format!("answered partial success, {rejected} events rejected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_log_record_holds_the_event_as_text() {
        let line = r#"{"eventId":"ab-1","clusterId":"cluster-A","logTime":"2021-06-04 02:12:05.5+00"}"#;
        let mut body = vec![];
        encode(&[Event { line, route: "ddl" }, Event { line: "{}", route: "x" }], &mut body);
        let request: Value = serde_json::from_slice(&body).unwrap();
        let records = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
        let [first, second] = [&records[0], &records[1]];
        assert_eq!(first["body"], json!({ "stringValue": line }));
        assert_eq!(first["timeUnixNano"], "1622772725500000000");
        let attribute = |key, text| json!({ "key": key, "value": { "stringValue": text } });
        let attributes = [("event.id", "ab-1"), ("aws.rds.cluster.id", "cluster-A"), ("dastap.route", "ddl")];
        assert_eq!(first["attributes"], json!(attributes.map(|(key, text)| attribute(key, text))));
        assert_eq!(
            (second.get("timeUnixNano"), &second["attributes"]),
            (None, &json!([attribute("dastap.route", "x")]))
        );
    }

    #[test]
    fn a_partial_success_is_not_a_success() {
        for body in ["", "{}", r#"{"partialSuccess":{}}"#, r#"{"partialSuccess":{"errorMessage":"slow down"}}"#] {
            assert_eq!(judge(body.as_bytes()), Judgement::Accepted, "{body}");
        }
        for body in
            [r#"{"partialSuccess":{"rejectedLogRecords":"2"}}"#, r#"{"partialSuccess":{"rejectedLogRecords":2}}"#]
        {
            assert!(matches!(judge(body.as_bytes()), Judgement::Refused(why) if why.contains("2 events")), "{body}");
        }
    }
}
