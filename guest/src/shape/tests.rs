//! Lines as a sink gets them: each event's own bytes, one line each, whatever the document looked like.

use serde_json::Value;

use crate::{Settings, Transform, Verdict};

const ID: &str = r#"{"eventId":"<id>-"#;

/// The lines of a record that carries this document, with the id replaced; how many were kept, dropped, heartbeats.
fn decode(settings: &str, document: &str) -> (String, [u32; 3]) {
    let mut transform = Transform::open(Settings::from_json(settings).unwrap()).unwrap();
    let record = format!(r#"{{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{document}}}"#);
    let mut keys = |_: &crate::KeyRequest| -> Result<Vec<u8>, crate::KeyError> { panic!("nothing is encrypted") };
    let verdicts = transform.decode(&[record], None, &mut keys);
    let [Verdict::Decoded(decoded)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    let lines: String = decoded.outputs.iter().map(|output| output.lines.as_str()).collect();
    assert_eq!(lines.lines().count(), decoded.outputs.iter().map(|output| output.events as usize).sum::<usize>());
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    (without_id(&lines), [decoded.kept, decoded.dropped, decoded.heartbeats])
}

/// The id is a digest of the record here: 32 digits.
fn without_id(lines: &str) -> String {
    let mut lines: Vec<String> = lines.split_inclusive('\n').map(str::to_string).collect();
    for line in &mut lines {
        if line.starts_with("{\"eventId\":\"") {
            line.replace_range(12..44, "<id>");
        }
    }
    lines.concat()
}

fn document(list: &str) -> String {
    format!(r#"{{"clusterId":"c","instanceId":"i","databaseActivityEventList":{list}}}"#)
}

/// The front of a line.
fn front(index: usize) -> String {
    format!(r#"{ID}{index}","clusterId":"c","instanceId":"i""#)
}

#[test]
fn an_event_leaves_as_it_came() {
    let events = [
        r#"{"a":1.0,"b":"\u003d\/","a":1E5 , "c" :[ {} ]}"#,
        r#"{"type":"record","x":"é☃😀\ud83d\ude00\"\\"}"#,
        r#"{"":-0}"#,
    ];
    let (lines, counts) = decode("{}", &document(&format!("[{}]", events.join(","))));
    let expected = events.iter().enumerate().map(|(index, event)| format!("{},{}\n", front(index), &event[1..]));
    assert_eq!(lines, expected.collect::<String>());
    assert_eq!(counts, [3, 0, 0]);
}

#[test]
fn an_event_without_members_gets_no_comma() {
    for event in ["{}", "{ }", "{\n}", "{\r\n \t}"] {
        let (lines, _) = decode("{}", &document(&format!("[{event}]")));
        let rest = event[1..].replace(['\n', '\r'], " ");
        assert_eq!(lines, format!("{}{rest}\n", front(0)));
    }
}

#[test]
fn line_breaks_between_tokens_become_blanks() {
    let event = "{\n  \"a\" :\r\n [1,\n2\r] ,\n\t\"b\":\"x\\ny\"\n}";
    let (lines, _) = decode("{}", &document(&format!("[\n{event}\n,\r{event}]\n")));
    let flat = event[1..].replace(['\n', '\r'], " ");
    assert_eq!(lines, format!("{},{flat}\n{},{flat}\n", front(0), front(1)));
    let pretty = include_str!("../../tests/documents/rds-sqlserver.json");
    assert_eq!(decode(r#"{"heartbeats":"keep"}"#, pretty).0.lines().count(), 2);
    let (lines, _) = decode(r#"{"shape":"envelope"}"#, pretty);
    assert_eq!(lines.matches('\n').count(), 1);
}

#[test]
fn the_origin_is_raw_too() {
    let text = "{\"clusterId\": \"\\u0063\\\"\" ,\"instanceId\":{\"a\":\n1},\"databaseActivityEventList\":[{\"x\":1}]}";
    let (lines, _) = decode("{}", text);
    assert_eq!(lines, format!("{ID}0\",\"clusterId\":\"\\u0063\\\"\",\"instanceId\":{{\"a\": 1}},\"x\":1}}\n"));
    let (lines, _) = decode("{}", r#"{"databaseActivityEventList":[{"x":1}]}"#);
    assert_eq!(lines, format!("{ID}0\",\"clusterId\":null,\"instanceId\":null,\"x\":1}}\n"));
}

#[test]
fn dropped_events_leave_their_index_behind() {
    let list = r#"[{"type":"heartbeat"},{"n":1},{"dbUserName":"rdsadmin"},{"n":3},{"type":"heartbeat"}]"#;
    let (lines, counts) = decode(r#"{"system-users":"drop"}"#, &document(list));
    assert_eq!(lines, format!("{},\"n\":1}}\n{},\"n\":3}}\n", front(1), front(3)));
    assert_eq!(counts, [2, 3, 2]);
    let (lines, counts) = decode(r#"{"heartbeats":"keep"}"#, &document(list));
    assert_eq!((lines.lines().count(), counts), (5, [5, 0, 2]));
}

#[test]
fn the_envelope_shape_cuts_dropped_events_out() {
    let drop = r#"{"shape":"envelope"}"#;
    let keep = r#"{"shape":"envelope","heartbeats":"keep"}"#;
    let (heartbeat, one, two) = (r#"{"type":"heartbeat"}"#, r#"{"n": 1}"#, r#"{"n":[2,{}]}"#);
    let cases: &[(&str, String, &str)] = &[
        (drop, format!("[{one},{two}]"), "[{\"n\": 1},{\"n\":[2,{}]}]"),
        (drop, format!("[ {one} , {two} ]"), "[ {\"n\": 1} , {\"n\":[2,{}]} ]"),
        (drop, format!("[{heartbeat},{one},{two}]"), "[{\"n\": 1},{\"n\":[2,{}]}]"),
        (drop, format!("[{one},{heartbeat},{two}]"), "[{\"n\": 1},{\"n\":[2,{}]}]"),
        (drop, format!("[{one},{two}, {heartbeat}\n]"), "[{\"n\": 1},{\"n\":[2,{}]}]"),
        (drop, format!("[{heartbeat},\n{two},{heartbeat}]"), "[{\"n\":[2,{}]}]"),
        (keep, format!("[{heartbeat},\n{two}]"), "[{\"type\":\"heartbeat\"}, {\"n\":[2,{}]}]"),
    ];
    for (settings, list, expected) in cases {
        let (lines, _) = decode(settings, &document(list));
        assert_eq!(lines, format!("{}\n", document(expected)), "{list}");
    }
    assert_eq!(decode(drop, &document(&format!("[{heartbeat},{heartbeat}]"))), (String::new(), [0, 2, 2]));
    assert_eq!(decode(drop, &document("[]")), (String::new(), [0, 0, 0]));
    // What stands around the list stays, behind it too.
    let around = "{ \"databaseActivityEventList\" : [ {\"type\":\"heartbeat\"},{} ] ,\n\"z\":\"é\" }";
    assert_eq!(decode(drop, around).0, "{ \"databaseActivityEventList\" : [{}] , \"z\":\"é\" }\n");
}
