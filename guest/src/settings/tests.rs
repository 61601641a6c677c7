//! What can be said, and what is said about mistakes.

use serde_json::json;

use super::*;

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(Settings::from_json("{}"), Ok(Settings::default()));
    assert_eq!(Settings::from_json(r#"{"rules":[],"redact":{},"limits":{}}"#), Ok(Settings::default()));
}

#[test]
fn everything_can_be_said() {
    let settings = Settings::from_value(json!({
        "resources": ["cluster-A", "aws-rds-das-db-B", "arn:aws:kinesis:eu-west-1:1:stream/aws-rds-das-cluster-C"],
        "heartbeats": "keep", "system-users": "drop", "shape": "envelope", "suites": ["0x0178", 1144],
        "encrypted-data-key": { "provider": "P", "name": "N" },
        "limits": { "record": "1 MiB", "plaintext": 2048, "events": 5, "depth": 8 },
    }))
    .unwrap();
    assert_eq!(settings.suites, Some(vec![SuiteId(0x0178), SuiteId(0x0478)]));
    assert_eq!(settings.limits, Limits { record: Size(1 << 20), plaintext: Size(2048), events: 5, depth: 8 });
    assert_eq!(settings.parsed_resources().unwrap().len(), 3);
}

#[test]
fn errors_name_the_setting_and_the_nearest_one() {
    for (section, expected) in [
        (json!({ "heartbeat": "drop" }), "transform.heartbeat: unknown setting; did you mean `heartbeats`?"),
        (json!({ "limits": { "recrod": 1 } }), "transform.limits.recrod: unknown setting; did you mean `record`?"),
        (json!({ "xyzzy": 1 }), "transform.xyzzy: unknown setting; known are"),
        (
            json!({ "shape": "evnt" }),
            "transform.shape: unknown variant `evnt`, expected one of `event`, `envelope`, `ocsf`, `ecs`",
        ),
        (json!({ "limits": { "record": "10 parsecs" } }), "transform.limits.record: expected a size such as"),
        (json!({ "limits": { "depth": 5000 } }), "transform.limits.depth: expected 4 to 1024, found 5000"),
        (json!({ "limits": 3 }), "transform.limits: expected a map of settings, found a number"),
        (json!({ "suites": ["0x9999"] }), "transform.suites: algorithm suite 0x9999 does not exist"),
        (json!({ "resources": ["mydb"] }), "transform.resources: expected a resource id (cluster-... or db-...)"),
        (json!({ "rules": [{ "drop": {} }] }), "transform.rules[0].drop: expected at least one field"),
        (json!({ "rules": {"a": 1} }), "transform.rules: invalid type: map, expected a sequence"),
        (json!({ "rule": [] }), "transform.rule: unknown setting; did you mean `rules`?"),
        (json!({ "mysql_aux": "drop" }), "transform.mysql_aux: unknown setting; did you mean `mysql-aux`?"),
        (json!({ "otherwise": "route" }), "transform.otherwise: unknown variant `route`, expected `keep` or `drop`"),
        (json!({ "otherwize": "drop" }), "transform.otherwize: unknown setting; did you mean `otherwise`?"),
        (json!({ "ocsf": { "version": "1.9.0" } }), "transform.ocsf.version: expected one of 1.8.0, found \"1.9.0\""),
        (json!({ "ocsf": { "verison": "1.8.0" } }), "transform.ocsf.verison: unknown setting; did you mean `version`?"),
        (json!([]), "transform: expected a map of settings, found a list"),
    ] {
        let error = Settings::from_value(section).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn sizes_are_shown_as_they_are_written() {
    for text in ["64MiB", "2GiB", "1000KiB", "1023 bytes", "0 bytes", "1024MiB"] {
        let size: Size = serde_json::from_value(json!(text.replace(" bytes", ""))).expect(text);
        assert_eq!(size.to_string(), text.replace("1024MiB", "1GiB"));
    }
}
