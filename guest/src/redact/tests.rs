//! Redaction as a sink sees it: only what is named changes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{Settings, Transform, Verdict};

const KEY: &str = "a key of the tests, no other";

fn transform(settings: Value) -> Transform {
    Transform::open(Settings::from_value(settings).unwrap()).unwrap()
}

fn record(document: &str) -> String {
    format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{document}}}"#)
}

fn document(list: &str) -> String {
    format!(r#"{{"clusterId":"c","instanceId":"i","databaseActivityEventList":[{list}]}}"#)
}

fn no_keys(_: &crate::KeyRequest) -> Result<Vec<u8>, crate::KeyError> {
    panic!("nothing is encrypted")
}

fn decode(transform: &mut Transform, document: &str) -> String {
    let verdicts = transform.decode(&[record(document)], None, &mut no_keys);
    let [Verdict::Decoded(decoded)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    decoded.outputs.iter().map(|output| output.lines.as_str()).collect()
}

/// An event as shape `event` prints it, without what stands in front.
fn redacted(redact: Value, event: &str) -> String {
    let line = decode(&mut transform(json!({ "redact": redact, "redact-key": KEY })), &document(event));
    serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let (_, members) = line.split_once(r#""instanceId":"i""#).unwrap();
    format!("{{{}", members.strip_prefix(',').unwrap_or(members).trim_end_matches('\n'))
}

#[test]
fn a_mask_hides_every_kind_of_value() {
    for (value, expected) in [
        (r#""x""#, r#""***""#),
        ("12.50", r#""***""#),
        ("true", r#""***""#),
        (r#"["a",1]"#, r#""***""#),
        (r#"{"a":{"b":1}}"#, r#""***""#),
        ("null", "null"),
        (r#""""#, r#""""#),
        ("[]", "[]"),
    ] {
        let event = |value: &str| format!(r#"{{ "class":"A" , "pid" : {value} ,"x":1.0}}"#);
        let expected = event(expected).replace("{ \"class", "{\"class").replace("{\"class", "{ \"class");
        assert_eq!(redacted(json!({ "pid": "mask" }), &event(value)), expected);
    }
}

#[test]
fn a_dropped_member_takes_one_comma_with_it() {
    let drop = |names: &[&str]| names.iter().map(|name| (name.to_string(), json!("drop"))).collect::<Map<_, _>>();
    for (names, event, expected) in [
        (&["pid"][..], r#"{"pid":1,"class":2,"type":3}"#, r#"{"class":2,"type":3}"#),
        (&["class"], r#"{"pid":1,"class":2,"type":3}"#, r#"{"pid":1,"type":3}"#),
        (&["type"], r#"{"pid":1,"class":2,"type":3}"#, r#"{"pid":1,"class":2}"#),
        (&["class", "type"], r#"{"pid":1,"class":2,"type":3}"#, r#"{"pid":1}"#),
        (&["pid", "class"], r#"{"pid":1,"class":2,"type":3}"#, r#"{"type":3}"#),
        (&["pid", "type"], r#"{"pid":1,"class":2,"type":3}"#, r#"{"class":2}"#),
        (&["pid", "class", "type"], r#"{"pid":1,"class":2,"type":3}"#, "{}"),
        (&["type"], r#"{ "pid" : 1 , "type" : 3 }"#, r#"{ "pid" : 1  }"#),
        (&["pid"], r#"{ "pid" : 1 , "type" : 3 }"#, r#"{ "type" : 3 }"#),
        (&["dbid.a"], r#"{"dbid":{"a":1},"x":2}"#, r#"{"dbid":{},"x":2}"#),
        (&["dbid.b"], r#"{"dbid":{"a":1 , "b":[{}]},"x":2}"#, r#"{"dbid":{"a":1 },"x":2}"#),
    ] {
        assert_eq!(redacted(Value::Object(drop(names)), event), expected, "{names:?}");
    }
}

#[test]
fn what_is_inside_is_found_wherever_a_reader_may_find_it() {
    let mask = json!({ "engineNativeAuditFields.a.b": "mask" });
    for (event, expected) in [
        (
            r#"{"engineNativeAuditFields":{"a":{"b":1,"c":2}}}"#,
            r#"{"engineNativeAuditFields":{"a":{"b":"***","c":2}}}"#,
        ),
        (r#"{"engineNativeAuditFields":{"a.b":1,"a":7}}"#, r#"{"engineNativeAuditFields":{"a.b":"***","a":7}}"#),
        (r#"{"engineNativeAuditFields.a.b":1}"#, r#"{"engineNativeAuditFields.a.b":"***"}"#),
        (r#"{"engineNativeAuditFields":{"\u0061":{"b":1}}}"#, r#"{"engineNativeAuditFields":{"\u0061":{"b":"***"}}}"#),
        (r#"{"engineNativeAuditField\u0073":{"a":{"b":1}}}"#, r#"{"engineNativeAuditField\u0073":{"a":{"b":"***"}}}"#),
        (r#"{"engineNativeAuditFields":{"a":[{"b":1}]}}"#, r#"{"engineNativeAuditFields":{"a":[{"b":1}]}}"#),
    ] {
        assert_eq!(redacted(mask.clone(), event), expected);
    }
    // Readers disagree about equal names: none may stay.
    assert_eq!(
        redacted(json!({"pid":"mask"}), r#"{"pid":1,"p\u0069d":2,"pid":3}"#),
        r#"{"pid":"***","p\u0069d":"***","pid":"***"}"#
    );
    assert_eq!(redacted(json!({"pid":"drop"}), r#"{"pid":1,"x":5,"p\u0069d":2}"#), r#"{"x":5}"#);
    // The outer one of two counts.
    let both = json!({ "dbid": "mask", "dbid.a": "drop" });
    assert_eq!(redacted(both, r#"{"dbid":{"a":1},"pid":2}"#), r#"{"dbid":"***","pid":2}"#);
}

#[test]
fn a_hash_is_hmac_sha256() {
    // Of "value" under KEY, from another implementation.
    let expected = "\"".to_string() + HASH_OF_VALUE + "\"";
    for (value, expected) in
        [(r#""value""#, expected.as_str()), (r#""\u0076alue""#, expected.as_str()), ("null", "null")]
    {
        assert_eq!(
            redacted(json!({"pid":"hash"}), &format!(r#"{{"pid":{value}}}"#)),
            format!(r#"{{"pid":{expected}}}"#)
        );
    }
    let number = redacted(json!({"pid":"hash"}), r#"{"pid":12}"#);
    assert_eq!(number, redacted(json!({"pid":"hash"}), r#"{"pid":"12"}"#));
}

const HASH_OF_VALUE: &str = "47899b00c71319985cbfe1177866e8492f069b741054d1333eb270c2b06f03f1";

#[test]
fn a_truncated_text_tells_what_it_was() {
    let truncate = |value: &str, most: u32| {
        let event = redacted(json!({"pid":{"truncate":most}}), &format!(r#"{{"pid":{value}}}"#));
        serde_json::from_str::<Value>(&event).unwrap()["pid"].clone()
    };
    assert_eq!(truncate(r#""abc""#, 3), json!("abc"));
    assert_eq!(truncate("12345", 5), json!(12345));
    assert_eq!(truncate("null", 0), Value::Null);
    let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(truncate(r#""abc""#, 2), json!(format!("ab... (3 bytes, sha256 {sha})")));
    assert_eq!(truncate(r#""\u0061bc""#, 0), json!(format!("... (3 bytes, sha256 {sha})")));
    assert!(truncate(r#""é☃😀\"\n""#, 4).as_str().unwrap().starts_with("é☃😀\"... (11 bytes, sha256 "));
    assert!(truncate("[1,2,3]", 2).as_str().unwrap().starts_with("[1... (7 bytes, sha256 "));
}

#[test]
fn sql_is_read_in_the_dialect_of_the_engine() {
    let sql = |text: &str, more: &str| {
        let event = json!({ "commandText": text }).to_string();
        let event = format!("{}{more}}}", event.strip_suffix('}').unwrap());
        let event = redacted(json!({ "commandText": "sql-literals" }), &event);
        serde_json::from_str::<Value>(&event).unwrap()["commandText"].as_str().unwrap().to_string()
    };
    for (server, text, expected) in [
        ("PostgreSQL", "SELECT $$x$$, \"a\"\n, 'b'", "SELECT ?, \"a\"\n, ?"),
        ("MySQL", "SELECT \"x\", `a` # b", "SELECT ?, `a` ?"),
        ("oracle", "SELECT q'[it's]' FROM dual", "SELECT ? FROM dual"),
        ("ORACLE", "ALTER USER u IDENTIFIED BY tiger", "ALTER USER u IDENTIFIED BY ?"),
        ("SQLSERVER", "SELECT [a] FROM t WHERE b = N'x'", "SELECT [a] FROM t WHERE b = ?"),
        ("SQLSERVER", "SELECT 'cut of", "*** (14 bytes)"),
        ("Unheard of", "SELECT a", "*** (8 bytes)"),
        ("PostgreSQL", "", ""),
        ("PostgreSQL", "COMMIT", "COMMIT"),
    ] {
        assert_eq!(sql(text, &format!(r#","serverType":"{server}""#)), expected);
    }
    assert_eq!(sql("SELECT 1", ""), "*** (8 bytes)");
    assert_eq!(sql("SELECT 1", r#","dbProtocol":"Postgres 3.0""#), "SELECT ?");
    // The rest of a long statement: it may start inside a string.
    let part = |number: &str| sql("secret', b", &format!(r#","serverType":"SQLSERVER","substatementId":{number}"#));
    assert_eq!((part("2"), part("\"17\"")), ("*** (10 bytes)".to_string(), "*** (10 bytes)".to_string()));
    let first = |number: &str| sql("SELECT b", &format!(r#","serverType":"SQLSERVER","substatementId":{number}"#));
    assert_eq!((first("1"), first("null")), ("SELECT b".to_string(), "SELECT b".to_string()));
    // What is no text.
    for (value, expected) in [("null", "null"), ("7", r#""***""#), (r#"["SELECT 1"]"#, r#""***""#)] {
        let event = |value| format!(r#"{{"commandText":{value},"serverType":"MySQL"}}"#);
        assert_eq!(redacted(json!({ "commandText": "sql-literals" }), &event(value)), event(expected));
    }
}

#[test]
fn an_event_that_nothing_is_named_of_stays_as_it_is() {
    let settings = json!({ "redact": "sql", "heartbeats": "keep" });
    for document in [
        r#"{"databaseActivityEventList": [ {"type":"heartbeat"}, {"a":1.0 ,"\u0062":[ ]} ] ,"x":"y"}"#,
        "{\"databaseActivityEventList\":[{\"commandText\":\"COMM\\u0049T\", \"serverType\" : \"MySQL\"}]}",
    ] {
        let plain = decode(&mut transform(json!({ "heartbeats": "keep" })), document);
        let same = decode(&mut transform(settings.clone()), document);
        // An escape is written in its shortest form where a statement has been read.
        assert_eq!(same.replace("COMMIT", "COMM\\u0049T"), plain);
    }
}

#[test]
fn both_shapes_show_the_same() {
    let list =
        r#"{"class":"A", "commandText":"SELECT 'x'","serverType":"MySQL"} ,  {"class":"B"},{"class":"C","pid":5}"#;
    let settings = |shape: &str, rules: Value| json!({ "redact": { "commandText": "sql-literals", "pid": "drop" }, "shape": shape, "rules": rules });
    let text = document(&format!("{list}\n"));
    let whole = decode(&mut transform(settings("envelope", json!([]))), &text);
    let expected = text.replace("'x'", "?").replace(",\"pid\":5", "").replace('\n', " ") + "\n";
    assert_eq!(whole, expected);
    let rules = json!([{ "drop": { "class": "B" } }]);
    let some = decode(&mut transform(settings("envelope", rules.clone())), &text);
    assert!(some.contains(r#"[{"class":"A", "commandText":"SELECT ?","serverType":"MySQL"},{"class":"C"}]"#), "{some}");
    let lines = decode(&mut transform(settings("event", rules)), &text);
    assert!(lines.contains(r#""class":"A", "commandText":"SELECT ?","serverType":"MySQL"}"#), "{lines}");
    assert!(lines.ends_with("\"instanceId\":\"i\",\"class\":\"C\"}\n"), "{lines}");
}

#[test]
fn what_was_done_is_counted_and_explained() {
    let mut transform = transform(json!({
        "redact": { "commandText": "sql-literals", "pid": "drop", "remoteHost": "hash", "errorMessage": "mask" },
        "redact-key": KEY,
        "rules": [{ "drop": { "class": "B" } }],
    }));
    let list = r#"{"class":"A","commandText":"SELECT 'secret'","serverType":"MySQL","pid":5},
        {"class":"B","pid":6},{"class":"C","commandText":"'secret","errorMessage":"secret","remoteHost":"secret"}"#;
    let text = document(list);
    let explained = transform.explain(&record(&text), None, &mut no_keys).unwrap();
    let fields = |index: usize| {
        let redacted = explained[index].redacted.iter();
        redacted.map(|redaction| format!("{} {}", redaction.field, redaction.action.name())).collect::<Vec<_>>()
    };
    assert_eq!(fields(0), ["commandText sql-literals", "pid drop"]);
    assert!(fields(1).is_empty());
    assert_eq!(fields(2), ["commandText sql-literals", "errorMessage mask", "remoteHost hash"]);
    assert!(!format!("{explained:?}").contains("secret"));
    assert!(transform.counts().is_empty());
    assert!(!decode(&mut transform, &text).contains("secret"));
    let counts = transform.counts();
    let count = |name: &str| counts.iter().find(|count| count.name == name).map(|count| count.value);
    assert_eq!(count("redacted.sql-literals"), Some(2));
    assert_eq!(count("redacted.unreadable"), Some(1));
    assert_eq!(count("redacted.drop"), Some(1));
    assert_eq!(count("redacted.hash"), Some(1));
    assert_eq!(count("redacted.mask"), Some(1));
    assert_eq!(count("redacted.truncate"), None);
}

/// JSON values of all kinds.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab.]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_event_stays_itself_but_for_what_is_named(
        members in prop::collection::btree_map("class|pid|dbid|type|x|commandText|\"\\\\", values(), 0..6),
        actions in prop::collection::btree_map(
            r"class|pid|dbid|dbid\.a|dbid\.a\.b|commandText",
            prop_oneof![Just("drop"), Just("mask"), Just("hash"), Just("sql-literals")],
            1..4,
        ),
        pretty in any::<bool>(),
    ) {
        let members: Map<String, Value> = members.into_iter().collect();
        let event = Value::Object(members.clone());
        let text = if pretty { serde_json::to_string_pretty(&event).unwrap() } else { event.to_string() };
        let settings = json!({ "redact": actions, "redact-key": KEY, "heartbeats": "keep" });
        let line = decode(&mut transform(settings), &document(&text));
        let Value::Object(mut shown) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        for name in ["eventId", "clusterId", "instanceId"] {
            shown.remove(name);
        }
        for (name, value) in &members {
            match actions.get(name.as_str()) {
                Some(&"drop") => prop_assert!(!shown.contains_key(name)),
                Some(_) => prop_assert!(shown.contains_key(name)),
                None if name == "dbid" => {}
                None => prop_assert_eq!(shown.get(name), Some(value)),
            }
        }
        prop_assert!(shown.keys().all(|name| members.contains_key(name)));
    }
}

#[test]
fn a_large_document_is_redacted_like_any_other() {
    use std::io::Write;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use crate::esdk::sample::{Sample, WRAPPING_KEY};

    // Large enough for lines that take the document's place when nothing is redacted.
    let event = format!(r#"{{"commandText":"SELECT 'secret'","serverType":"MySQL","x":"{}"}}"#, "é".repeat(3 << 20));
    let document = document(&[event.as_str(); 2].join(","));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(document.as_bytes()).unwrap();
    let message = Sample { plaintext: gzip.finish().unwrap(), ..Sample::default() }.message();
    let message = STANDARD.encode(message);
    let record = format!(
        r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":"{message}","key":"YmxvYg=="}}"#
    );
    let mut keys = |_: &crate::KeyRequest| -> Result<Vec<u8>, crate::KeyError> { Ok(WRAPPING_KEY.to_vec()) };
    for (redact, secrets) in [(json!({}), 2), (json!("sql"), 0)] {
        let mut transform = transform(json!({ "redact": redact, "resources": ["cluster-A"] }));
        let merged = transform.decode_merged(&[&record], None, &mut keys);
        assert_eq!((merged.failures.len(), merged.kept), (0, 2));
        assert_eq!(merged.outputs[0].lines.matches("secret").count(), secrets);
        assert_eq!(merged.outputs[0].lines.matches("SELECT ?").count(), 2 - secrets);
    }
}

#[test]
fn many_equal_names_cost_little() {
    let event = format!(r#"{{{}}}"#, vec![r#""pid":1"#; 200_000].join(","));
    for action in ["hash", "mask", "drop"] {
        let line = redacted(json!({ "pid": action }), &event);
        assert!(!line.contains(":1") && line.len() < event.len() * 2);
    }
}
