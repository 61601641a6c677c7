//! Rules from their text to what leaves: the language by table, then what surrounds it.

mod conditions;
mod decisions;
mod engines;
mod errors;
mod language;
mod property;
mod routes;
mod sigma;

use serde_json::{Value, json};

use crate::{Decoded, Explained, KeyError, KeyRequest, Settings, Transform, Verdict};

fn keys(_: &KeyRequest) -> Result<Vec<u8>, KeyError> {
    panic!("nothing is encrypted")
}

fn open(settings: Value) -> Transform {
    Transform::open(Settings::from_value(settings).unwrap()).unwrap()
}

/// A record that carries these events.
fn record(events: &[Value]) -> String {
    let list: Vec<String> = events.iter().map(Value::to_string).collect();
    record_of(&format!(r#"{{"clusterId":"c","instanceId":"i","databaseActivityEventList":[{}]}}"#, list.join(",")))
}

fn record_of(document: &str) -> String {
    format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{document}}}"#)
}

fn decode(transform: &mut Transform, record: &str) -> Decoded {
    match transform.decode(&[record], None, &mut keys).pop() {
        Some(Verdict::Decoded(decoded)) => decoded,
        other => panic!("{other:?}"),
    }
}

fn explain(settings: Value, events: &[Value]) -> Vec<Explained> {
    open(settings).explain(&record(events), None, &mut keys).unwrap()
}

/// The Sigma selection matches the event.
fn matches(selection: &Value, event: &Value) -> bool {
    let settings = json!({ "heartbeats": "keep", "otherwise": "drop", "rules": [{ "keep": selection }] });
    decode(&mut open(settings), &record(std::slice::from_ref(event))).kept == 1
}

/// The Sigma detection matches the event.
fn detects(detection: &Value, event: &Value) -> bool {
    let rule = json!({ "title": "test", "detection": detection });
    let settings = json!({ "otherwise": "drop", "rules": [{ "sigma": [rule] }] });
    decode(&mut open(settings), &record(std::slice::from_ref(event))).kept == 1
}

fn refusal(settings: Value) -> String {
    Settings::from_value(settings.clone()).expect_err(&settings.to_string())
}
