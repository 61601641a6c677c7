//! What holds for any rules and any events.

use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decode, keys, open, record, record_of};

/// Selections of every kind over a few fields.
fn selection() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(vec!["a", "b", "c.d", "time", "outcome"]);
    let word = prop::sample::select(vec!["x", "X*", "*y", "é", "a?c", "", "1", "\\*", "xyz", "*"]);
    let modifier = prop::sample::select(vec!["", "|contains", "|startswith", "|cased", "|neq", "|endswith"]);
    let test = (field, modifier, prop::collection::vec(word, 1..8))
        .prop_map(|(field, modifier, words)| (format!("{field}{modifier}"), json!(words)));
    // Several fields: some are known from the look-up by value when the others are held against the event.
    let tests =
        |count| prop::collection::vec(test.clone(), count).prop_map(|all| Value::Object(all.into_iter().collect()));
    prop_oneof![
        4 => tests(1..2),
        4 => tests(2..4),
        1 => prop::collection::vec(tests(1..3), 1..3).prop_map(Value::Array),
        1 => Just(json!({ "a|re": "x.*|^$" })),
        1 => Just(json!({ "a": null })),
        1 => Just(json!({ "b|exists": false, "a|gt": 0 })),
        1 => Just(json!(["xy", "zz"])),
        1 => Just(json!({ "a|fieldref": "b" })),
    ]
}

fn rule() -> impl Strategy<Value = Value> {
    let route = prop::option::of(prop::sample::select(vec!["r", "{a}", "{c.d}/{yyyy}"]));
    (selection(), any::<bool>(), route, any::<bool>()).prop_map(|(selection, drop, route, sigma)| match (drop, sigma) {
        (true, _) => json!({ "drop": selection }),
        (false, false) => json!({ "keep": selection, "route": route }),
        (false, true) => {
            let detection = json!({ "s": selection, "condition": "s" });
            json!({ "sigma": [{ "title": "t", "detection": detection }], "route": route })
        }
    })
}

/// An event as text: odd spacing, escapes and repeated names included.
fn event() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "null",
        "true",
        "1",
        "-0",
        "1.50e+2",
        "\"\"",
        "\"x\"",
        "\"X\\u0079z\"",
        "\"\\u00e9\\n\"",
        "[]",
        "[\"x\", 1]",
        "{\"d\":\"xy\"}",
        "{ \"d\" : [ ] }",
        "\"../x\"",
        "\"a\\\"c\"",
    ]);
    let name = prop::sample::select(vec!["a", "b", "c", "\\u0061", "type", "logTime", "é"]);
    let space = prop::sample::select(vec!["", "", "", " ", "\t"]);
    prop::collection::vec((name, space, value), 0..8).prop_map(|members| {
        let members: Vec<String> = members
            .iter()
            .map(|(name, space, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the rules are, an event that stays leaves with its very bytes, once, and none is lost.
    #[test]
    fn rules_never_change_an_event(
        rules in prop::collection::vec(rule(), 0..12),
        events in prop::collection::vec(event(), 1..12),
        otherwise in prop::sample::select(vec!["keep", "drop"]),
    ) {
        let document = format!("{{\"databaseActivityEventList\":[{}]}}", events.join(","));
        let mut transform = open(json!({ "rules": rules, "otherwise": otherwise, "heartbeats": "keep" }));
        let record = record_of(&document);
        let explained = transform.explain(&record, None, &mut keys).unwrap();
        let decoded = decode(&mut transform, &record);
        prop_assert_eq!(decoded.kept + decoded.dropped, events.len() as u32);
        let mut lines = Vec::new();
        for output in &decoded.outputs {
            prop_assert_eq!(output.lines.lines().count(), output.events as usize);
            for line in output.lines.lines() {
                let value: Value = serde_json::from_str(line).unwrap();
                let index: usize = value["eventId"].as_str().unwrap().rsplit_once('-').unwrap().1.parse().unwrap();
                let own = &events[index][1..];
                prop_assert!(line.ends_with(own), "{} {}", line, own);
                let front = &line[..line.len() - own.len()];
                let front = front.strip_suffix(',').unwrap_or(front);
                prop_assert!(serde_json::from_str::<Value>(&format!("{front}}}")).is_ok(), "{}", front);
                lines.push((index, output.route.clone()));
            }
        }
        lines.sort();
        let said: Vec<(usize, String)> =
            explained.iter().filter(|one| one.kept).map(|one| (one.index as usize, one.route.clone().unwrap())).collect();
        prop_assert_eq!(lines, said);
    }

    /// One rule at a time in its place in the order decides the same as all of them: candidates leave nothing out.
    #[test]
    fn the_order_decides(rules in prop::collection::vec(selection(), 1..10), event in event()) {
        let record = record_of(&format!("{{\"databaseActivityEventList\":[{event}]}}"));
        let matches = |selection: &Value| {
            // Under `not`, nothing is looked up by value.
            let detection = json!({ "s": selection, "condition": "not s" });
            let rules = json!([{ "sigma": [{ "title": "t", "detection": detection }] }]);
            decode(&mut open(json!({ "rules": rules, "otherwise": "drop", "heartbeats": "keep" })), &record).outputs.iter().all(|output| !output.lines.contains("\"sigma\":"))
        };
        let first = rules.iter().position(matches);
        let routed: Vec<Value> =
            rules.iter().enumerate().map(|(n, rule)| json!({ "keep": rule, "route": n.to_string() })).collect();
        let decoded = decode(&mut open(json!({ "rules": routed, "heartbeats": "keep" })), &record);
        let expected = first.map_or("default".to_string(), |n| n.to_string());
        prop_assert_eq!(&decoded.outputs[0].route, &expected);
    }

    /// Wildcards mean what a slow reading of them means.
    #[test]
    fn wildcards_agree_with_a_slow_reading(pattern in "[ab*?]{0,8}", text in "[abAé]{0,8}") {
        fn slow(pattern: &[char], text: &[char]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some(('*', rest)), _) if slow(rest, text) => true,
                (Some(('*', _)), Some((_, behind))) => slow(pattern, behind),
                (Some(('?', rest)), Some((_, behind))) => slow(rest, behind),
                (Some((one, rest)), Some((other, behind))) if *one == other.to_ascii_lowercase() => slow(rest, behind),
                _ => false,
            }
        }
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = slow(&chars(&pattern), &chars(&text));
        prop_assert_eq!(super::matches(&json!({ "f": pattern }), &json!({ "f": text })), expected);
    }

    /// Any text as a regular expression, a condition, a route or a modifier is taken or refused, quickly.
    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>(), other in "[()|*a-c {}\\[\\]?+0-9,]{0,60}") {
        for text in [&text, &other] {
            for rule in [
                json!({ "keep": { "f|re": text } }),
                json!({ "keep": { "f": text } }),
                json!({ "keep": { format!("f|{text}"): "x" } }),
                json!({ "keep": { text: 1 } }),
                json!({ "keep": [text] }),
                json!({ "keep": { "f": 1 }, "route": text }),
                json!({ "sigma": [{ "title": text, "detection": { "a": { "f": 1 }, "condition": text } }] }),
            ] {
                if let Ok(settings) = crate::Settings::from_value(json!({ "rules": [rule] })) {
                    let mut transform = crate::Transform::open(settings).unwrap();
                    decode(&mut transform, &record(&[json!({ "f": text, "g": 1 }), json!({})]));
                }
            }
        }
    }
}

/// Expressions that take exponential time elsewhere.
#[test]
fn regexes_take_linear_time() {
    let event = json!({ "f": "a".repeat(100_000), "g": "x".repeat(100_000) });
    let record = record(&[event]);
    let started = Instant::now();
    for regex in ["(a+)+$b", "(a|aa)*c", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "(?:a?){30}a{30}b"] {
        for field in ["f", "g"] {
            let mut transform = open(json!({ "rules": [{ "drop": { format!("{field}|re"): regex } }] }));
            decode(&mut transform, &record);
        }
    }
    // Wildcards likewise: `a?` as often as it fits.
    let pattern = format!("*{}b", "a?*".repeat(100));
    decode(&mut open(json!({ "rules": [{ "drop": { "f": pattern } }] })), &record);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
