//! Fields against `serde_json`: the same members, the same values, wherever they stand.

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Field, Fields, Index, Wanted};

/// All members of an event.
fn read<'a, 'i>(event: &'a str, index: &'i mut Index) -> Fields<'a, 'i> {
    Fields::read_some(event, index, Wanted::ALL)
}

/// What is checked at any value: kind, content, place.
fn same(field: Field<'_>, value: &Value, event: &str) {
    assert_eq!(&event[field.range()], field.raw());
    assert_eq!(field.is_null(), value.is_null(), "{}", field.raw());
    assert_eq!(field.text().as_deref(), value.as_str());
    assert_eq!(field.text_in(&mut "left over".to_string()), value.as_str());
    assert_eq!(serde_json::from_str::<Value>(field.raw()).unwrap(), *value);
    match value {
        Value::Array(list) => {
            let items: Vec<Field<'_>> = field.items().unwrap().collect();
            assert_eq!(items.len(), list.len(), "{}", field.raw());
            items.into_iter().zip(list).for_each(|(item, value)| same(item, value, event));
        }
        Value::Object(members) => {
            for (name, value) in members {
                same(field.get(name).unwrap(), value, event);
            }
            assert!(field.members().unwrap().all(|member| members.contains_key(&*member.name.text().unwrap())));
        }
        _ => assert!(field.items().is_none() && field.members().is_none()),
    }
}

fn check(event: &str) {
    let value: Map<String, Value> = serde_json::from_str(event).unwrap();
    let mut index = Index::default();
    // Of the event before, nothing may be left.
    read(r#"{"a":1,"b\u0000":[],"zz":"{\"\\"}"#, &mut index);
    let fields = read(event, &mut index);
    for (name, value) in &value {
        same(fields.get(name).unwrap_or_else(|| panic!("{name} of {event}")), value, event);
    }
    for member in fields.members() {
        assert!(value.contains_key(&*member.name.text().unwrap()));
        assert_eq!(&event[member.name.range()], member.name.raw());
    }
    assert!(fields.get("zz").is_none() && fields.get("b\0").is_none());
}

#[test]
fn every_kind_of_value_is_found() {
    for event in [
        "{}",
        "{ }",
        "{\n\t\r }",
        r#"{"":""}"#,
        r#"{"a":null,"b":true,"c":false,"d":-1.5e3,"e":0,"f":"x","g":[],"h":{},"i":[[]]}"#,
        r#"{ "a" : null , "b" : [ 1 , "]" , { "x" : "}" } ] , "c":{"d":{"e":["\"]}",{}]}}, "f" : 12 }"#,
        "{\"a\"\n:\r\n1\n,\t\"b\"\r:[\n]\n}",
        r#"{"long":"0123456789012345678901234567890123456789\"","next":"\\","last":"\\\""}"#,
        r#"{"fifteen_bytes_":"123456789012345","sixteen_bytes__":"1234567890123456","x":"12345678901234567"}"#,
        r#"{"é☃":"😀","\u0061\ud83d\ude00":"\u00e9\n\t"}"#,
        r#"{"q":"\\\\","r":"\\\\\"","s":["\\",",","\"]"]}"#,
    ] {
        check(event);
    }
}

#[test]
fn the_documents_of_all_engines_read_the_same() {
    #[derive(serde::Deserialize)]
    struct Document<'a> {
        #[serde(borrow, rename = "databaseActivityEventList")]
        events: Vec<&'a RawValue>,
    }
    for document in [
        include_str!("../../tests/documents/heartbeat.json"),
        include_str!("../../tests/documents/aurora-postgresql.json"),
        include_str!("../../tests/documents/aurora-mysql.json"),
        include_str!("../../tests/documents/rds-oracle.json"),
        include_str!("../../tests/documents/rds-sqlserver.json"),
    ] {
        for event in serde_json::from_str::<Document<'_>>(document).unwrap().events {
            check(event.get());
        }
    }
}

#[test]
fn the_last_of_equal_names_counts() {
    for event in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"a":2}"#,
        r#"{"a":1,"b":{"a":5},"a":2,"c":"\"a\":7"}"#,
    ] {
        let mut index = Index::default();
        assert_eq!(read(event, &mut index).get("a").map(Field::raw), Some("2"), "{event}");
        let outer = format!(r#"{{"x":{event}}}"#);
        assert_eq!(read(&outer, &mut index).path("x.a").map(Field::raw), Some("2"), "{event}");
    }
}

#[test]
fn names_change_from_event_to_event() {
    let events = [
        r#"{"class":"a","command":"b","z":1,"last":null,"x":"0123456789012345678901234567890123456789"}"#,
        r#"{"class":"a","commandText":"b","z":1,"last":null,"x":"0123456789012345678901234567890123456789"}"#,
        r#"{"class":"a\"command\":","command":"b","zz":1,"last":"null","x":"0123456789012345678901234567890123456"}"#,
        r#"{"clas":"\"","command":"b","z":{"last":2},"last":[],"x":"0123456789012345678901234567890123456789"}"#,
        r#"{"engineNativeAuditFields":{},"exactlyTwentyTwoBytes1":3,"exactlyTwentyThreeBytes":4,"":5,"x":"01234567890123456789"}"#,
        r#"{"class": "a", "command": "b", "z": 1, "last": null, "x": "01234567890123456789", "y": [], "end":  -2.5}"#,
        r#"{"class":"x"}"#,
        r#"{"class":1}"#,
        "{}",
    ];
    let mut index = Index::default();
    for (one, other) in events.iter().flat_map(|one| events.iter().map(move |other| (one, other))) {
        for event in [one, other] {
            let value: Map<String, Value> = serde_json::from_str(event).unwrap();
            let fields = read(event, &mut index);
            assert_eq!(fields.members().count(), value.len());
            value.iter().for_each(|(name, value)| same(fields.get(name).unwrap(), value, event));
        }
    }
}

#[test]
fn what_is_wanted_is_found() {
    let event = r#"{"abc":1,"x":{"de":2},"skip me":[],"f.g":{"h":3},"\u0061bcd":4,"y":"","a.very.long.name.that.has.more.than.sixty.three.characters.in.it.indeed":5}"#;
    let long = "a.very.long.name.that.has.more.than.sixty.three.characters.in.it.indeed";
    let mut index = Index::default();
    for (path, value) in [("abc", "1"), ("x.de", "2"), ("f.g.h", "3"), ("abcd", "4"), (long, "5")] {
        let fields = Fields::read_some(event, &mut index, Wanted::paths([path].into_iter()));
        assert_eq!(fields.path(path).map(Field::raw), Some(value), "{path}");
        assert!(fields.members().count() < 7, "{path}");
    }
}

#[test]
fn leaves_are_texts_and_numbers_at_any_depth() {
    let event = r#"{"a":"x","b":[1,-2.5e3,"y\"z",null,true,{"c":{"d":"e"},"f" :"g"}],"" : "","h":{},"i":"j:\"k\":"}"#;
    let leaves: Vec<&str> = super::Leaves::of(event).map(Field::raw).collect();
    assert_eq!(leaves, ["\"x\"", "1", "-2.5e3", r#""y\"z""#, "\"e\"", "\"g\"", "\"\"", r#""j:\"k\":""#]);
}

#[test]
fn paths_lead_into_objects() {
    let event = r#"{"a":{"b":{"c":1,"d.e":2},"x":null},"a.x":3,"f.g":{"h":4},"list":[{"b":1}],"a.b":{"z":5}}"#;
    let mut index = Index::default();
    let fields = read(event, &mut index);
    for (path, expected) in [
        ("a.b.c", Some("1")),
        ("a.b.d.e", Some("2")),
        ("a.x", Some("3")),
        ("f.g.h", Some("4")),
        ("a.b.z", Some("5")),
        ("a.b", Some(r#"{"z":5}"#)),
        ("A.b.c", None),
        ("a.b.c.d", None),
        ("a.", None),
        (".a", None),
        ("", None),
        ("list.b", None),
        ("b", None),
    ] {
        assert_eq!(fields.path(path).map(Field::raw), expected, "{path}");
    }
}

/// JSON with the values that audit events have, and others.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        r#"["\\\[\]{},: a]{0,30}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(r#"[a-c"\\.]{0,18}"#, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_reads_as_with_serde_json(
        members in prop::collection::btree_map(r#"[a-e"\\]{0,20}"#, values(), 0..8),
        pretty in any::<bool>(),
    ) {
        let value = json!(members);
        check(&if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() });
    }
}
