//! Lines are the same wherever they are made, and those that do not fit fail, whole.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{LARGE, Origin, Shaped};
use crate::counts::Tally;
use crate::events::{Document, Noted};
use crate::outputs::Outputs;
use crate::redact::{Redacted, Redactor};
use crate::rules::Rules;
use crate::shape::engines::DOCUMENTS;
use crate::verdict::Output;
use crate::{Failure, Merged, Reason, Settings, Stage, Transform, Verdict};

/// A document that was read and decided about, with its settings.
struct Case {
    document: String,
    settings: Settings,
}

/// Lines, and what was counted while they were written.
type Made = (Vec<Output>, Redacted);

impl Case {
    fn new(document: &str, settings: &Value) -> Self {
        Case { document: document.to_string(), settings: Settings::from_value(settings.clone()).unwrap() }
    }

    /// Writes the lines; `write` does what it is about.
    fn make(
        &self,
        write: impl FnOnce(&Shaped<'_>, &mut Redactor, &mut Outputs) -> Result<Option<super::Plan>, Failure>,
    ) -> Made {
        let (mut events, mut rules) = (Vec::new(), Rules::open(&self.settings).unwrap());
        let mut noted = rules.noted();
        let document = Document::read(&self.document, 64, 100_000, &mut events, &mut noted).unwrap();
        let (mut outputs, mut redactor) = (Outputs::default(), Redactor::new(&self.settings));
        outputs.mark();
        rules.decide(&document, &events, &noted, &mut outputs, &mut Tally::default());
        let (events, settings, rules) = (events.as_slice(), &self.settings, &rules);
        let (document, length, count) = (&document, self.document.len(), outputs.count());
        let (id, version) = ("0123", Some("1.1"));
        let shaped = Shaped { document, length, id, events, rules, outputs: count, last: 0, version, settings };
        if let Some(plan) = write(&shaped, &mut redactor, &mut outputs).unwrap() {
            let mut buffer = self.document.clone().into_bytes();
            let origin = Origin { id, events, rules, version, settings };
            plan.write(&origin, &mut redactor, &mut buffer, &mut outputs).unwrap();
            assert_eq!((buffer.capacity(), plan.document().cluster), (0, document.cluster));
        }
        (outputs.into_list(), redactor.take_counts())
    }

    /// All ways to the same lines.
    fn check(&self) {
        let beside = self.make(|shaped, redactor, outputs| shaped.write(redactor, outputs, true));
        for in_place in [false, true] {
            let measured = self.make(|shaped, redactor, outputs| {
                let plan = shaped.write_measured(redactor, outputs, in_place)?;
                assert_eq!(plan.is_some(), in_place);
                if let Some(plan) = &plan {
                    let moved = self.document.len() + plan.shift;
                    assert!(plan.room >= moved && plan.shift <= plan.room, "{plan:?}");
                }
                Ok(plan)
            });
            assert!(measured == beside, "{}: {measured:?}\n{beside:?}", self.document);
        }
    }
}

/// Rules that keep, drop, send elsewhere, and mark.
fn rules() -> [Value; 4] {
    let sigma = |keyword: &str| json!({ "title": keyword, "detection": { "k": [keyword], "condition": "k" } });
    [
        json!([]),
        json!([{ "drop": { "class": "READ" } }, { "sigma": [sigma("secret"), sigma("é")] }]),
        json!([{ "keep": { "type": "record" }, "route": "{class}" }]),
        json!([{ "sigma": [sigma("SELECT")], "route": "{command}" }, { "drop": { "class": "MAIN" } }]),
    ]
}

fn redactions() -> [Value; 4] {
    [
        json!({}),
        json!({ "commandText": "sql-literals", "dbUserName": "mask", "pid": "hash", "objectName": "mask" }),
        json!({ "objectType": "drop", "paramList": "drop", "type": "drop", "commandText": { "truncate": 4 } }),
        json!({ "sessionId": "hash", "rowCount": "hash", "remotePort": "hash", "objectName": "hash", "engineNativeAuditFields.a": "drop" }),
    ]
}

fn settings() -> impl Strategy<Value = Value> {
    let shapes = prop::sample::select(vec!["event", "envelope", "ocsf", "ecs"]);
    let (rules, redactions) = (prop::sample::select(rules().to_vec()), prop::sample::select(redactions().to_vec()));
    let keep = prop::sample::select(vec!["keep", "drop"]);
    (shapes, any::<bool>(), rules, redactions, keep).prop_map(|(shape, raw, rules, redact, keep)| {
        let key = "a key of the tests, no other";
        let shaped = json!({ "shape": shape, "raw": raw, "heartbeats": keep, "redact-key": key });
        let mut settings = shaped;
        settings["rules"] = rules;
        settings["redact"] = redact;
        settings
    })
}

/// Documents of few and many events, in one line and in many, with and without ids.
fn documents() -> impl Strategy<Value = String> {
    let long = format!(r#"{{"type":"record","class":"READ","commandText":"{}"}}"#, "é".repeat(3000));
    let heartbeat = format!(r#"{{"type":"heartbeat","x":"{}"}}"#, "x".repeat(2000));
    let mut events = vec![
        "{}".to_string(),
        "{ \n}".to_string(),
        r#"{"objectName":1}"#.to_string(),
        "{ \"type\" : \"record\",\n \"objectName\":[ 1,\r\n2 ] , \"class\":\"MAIN\"\n}".to_string(),
        r#"{"type":"record","x":"é","command":"b","sessionId":"\"\\"}"#.to_string(),
        long,
        heartbeat,
    ];
    for document in DOCUMENTS {
        let (mut list, mut noted) = (Vec::new(), Noted::default());
        let document = Document::read(document, 64, 1000, &mut list, &mut noted).unwrap();
        events.extend(list.iter().map(|event| document.event(event).to_string()));
    }
    let ids = prop::sample::select(vec![
        r#""clusterId":"c","instanceId":"i","#,
        "",
        "\"clusterId\":[\n],\"instanceId\":{\"a\":\r1},",
    ]);
    let separator = prop::sample::select(vec![",", " ,\n", ",  \r\n"]);
    let events = prop::collection::vec(prop::sample::select(events), 0..40);
    let ends = prop::sample::select(vec!["}", " , \"more\":[ ]\n}", " , \"z\":\"é\" }"]);
    (ids, events, separator, ends).prop_map(|(ids, events, separator, end)| {
        format!("{{{ids}\"databaseActivityEventList\":[{}]{end}", events.join(separator))
    })
}

proptest! {
    #[test]
    fn lines_are_the_same_wherever_they_are_made(document in documents(), settings in settings()) {
        Case::new(&document, &settings).check();
    }
}

#[test]
fn lines_of_many_tiny_events_grow_far_ahead_of_them() {
    let many = format!(r#"{{"databaseActivityEventList":[{}]}}"#, vec!["{}"; 5000].join(","));
    for shape in ["event", "envelope", "ocsf", "ecs"] {
        Case::new(&many, &json!({ "shape": shape, "raw": true })).check();
    }
}

fn decode_merged(settings: &Value, records: &[String]) -> Merged {
    let mut transform = Transform::open(Settings::from_value(settings.clone()).unwrap()).unwrap();
    let mut keys = |_: &crate::KeyRequest| -> Result<Vec<u8>, crate::KeyError> { panic!("nothing is encrypted") };
    transform.decode_merged(records, None, &mut keys)
}

fn record(event: &str, count: usize, id: &str) -> String {
    let list = vec![event; count].join(",");
    let document = format!(r#"{{"clusterId":"{id}","databaseActivityEventList":[{list}]}}"#);
    format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{document}}}"#)
}

#[test]
fn lines_that_do_not_fit_fail_and_leave_what_was_there() {
    let good = record("{}", 3, "c");
    let bad = record("{}", 100_000, &"c".repeat(900));
    for rules in [json!([]), json!([{ "keep": { "class": null }, "route": "x" }])] {
        let settings = &json!({ "rules": rules, "limits": { "plaintext": "1MiB" } });
        let merged = decode_merged(settings, &[good.clone(), bad.clone(), good.clone()]);
        let [(1, failure)] = merged.failures.as_slice() else { panic!("{:?}", merged.failures) };
        assert_eq!((failure.stage, failure.reason), (Stage::Events, Reason::TooLarge));
        assert!(failure.detail.contains("raise limits.plaintext"), "{failure}");
        assert_eq!((merged.kept, merged.outputs.len()), (6, 1));
        assert_eq!((merged.outputs[0].events, merged.outputs[0].lines.lines().count()), (6, 6));
        // More memory, and it decodes.
        let settings = &json!({ "rules": rules, "limits": { "plaintext": "64MiB" } });
        assert_eq!(decode_merged(settings, &[bad.replace(&"c".repeat(900), &"c".repeat(500))]).kept, 100_000);
    }
}

/// An estimate does not know how long redacted values are.
#[test]
fn lines_that_turn_out_to_be_large_are_made_again() {
    let event = format!("{{{}}}", vec![r#""pid":1"#; 16].join(","));
    let settings = &json!({ "redact": { "pid": "hash" }, "redact-key": "a key of the tests, no other" });
    let merged = decode_merged(settings, &[record(&event, 40_000, "c")]);
    assert_eq!((merged.failures.as_slice(), merged.kept), (&[][..], 40_000));
    let lines = &merged.outputs[0].lines;
    assert!(lines.len() > 2 * super::LARGE_LINES && lines.lines().all(|line| line.matches(r#""pid":""#).count() == 16));
}

#[test]
fn a_large_event_that_is_redacted_must_leave_room_for_itself() {
    let document = format!(r#"{{"databaseActivityEventList":[{{"commandText":"{}"}}]}}"#, "x".repeat(LARGE));
    let decoded = |settings: Value| {
        let record = format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{document}}}"#);
        let mut transform = Transform::open(Settings::from_value(settings).unwrap()).unwrap();
        let mut keys = |_: &crate::KeyRequest| -> Result<Vec<u8>, crate::KeyError> { panic!("nothing is encrypted") };
        match transform.decode(&[record], None, &mut keys).pop() {
            Some(Verdict::Decoded(decoded)) => Ok(decoded.outputs[0].lines.len()),
            Some(Verdict::Failed(failure)) => Err(failure),
            None => panic!("a verdict"),
        }
    };
    let limits = |plaintext: &str| json!({ "plaintext": plaintext });
    assert!(decoded(json!({ "limits": limits("1KiB") })).unwrap() > LARGE);
    assert!(decoded(json!({ "redact": { "pid": "mask" } })).unwrap() > LARGE);
    let rules = json!([{ "drop": ["nothing"] }]);
    assert!(decoded(json!({ "rules": rules })).unwrap() > LARGE);
    for settings in [json!({ "redact": { "pid": "mask" } }), json!({ "rules": rules }), json!({ "shape": "ecs" })] {
        let mut settings = settings;
        settings["limits"] = limits("1KiB");
        let failure = decoded(settings).unwrap_err();
        assert_eq!((failure.stage, failure.reason), (Stage::Events, Reason::TooLarge), "{failure}");
    }
}
