//! Order, presets, `otherwise`, counters, explanations.

use serde_json::{Value, json};

use super::{decode, explain, keys, open, record};
use crate::{Cause, Transform};

fn events() -> Vec<Value> {
    vec![
        json!({ "class": "READ", "dbUserName": "etl_1", "n": 0 }),
        json!({ "class": "READ", "dbUserName": "app", "n": 1 }),
        json!({ "class": "DDL", "dbUserName": "etl_1", "n": 2 }),
        json!({ "class": "DDL", "dbUserName": "rdsadmin", "n": 3 }),
        json!({ "type": "heartbeat" }),
        json!({ "class": "AUX", "command": "READ", "n": 5 }),
        json!({ "class": "aux", "n": 6 }),
    ]
}

/// The places of the events that stay.
fn kept(settings: Value) -> Vec<usize> {
    let mut transform = open(settings);
    let decoded = decode(&mut transform, &record(&events()));
    assert_eq!(decoded.kept + decoded.dropped, 7);
    let lines: Vec<String> =
        decoded.outputs.iter().flat_map(|output| output.lines.lines().map(str::to_string)).collect();
    assert_eq!(lines.len(), decoded.kept as usize);
    let mut places: Vec<usize> = lines
        .iter()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["eventId"].as_str().unwrap().rsplit_once('-').unwrap().1.parse().unwrap()
        })
        .collect();
    places.sort_unstable();
    places
}

#[test]
fn the_first_rule_that_matches_decides() {
    let drop_reads = json!({ "drop": { "class": "READ" } });
    let keep_app = json!({ "keep": { "dbUserName": "app" } });
    assert_eq!(kept(json!({ "rules": [drop_reads, keep_app] })), [2, 3, 5, 6]);
    assert_eq!(kept(json!({ "rules": [keep_app, drop_reads] })), [1, 2, 3, 5, 6]);
    assert_eq!(kept(json!({ "rules": [keep_app, drop_reads], "otherwise": "drop" })), [1]);
    assert_eq!(kept(json!({ "rules": [], "otherwise": "drop" })), [0usize; 0]);
    assert_eq!(kept(json!({ "rules": null })), [0, 1, 2, 3, 5, 6]);
    assert_eq!(kept(json!({ "rules": [{ "drop": [{ "n": 1 }, { "n": [2, 3] }] }] })), [0, 5, 6]);
    assert_eq!(kept(json!({ "rules": [{ "drop": ["etl"] }] })), [1, 3, 5, 6]);
}

#[test]
fn presets_go_before_rules() {
    let all = json!([{ "keep": { "class|exists": true } }, { "keep": { "type": "heartbeat" } }]);
    assert_eq!(kept(json!({ "rules": all })), [0, 1, 2, 3, 5, 6]);
    assert_eq!(kept(json!({ "rules": all, "heartbeats": "keep" })), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(kept(json!({ "rules": all, "system-users": "drop" })), [0, 1, 2, 5, 6]);
    // The class as Aurora MySQL writes it.
    assert_eq!(kept(json!({ "rules": all, "mysql-aux": "drop" })), [0, 1, 2, 3, 6]);
    assert_eq!(kept(json!({ "mysql-aux": "drop" })), [0, 1, 2, 3, 6]);
    assert_eq!(kept(json!({ "mysql-aux": "keep" })), [0, 1, 2, 3, 5, 6]);
}

#[test]
fn a_kept_heartbeat_is_not_dropped_by_otherwise_but_by_a_rule() {
    assert_eq!(kept(json!({ "heartbeats": "keep", "otherwise": "drop" })), [4]);
    let rules = json!([{ "drop": { "type": "heartbeat" } }]);
    assert_eq!(kept(json!({ "heartbeats": "keep", "rules": rules })), [0, 1, 2, 3, 5, 6]);
}

#[test]
fn everything_is_counted() {
    let settings = json!({
        "system-users": "drop", "mysql-aux": "drop", "otherwise": "drop",
        "rules": [
            { "drop": { "class": "READ", "dbUserName|startswith": "etl_" } },
            { "name": "changes", "keep": { "class": "DDL" } },
            { "keep": { "class": "NONE" } },
        ],
    });
    let mut transform = open(settings);
    let decoded = decode(&mut transform, &record(&events()));
    assert_eq!((decoded.kept, decoded.dropped, decoded.heartbeats), (1, 6, 1));
    let record = record(&events());
    let merged = transform.decode_merged(&[&record, &record], None, &mut keys);
    assert_eq!((merged.kept, merged.dropped, merged.heartbeats), (2, 12, 2));
    let counts: Vec<(String, u32)> = transform.counts().into_iter().map(|count| (count.name, count.value)).collect();
    let of = |name: &str| counts.iter().find(|(counted, _)| counted == name).map(|(_, value)| *value);
    for (name, value) in [
        ("records", Some(3)),
        ("kept", Some(3)),
        ("heartbeats", Some(3)),
        ("dropped.heartbeat", Some(3)),
        ("dropped.system-user", Some(3)),
        ("dropped.mysql-aux", Some(3)),
        ("dropped.rule.0", Some(3)),
        ("kept.rule.changes", Some(3)),
        ("kept.rule.2", None),
        ("dropped.otherwise", Some(6)),
        ("routed.overflow", None),
    ] {
        assert_eq!(of(name), value, "{name} in {counts:?}");
    }
    // Every event is kept or in one of the counters of what was dropped.
    let dropped: u32 = counts.iter().filter(|(name, _)| name.starts_with("dropped.")).map(|(_, value)| value).sum();
    assert_eq!(dropped + of("kept").unwrap(), 21);
    assert!(transform.counts().is_empty());
}

#[test]
fn explanations_name_what_decided() {
    let settings = json!({
        "system-users": "drop", "mysql-aux": "drop",
        "rules": [
            { "drop": { "class": "READ", "dbUserName": "etl_1" } },
            { "name": "reads", "keep": { "class": "READ" }, "route": "{class}/{dbUserName}" },
            { "sigma": [{ "title": "A change", "detection": { "s": { "class": "DDL" }, "condition": "s" } }] },
        ],
    });
    let explained = explain(settings, &events());
    let said: Vec<(u32, bool, String, Option<&str>)> =
        explained.iter().map(|one| (one.index, one.kept, one.by.to_string(), one.route.as_deref())).collect();
    assert_eq!(
        said,
        [
            (0, false, "rules[0]".to_string(), None),
            (1, true, "rules[1] (reads)".to_string(), Some("READ/app")),
            (2, true, "rules[2] (A change)".to_string(), Some("default")),
            (3, false, "system-users".to_string(), None),
            (4, false, "heartbeats".to_string(), None),
            (5, false, "mysql-aux".to_string(), None),
            (6, true, "otherwise".to_string(), Some("default")),
        ]
    );
    assert_eq!(explained[1].by, Cause::Rule { index: 1, name: Some("reads".to_string()) });
}

#[test]
fn an_explanation_changes_nothing() {
    let mut transform = open(json!({ "rules": [{ "drop": { "n": 1 } }] }));
    assert_eq!(transform.explain(&record(&events()), None, &mut keys).unwrap().len(), 7);
    assert!(transform.counts().is_empty());
    assert!(transform.explain("{", None, &mut keys).is_err());
}

#[test]
fn many_rules_are_found_by_value() {
    // More than one word of candidates, every kind of rule between them, and the order still decides.
    let mut rules: Vec<Value> =
        (0..150).map(|n| json!({ "keep": { "class": format!("C{n}") }, "route": format!("r{n}") })).collect();
    rules[70] = json!({ "keep": { "commandText|contains": "seventy" }, "route": "r70" });
    rules[71] = json!({ "keep": [{ "class": "c90" }, { "class": ["c91", "c92"] }], "route": "r71" });
    rules[72] = json!({ "keep": [{ "class": "c100" }, { "command": "x" }], "route": "r72" });
    rules[73] = json!({ "keep": { "class": ["c110", null] }, "route": "r73" });
    rules[74] = json!({ "keep": { "paramList": "c120" }, "route": "r74" });
    rules[75] = json!({ "keep": { "class|all": ["c130", "c13?"] }, "route": "r75" });
    let mut transform = open(json!({ "otherwise": "drop", "rules": rules }));
    let route = |transform: &mut Transform, event: Value| {
        decode(transform, &record(&[event])).outputs.first().map(|output| output.route.clone())
    };
    for (event, expected) in [
        (json!({ "class": "c0" }), Some("r0")),
        (json!({ "class": "C149" }), Some("r149")),
        (json!({ "class": "c90" }), Some("r71")),
        (json!({ "class": "c92", "commandText": "x Seventy" }), Some("r70")),
        (json!({ "class": "c5", "commandText": "x Seventy" }), Some("r5")),
        (json!({ "class": "c100" }), Some("r72")),
        (json!({ "class": "c101", "command": "X" }), Some("r72")),
        (json!({ "class": null }), Some("r73")),
        (json!({ "command": "y" }), Some("r73")),
        (json!({ "class": "c110" }), Some("r73")),
        (json!({ "class": "none", "paramList": ["c1", "c120"] }), Some("r74")),
        (json!({ "class": ["c7", "c3"] }), Some("r3")),
        (json!({ "class": "c130" }), Some("r75")),
        (json!({ "class": "c131" }), Some("r131")),
        (json!({ "class": "c150" }), None),
        (json!({ "class": { "c1": "c1" } }), None),
    ] {
        assert_eq!(route(&mut transform, event.clone()).as_deref(), expected, "{event}");
    }
}
