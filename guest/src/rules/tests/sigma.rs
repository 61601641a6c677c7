//! Whole Sigma rules, and what a match says about the event.

use serde_json::{Value, json};

use super::{decode, open, record};

/// A rule as teams keep them, with everything that may stand in one.
fn rule() -> Value {
    json!({
        "title": "A table is dropped \"by hand\"", "id": "929a690e-bef0-4204-a928-ef5e620d6fcc", "status": "test",
        "related": [{ "id": "08fbc97d-0a2f-491c-ae21-8ffcfd3174e9", "type": "derived" }],
        "description": "x", "references": ["https://example.org"], "author": "x", "date": "2026-01-01",
        "logsource": { "product": "aws", "service": "rds_das", "definition": "x" },
        "detection": {
            "selection": { "class": ["DDL", "ROLE"], "commandText|contains": "drop table" },
            "filter_tools": { "clientApplication|startswith": ["flyway", "liquibase"] },
            "condition": "selection and not 1 of filter_*",
        },
        "fields": ["commandText"], "falsepositives": ["none"], "level": "high", "tags": ["attack.impact", "attack.t1485"],
        "custom": { "anything": 1 },
    })
}

#[test]
fn a_match_is_told_in_front_of_the_event() {
    let bare = json!({ "title": "bare", "detection": { "k": ["truncate"], "condition": "k" } });
    let settings = json!({ "otherwise": "drop", "rules": [
        { "drop": { "dbUserName": "etl" } },
        { "sigma": [rule(), bare], "route": "alerts/{class}" },
    ] });
    let events = [
        json!({ "class": "DDL", "commandText": "DROP TABLE t", "clientApplication": "psql" }),
        json!({ "class": "DDL", "commandText": "drop table t", "clientApplication": "Flyway 9" }),
        json!({ "class": "ddl", "commandText": "drop table t; truncate x" }),
        json!({ "class": "DDL", "commandText": "drop table t", "dbUserName": "etl" }),
        json!({ "class": "WRITE", "commandText": "Truncate t" }),
    ];
    let mut transform = open(settings.clone());
    let decoded = decode(&mut transform, &record(&events));
    let lines: Vec<(String, Value)> = decoded
        .outputs
        .iter()
        .flat_map(|output| output.lines.lines().map(|line| (output.route.clone(), serde_json::from_str(line).unwrap())))
        .collect();
    let mark = json!({
        "title": "A table is dropped \"by hand\"", "level": "high", "id": "929a690e-bef0-4204-a928-ef5e620d6fcc",
        "tags": ["attack.impact", "attack.t1485"],
    });
    let said: Vec<(&str, &Value)> = lines.iter().map(|(route, line)| (route.as_str(), &line["sigma"])).collect();
    // The first that matches decides, and only it is told.
    assert_eq!(said, [("alerts/DDL", &mark), ("alerts/ddl", &mark), ("alerts/WRITE", &json!({ "title": "bare" }))]);
    let line = decoded.outputs[0].lines.lines().next().unwrap();
    assert!(line.starts_with("{\"eventId\":\""), "{line}");
    assert!(
        line.contains(r#","clusterId":"c","instanceId":"i","sigma":{"title":"A table is dropped \"by hand\"","#),
        "{line}"
    );
    assert!(line.ends_with(&format!("}},{}", &events[0].to_string()[1..])), "{line}");
    let counts = transform.counts();
    let of = |name: &str| counts.iter().find(|count| count.name == name).map(|count| count.value);
    assert_eq!(of("kept.rule.A table is dropped \"by hand\""), Some(2));
    assert_eq!(of("kept.rule.bare"), Some(1));
    assert_eq!(of("dropped.rule.0"), Some(1));
}

#[test]
fn a_match_is_told_inside_an_envelope() {
    let settings = json!({ "shape": "envelope", "rules": [
        { "sigma": [{ "title": "t", "detection": { "s": { "n": 1 }, "condition": "s" } },
                    { "title": "e", "detection": { "s": { "x": null, "n": null }, "condition": "s" } }] },
    ] });
    let decoded = decode(&mut open(settings), &record(&[json!({ "n": 1 }), json!({ "n": 2 }), json!({})]));
    assert_eq!(
        decoded.outputs[0].lines,
        "{\"clusterId\":\"c\",\"instanceId\":\"i\",\"databaseActivityEventList\":[{\"sigma\":{\"title\":\"t\"},\"n\":1},{\"n\":2},{\"sigma\":{\"title\":\"e\"}}]}\n"
    );
}

#[test]
fn titles_need_not_be_unique() {
    let rule = |n: u32| json!({ "title": "same", "detection": { "s": { "n": n }, "condition": "s" } });
    let mut transform = open(json!({ "rules": [
        { "sigma": [rule(1), rule(2)] }, { "name": "mine", "sigma": [rule(3), rule(4)] },
    ] }));
    decode(&mut transform, &record(&[1, 2, 3, 4].map(|n| json!({ "n": n }))));
    let mut names: Vec<String> =
        transform.counts().into_iter().map(|count| count.name).filter(|name| name.starts_with("kept.rule.")).collect();
    names.sort_unstable();
    assert_eq!(names, ["kept.rule.mine/same", "kept.rule.mine/same#3", "kept.rule.same", "kept.rule.same#1"]);
}

#[test]
fn the_log_is_this_one_or_not_said() {
    for logsource in [
        Value::Null,
        json!({}),
        json!({ "product": "aws" }),
        json!({ "service": "rds_das" }),
        json!({ "product": "aws", "service": "rds_das", "definition": "x" }),
        json!({ "category": "database" }),
    ] {
        let mut rule = rule();
        rule["logsource"] = logsource;
        open(json!({ "rules": [{ "sigma": [rule] }] }));
    }
}
