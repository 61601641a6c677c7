//! Statements of all engines, in all shapes, with and without rules.

use std::collections::BTreeMap;

use dastap::synth::{Engine, Settings};
use dastap_tests::readme;
use dastap_tests::stream::Synthetic;
use serde_json::Value;
use serde_json::value::RawValue;

use super::literals::{is_continued, is_doubtful, literals, secrets, statement};

fn stream(engine: Engine) -> Synthetic {
    Synthetic::new(Settings { engines: vec![engine], records: 150, seed: 3, ..Settings::default() })
}

/// What stands for a statement that cannot be read.
fn is_masked_whole(text: &str) -> bool {
    text.strip_prefix("*** (").and_then(|rest| rest.strip_suffix(" bytes)")).is_some_and(|n| n.parse::<u32>().is_ok())
}

/// The JSON text of a line's `commandText`.
fn raw_statement(line: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(line).expect("JSON");
    members.get("commandText").map(|raw| raw.get().to_owned())
}

#[test]
fn no_literal_of_a_statement_survives_and_nothing_else_changes() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let (plain, redacted) = (stream.decode("{}"), stream.decode("redact: { commandText: sql-literals }"));
        assert_eq!(plain.lines.len(), redacted.lines.len());
        let (mut changed, mut unreadable, mut secrets) = (0, 0, 0);
        for (before, after) in plain.lines.iter().zip(&redacted.lines) {
            let [event, left] = [before, after].map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
            let masked = left["commandText"].as_str().unwrap_or_default();
            // Only the statement is another one.
            let expected = match (raw_statement(before), raw_statement(after)) {
                (Some(old), Some(new)) => {
                    before.replacen(&format!("\"commandText\":{old}"), &format!("\"commandText\":{new}"), 1)
                }
                _ => before.clone(),
            };
            assert_eq!(*after, expected, "{engine:?}");
            changed += u64::from(before != after);
            if is_masked_whole(masked) {
                unreadable += 1;
                assert!(is_doubtful(&event), "{engine:?}: {before}");
                continue;
            }
            assert!(!is_continued(&event), "{engine:?}: {after}");
            assert_eq!(literals(masked), [""; 0], "{engine:?}: {before}\n{masked}");
            let text = statement(&event);
            for literal in literals(&text).iter().filter(|literal| literal.chars().count() >= 8) {
                assert!(!masked.contains(literal.as_str()), "{engine:?}: {literal} of\n{text}\n{masked}");
                secrets += 1;
            }
            // What is no literal is still there.
            let verb = text.split_whitespace().next().filter(|word| word.chars().all(char::is_alphabetic));
            assert!(masked.starts_with(verb.unwrap_or_default()), "{engine:?}: {text}\n{masked}");
        }
        let by = &redacted.stats["by"];
        assert_eq!(by["redacted.sql-literals"], changed, "{engine:?}");
        assert_eq!(by["redacted.unreadable"].as_u64().unwrap_or_default(), unreadable, "{engine:?}");
        assert!(changed > 200 && secrets > 100, "{engine:?}: {changed} statements, {secrets} secrets");
    }
}

/// All texts in a value but those about time, which may hold a date that a statement holds, too.
fn texts<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if !name.to_lowercase().contains("time") => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| texts(value, name, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| texts(value, name, found)),
        _ => {}
    }
}

#[test]
fn with_the_preset_no_literal_leaves_in_any_field_of_any_shape() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let events = stream.events();
        for shape in ["shape: event", "shape: ocsf\nraw: true", "shape: ecs\nraw: true", readme::config("siem.yaml")] {
            let config = if shape.contains('#') { shape.to_owned() } else { format!("{shape}\nredact: sql") };
            let left = stream.decode(&config);
            let ours = |event: &&Value| !config.contains("mysql-aux: drop") || event["class"] != "AUX";
            let events: Vec<&Value> = events.iter().filter(ours).collect();
            assert_eq!(left.lines.len(), events.len(), "{engine:?}: {config}");
            let mut checked = 0;
            for (line, event) in left.values().iter().zip(events) {
                let mut said = Vec::new();
                texts(line, "", &mut said);
                for secret in secrets(event) {
                    let leak = said.iter().find(|text| text.contains(&secret));
                    assert_eq!(leak, None, "{engine:?}, {config}: {secret}\n{line}");
                    checked += 1;
                }
            }
            assert!(checked > 500, "{engine:?}: {checked}");
        }
    }
}

#[test]
fn rules_see_what_redaction_hides_and_change_no_byte() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let rules = "rules: [{ name: secret, drop: { commandText|contains: [customer, password] } }, { keep: { class: '*' }, route: '{class}' }]";
        let (all, ruled) = (stream.decode("{}"), stream.decode(rules));
        let is_dropped = |line: &&String| {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let text = event["commandText"].as_str().unwrap_or_default();
            ["customer", "password"].iter().any(|word| text.to_lowercase().contains(word))
        };
        let mut expected: Vec<&String> = all.lines.iter().filter(|line| !is_dropped(line)).collect();
        let mut found: Vec<&String> = ruled.lines.iter().collect();
        // Events of a record are written route by route.
        expected.sort_unstable();
        found.sort_unstable();
        assert!(found == expected && found.len() < all.lines.len(), "{engine:?}");
        // The rules decide on what the database wrote.
        let redacted = stream.decode(&format!("{rules}\nredact: sql"));
        assert_eq!(redacted.stats["events"]["kept"], expected.len(), "{engine:?}");
        assert_eq!(redacted.stats["by"]["dropped.rule.secret"], all.lines.len() - expected.len());
    }
}
