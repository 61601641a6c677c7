//! What is read of a document, and every way in which it can be wrong. The reference reads the same with `serde_json`.

use std::borrow::Cow;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Document, Event, Noted, SYSTEM_USERS};
use crate::error::{Failure, Reason, Stage};

/// What a document says: cluster, instance, and of each event its text, heartbeat, system user.
type Said<'a> = (Option<&'a str>, Option<&'a str>, Vec<(&'a str, bool, bool)>);

fn read(text: &str) -> Result<Said<'_>, Failure> {
    let mut events = vec![Event { range: 7..9, heartbeat: true, system_user: true }];
    let document = Document::read(text, 64, 1000, &mut events, &mut Noted::default())?;
    let said = events.iter().map(|event| (document.event(event), event.heartbeat, event.system_user)).collect();
    Ok((document.cluster, document.instance, said))
}

fn reason(text: &str) -> Reason {
    let failure = read(text).expect_err(text);
    assert_eq!(failure.stage, Stage::Events);
    failure.reason
}

/// A document with this list.
fn listing(list: &str) -> String {
    format!(r#"{{"clusterId":"c","databaseActivityEventList":{list}}}"#)
}

#[test]
fn documents_are_read() {
    let expected =
        (Some("\"c\""), Some("\"i\""), vec![("{\"type\":\"heartbeat\"}", true, false), ("{}", false, false)]);
    let text = r#"{"type":"x","databaseActivityEventList":[{"type":"heartbeat"},{}],"instanceId":"i","clusterId":"c"}"#;
    assert_eq!(read(text), Ok(expected.clone()));
    let text = " {\r\n\"type\" :1, \"instanceId\"\t: \"i\" ,\n\"databaseActivityEventList\" : [ {\"type\":\"heartbeat\"} , {} ] ,\n\"clusterId\":\"c\" }\n";
    assert_eq!(read(text), Ok(expected));
    assert_eq!(read(r#"{"databaseActivityEventList":[]}"#), Ok((None, None, vec![])));
    // The type is no concern here; unknown members pass, whatever they hold; values are raw.
    let text = r#"{"type":null,"clusterId":{"a":[1]},"instanceId":0,"x":[{"type":"heartbeat"}],"databaseActivityEventList":[]}"#;
    assert_eq!(read(text), Ok((Some(r#"{"a":[1]}"#), Some("0"), vec![])));
    assert_eq!(
        read(r#"{"cluster\u0049d":"\u0063","databaseActivity\u0045ventList":[]}"#),
        Ok((Some(r#""\u0063""#), None, vec![]))
    );
}

#[test]
fn heartbeats_are_known_however_they_are_written() {
    for event in [
        r#"{"type":"heartbeat"}"#,
        r#"{ "type" : "heartbeat" }"#,
        "{\n\t\"type\"\r\n:\t\"heartbeat\"}",
        r#"{"ty\u0070e":"heartbeat"}"#,
        r#"{"\u0074\u0079\u0070\u0065":"\u0068eartbea\u0074"}"#,
        r#"{"a":{"type":"record"},"type":"heartbeat"}"#,
        r#"{"type":"heartbeat","dbUserName":"someone","x":[[]]}"#,
        // The last of several counts, as in most readers.
        r#"{"type":"record","type":"heartbeat"}"#,
        r#"{"type":null,"typ\u0065":"heartbeat"}"#,
    ] {
        let text = listing(&format!("[{event}]"));
        assert_eq!(read(&text).unwrap().2, [(event, true, false)]);
    }
    for event in [
        "{}",
        r#"{"type":"record"}"#,
        r#"{"type":"Heartbeat"}"#,
        r#"{"type":"heartbeat "}"#,
        r#"{"type":"heartbeats"}"#,
        r#"{"type":"heart\beat"}"#,
        r#"{"type":["heartbeat"]}"#,
        r#"{"type":{"type":"heartbeat"}}"#,
        r#"{"type":null}"#,
        r#"{"type":true}"#,
        r#"{"Type":"heartbeat"}"#,
        r#"{"type ":"heartbeat"}"#,
        r#"{"commandText":"\"type\":\"heartbeat\""}"#,
        r#"{"a":{"type":"heartbeat"}}"#,
        r#"{"a":[{"type":"heartbeat"}]}"#,
        r#"{"type":"heartbeat","type":"record"}"#,
    ] {
        let text = listing(&format!("[{event}]"));
        assert_eq!(read(&text).unwrap().2, [(event, false, false)]);
    }
}

#[test]
fn system_users_are_known() {
    for user in SYSTEM_USERS.into_iter().chain([r"rds\u0061dmin", r"\u0052DSSEC"]) {
        let text = listing(&format!(r#"[{{"dbUserName":"{user}"}}]"#));
        assert!(read(&text).unwrap().2[0].2, "{user}");
    }
    for user in ["", "rdsadmi", "rdsadmin2", "Rdsadmin", "rdssec", "app", r"rdsadmin\u0000"] {
        let text = listing(&format!(r#"[{{"dbUserName":"{user}"}}]"#));
        assert!(!read(&text).unwrap().2[0].2, "{user}");
    }
}

#[test]
fn failures_say_what_is_wrong() {
    let at = |list: &str| listing(list);
    let cases: &[(String, Reason)] = &[
        ("".into(), Reason::NotJson),
        ("  ".into(), Reason::NotJson),
        ("\u{feff}{}".into(), Reason::NotJson),
        ("not json".into(), Reason::NotJson),
        ("[".into(), Reason::NotJson),
        ("[]x".into(), Reason::NotJson),
        ("null".into(), Reason::WrongShape),
        ("0".into(), Reason::WrongShape),
        ("\"text\"".into(), Reason::WrongShape),
        ("[{}]".into(), Reason::WrongShape),
        ("{}".into(), Reason::WrongShape),
        (r#"{"clusterId":"c"}"#.into(), Reason::WrongShape),
        (r#"{"DatabaseActivityEventList":[]}"#.into(), Reason::WrongShape),
        (r#"{"x":{"databaseActivityEventList":[]}}"#.into(), Reason::WrongShape),
        (at("null"), Reason::WrongShape),
        (at("{}"), Reason::WrongShape),
        (at("\"[]\""), Reason::WrongShape),
        (at("1"), Reason::WrongShape),
        (at("[1]"), Reason::WrongShape),
        (at("[null]"), Reason::WrongShape),
        (at("[\"{}\"]"), Reason::WrongShape),
        (at("[[]]"), Reason::WrongShape),
        (at("[{},[]]"), Reason::WrongShape),
        (r#"{"databaseActivityEventList":[],"databaseActivityEventList":[]}"#.into(), Reason::WrongShape),
        (r#"{"databaseActivityEventList":[],"databaseActivityEventLis\u0074":[]}"#.into(), Reason::WrongShape),
        (at("[{},]"), Reason::NotJson),
        (at("[{}"), Reason::NotJson),
        (at("[{\"a\"}]"), Reason::NotJson),
        (at("[{\"a\":01}]"), Reason::NotJson),
        (at("[{\"type\":heartbeat}]"), Reason::NotJson),
        (format!("{}x", at("[]")), Reason::NotJson),
        (format!("{} {}", at("[]"), at("[]")), Reason::NotJson),
        (at(&format!("[{{\"a\":{}1{}}}]", "[".repeat(62), "]".repeat(62))), Reason::TooLarge),
        (at(&format!("[{}]", vec!["{}"; 1001].join(","))), Reason::TooLarge),
    ];
    for (text, expected) in cases {
        assert_eq!(reason(text), *expected, "{text}");
    }
    assert!(read(&at(&format!("[{{\"a\":{}1{}}}]", "[".repeat(61), "]".repeat(61)))).is_ok());
    assert_eq!(read(&at(&format!("[{}]", vec!["{}"; 1000].join(",")))).unwrap().2.len(), 1000);
}

#[test]
fn details_name_places_and_never_the_text() {
    let details = [
        ("{\"secret\":tru}", "byte 10: expected true, false or null"),
        ("[\"secret\"]", "expected the document to be an object"),
        ("{\"secret\":1}", "expected a member `databaseActivityEventList`"),
        ("{\"databaseActivityEventList\":\"secret\"}", "expected `databaseActivityEventList` to be a list"),
        (
            "{\"databaseActivityEventList\":[{},\"secret\"]}",
            "expected element 1 of `databaseActivityEventList` to be an object",
        ),
    ];
    for (text, detail) in details {
        assert_eq!(read(text).unwrap_err().detail, detail);
    }
}

#[test]
fn damaged_documents_are_read_as_the_reference_reads_them() {
    for text in [
        include_str!("../../tests/documents/aurora-mysql.json"),
        include_str!("../../tests/documents/rds-oracle.json"),
        include_str!("../../tests/documents/rds-sqlserver.json"),
        include_str!("../../tests/documents/heartbeat.json"),
    ] {
        agree(text);
        let mut bytes = text.as_bytes().to_vec();
        for at in 0..text.len() {
            let byte = bytes[at];
            for other in *b"\"\\{}[]:,0 \nx" {
                bytes[at] = other;
                std::str::from_utf8(&bytes).map(agree).unwrap_or_default();
            }
            bytes.remove(at);
            std::str::from_utf8(&bytes).map(agree).unwrap_or_default();
            bytes.insert(at, byte);
        }
    }
}

fn agree(text: &str) {
    let said = reference(text);
    assert_eq!(read(text).ok(), said, "{text}");
    if let Some((_, _, events)) = said {
        noted_as_the_reference(text, events.into_iter().map(|(event, ..)| event));
    }
}

/// Names to be noted: short, longer than a word, longer than two; more than there is room for.
const WANTED: [&str; 19] = [
    "class",
    "command",
    "commandText",
    "dbUserName",
    "exitCode",
    "sixteen_bytes_xy",
    "engineNativeAuditFields",
    "engineNativeAuditFielts",
    "engineNativeAudit",
    "",
    "a",
    "b",
    "ab",
    "class\"",
    "comm\\nd",
    "more",
    "than",
    "sixteen",
    "a name of more than sixty-three bytes, for which no room is kept at all",
];

fn noted_as_the_reference<'t>(text: &str, events: impl Iterator<Item = &'t str>) {
    let (mut list, mut noted) = (Vec::new(), Noted::of_names(Noted::names_of(WANTED.into_iter())));
    Document::read("{\"databaseActivityEventList\":[{\"class\":1},{}]}", 64, 1000, &mut list, &mut noted).unwrap();
    Document::read(text, 64, 1000, &mut list, &mut noted).unwrap();
    let names = noted.names();
    assert_eq!(names.count(), 16);
    assert_eq!(WANTED.iter().position(|name| names.number(name).is_none()), Some(15));
    for (number, event) in events.enumerate() {
        let Members(members) = serde_json::from_str(event).unwrap();
        let places = noted.of(number);
        assert_eq!(places.len(), 16);
        for name in WANTED.iter().chain(&["type"]) {
            let Some(number) = names.number(name) else { continue };
            let value = members.iter().rev().find(|(found, _)| found == name).map(|(_, value)| *value);
            let found = crate::fields::noted_at(event, places[number]).map(|field| field.raw());
            assert_eq!(found, value, "{name} of {event}");
        }
    }
    assert!(noted.of(list.len()).is_empty());
}

#[test]
fn nothing_is_noted_where_nobody_wants_it() {
    let (mut list, mut noted) = (Vec::new(), Noted::default());
    Document::read(&listing("[{\"type\":\"heartbeat\"}]"), 64, 1000, &mut list, &mut noted).unwrap();
    assert!(list[0].heartbeat && noted.of(0).is_empty());
}

proptest! {
    #[test]
    fn what_is_noted_is_what_stands_there(
        events in prop::collection::vec(prop::collection::vec((name(), space(), value(), space()), 0..12), 1..4),
    ) {
        let event = |members: &Vec<(&str, &str, &str, &str)>| {
            let member = |(name, before, value, behind): &(&str, &str, &str, &str)| {
                format!("\"{name}\":{before}{value}{behind}")
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<String>>().join(","))
        };
        agree(&listing(&format!("[{}]", events.iter().map(event).collect::<Vec<String>>().join(", "))));
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    let others =
        ["type", "t\\u0079pe", "cl\\u0061ss", "klass", "class\\\"", "comm\\\\nd", "dbUserNamf", "sixteen_bytes_xz"];
    prop::sample::select([&WANTED[..13], &others].concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", "", " ", "\t", "\n "])
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "null",
        "true",
        "12345678",
        "123456789012",
        "-1.5e3",
        "[]",
        "[1, {\"class\":2}]",
        "{}",
        "{\"class\":\"x\",\"type\":\"heartbeat\"}",
        "\"\"",
        "\"heartbeat\"",
        "\"heart\\u0062eat\"",
        "\"rdsadmin\"",
        "\"rds\\u0061dmin\"",
        "\"SELECT \\\"class\\\": 1, \"",
        "\"a text that is longer than sixteen bytes\"",
    ])
}

fn reference(text: &str) -> Option<Said<'_>> {
    let Members(members) = serde_json::from_str(text).ok()?;
    let mut said: Said<'_> = (None, None, Vec::new());
    let mut list = None;
    for (name, value) in members {
        match name.as_ref() {
            "clusterId" => said.0 = Some(value),
            "instanceId" => said.1 = Some(value),
            "databaseActivityEventList" if list.is_some() => return None,
            "databaseActivityEventList" => list = Some(serde_json::from_str::<Vec<&RawValue>>(value).ok()?),
            _ => {}
        }
    }
    for event in list?.iter().map(|event| event.get()) {
        let Members(members) = serde_json::from_str(event).ok()?;
        let member = |wanted: &str| {
            let value = members.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| *value);
            value.and_then(|value| serde_json::from_str::<String>(value).ok()).unwrap_or_default()
        };
        let system_user = SYSTEM_USERS.contains(&member("dbUserName").as_str());
        said.2.push((event, member("type") == "heartbeat", system_user));
    }
    Some(said)
}

/// An object's members as they come, names unescaped, values raw.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((Cow::Owned(name), value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
