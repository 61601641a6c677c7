//! The events of each engine, as their documents have them: fields of every type, and what they mean.

use serde_json::{Value, json};

use super::{keys, matches, open, record_of};

const POSTGRESQL: &str = include_str!("../../../tests/documents/aurora-postgresql.json");
const MYSQL: &str = include_str!("../../../tests/documents/aurora-mysql.json");
const ORACLE: &str = include_str!("../../../tests/documents/rds-oracle.json");
const SQLSERVER: &str = include_str!("../../../tests/documents/rds-sqlserver.json");

/// The places of the events of the document that match.
fn matching(document: &str, selection: &Value) -> Vec<u32> {
    let settings = json!({ "otherwise": "drop", "rules": [{ "keep": selection }] });
    let explained = open(settings).explain(&record_of(document), None, &mut keys).unwrap();
    explained.into_iter().filter(|event| event.kept).map(|event| event.index).collect()
}

#[test]
fn mysql() {
    for (selection, expected) in [
        (json!({ "class": "MAIN" }), vec![0]),
        (json!({ "class": "AUX", "command": "read" }), vec![1]),
        (json!({ "commandText|contains": "line\nBREAK\ttab" }), vec![0]),
        (json!({ "commandText|re": "(?s)'line.break\tTAB'" }), vec![]),
        (json!({ "exitCode": 0 }), vec![0]),
        (json!({ "exitCode": "" }), vec![1]),
        (json!({ "objectName": "test1,*" }), vec![0]),
        (json!({ "paramList": null, "class": "main" }), vec![0]),
        (json!({ "rowCount|gte": 2, "transactionId": 0 }), vec![0]),
        (json!({ "statementId": 65469218 }), vec![0]),
        (json!(["test1"]), vec![0, 1]),
    ] {
        assert_eq!(matching(MYSQL, &selection), expected, "{selection}");
    }
}

#[test]
fn sqlserver() {
    for (selection, expected) in [
        (json!({ "engineNativeAuditFields.schema_name": "DBO" }), vec![0]),
        (json!({ "engineNativeAuditFields.is_column_permission": true }), vec![0]),
        (json!({ "engineNativeAuditFields.is_x": true }), vec![]),
        (json!({ "engineNativeAuditFields.missing|exists": false, "class": "TABLE" }), vec![0]),
        (json!({ "statementId|startswith": "0x03BA" }), vec![0]),
        (json!({ "commandText|endswith": "ünï é'" }), vec![0]),
        (json!({ "commandText|contains": "[ID]" }), vec![0]),
        (json!({ "pid": null, "class|exists": true }), vec![0]),
        (json!({ "exitCode": 1 }), vec![0]),
    ] {
        assert_eq!(matching(SQLSERVER, &selection), expected, "{selection}");
    }
}

#[test]
fn postgresql_and_oracle() {
    for document in [POSTGRESQL, ORACLE] {
        let value: Value = serde_json::from_str(document).unwrap();
        let events = value["databaseActivityEventList"].as_array().unwrap();
        for (place, event) in (0..).zip(events) {
            let Some(members) = event.as_object() else { continue };
            // Each text and number is found by its own value, in the place where it stands.
            for (name, value) in members.iter().filter(|(_, value)| value.is_string() || value.is_number()) {
                let literal = match value.as_str() {
                    Some(text) => json!(text.replace('\\', r"\\").replace('*', r"\*").replace('?', r"\?")),
                    None => value.clone(),
                };
                let found = matching(document, &json!({ name: literal }));
                assert!(found.contains(&place) || members["type"] == "heartbeat", "{name}: {value}");
                assert!(
                    matching(document, &json!({ format!("{name}|cased"): literal })).contains(&place)
                        || members["type"] == "heartbeat"
                );
            }
        }
    }
}

#[test]
fn every_engine_writes_one_condition_its_own_way() {
    let failed = json!({ "outcome": "failure" });
    for (event, expected) in [
        (json!({ "serverType": "PostgreSQL", "command": "ERROR", "exitCode": "28P01" }), true),
        (json!({ "serverType": "PostgreSQL", "command": "SELECT", "exitCode": null }), false),
        (json!({ "serverType": "MySQL", "command": "QUERY", "exitCode": "1064" }), true),
        (json!({ "serverType": "MySQL", "command": "QUERY", "exitCode": "0", "errorMessage": "" }), false),
        (json!({ "serverType": "MySQL", "command": "QUERY", "exitCode": "0", "errorMessage": "no \"x\"" }), true),
        (json!({ "serverType": "oracle", "command": "LOGON", "exitCode": 1017 }), true),
        (json!({ "serverType": "oracle", "command": "LOGON", "exitCode": 0 }), false),
        (json!({ "serverType": "SQLSERVER", "command": "SELECT", "exitCode": 0 }), true),
        (json!({ "serverType": "SQLSERVER", "command": "SELECT", "exitCode": 1 }), false),
        (json!({ "command": "SELECT", "exitCode": 0 }), false),
    ] {
        assert_eq!(matches(&failed, &event), expected, "{event}");
    }
}

#[test]
fn times_and_durations() {
    let event = json!({
        "serverType": "PostgreSQL", "startTime": "2022-03-27 13:05:14.5+00", "logTime": "2022-03-27 13:05:16.607273+00",
    });
    for (selection, expected) in [
        (json!({ "durationMs|gt": 2000 }), true),
        (json!({ "durationMs|gt": 2107 }), false),
        (json!({ "durationMs": 2107 }), true),
        (json!({ "time|startswith": "2022-03-27T13:" }), true),
        (json!({ "time|startswith": "2022-03-27t13:" }), true),
        (json!({ "time": null }), false),
        (json!({ "time|exists": true, "durationMs|exists": true }), true),
        (json!({ "outcome": "unknown" }), true),
    ] {
        assert_eq!(matches(&selection, &event), expected, "{selection}");
    }
    let oracle = json!({ "serverType": "oracle", "logTime": "2021-01-15 00:15:36.233787" });
    assert!(matches(&json!({ "time": "2021-01-15T00:15:36.233787Z", "durationMs|exists": false }), &oracle));
    let server = json!({ "serverType": "SQLSERVER", "engineNativeAuditFields": { "duration_milliseconds": 12 } });
    assert!(matches(&json!({ "durationMs|gte": 12, "time|exists": false }), &server));
}
