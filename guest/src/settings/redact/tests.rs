//! What can be said about redaction, and what is said about mistakes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::settings::Settings;

const KEY: &str = "sixteen bytes at least";

#[test]
fn fields_and_actions() {
    let settings = Settings::from_value(json!({
        "redact": {
            "commandText": "sql-literals", "paramList": "mask", "dbUserName": "hash",
            "remoteHost": "drop", "exitCode": { "truncate": 20 }, "engineNativeAuditFields.a b.c": "mask",
        },
        "redact-key": KEY,
    }))
    .unwrap();
    let action = |name: &str| settings.redact.fields.iter().find(|(field, _)| field == name).unwrap().1;
    assert_eq!(settings.redact.fields.len(), 6);
    assert_eq!(action("commandText"), Action::SqlLiterals);
    assert_eq!(action("exitCode"), Action::Truncate(20));
    assert_eq!(action("engineNativeAuditFields.a b.c"), Action::Mask);
    assert_eq!(settings.redact_key.unwrap().bytes(), KEY.as_bytes());
}

#[test]
fn a_preset_and_more() {
    let settings = Settings::from_value(json!({ "redact": "sql" })).unwrap();
    assert_eq!(settings.redact.fields, SQL.map(|(field, action)| (field.to_string(), action)));
    let more = json!({ "redact": { "preset": "sql", "errorMessage": { "truncate": 9 }, "pid": "drop" } });
    let fields = Settings::from_value(more).unwrap().redact.fields;
    assert_eq!(fields.len(), SQL.len() + 1);
    assert!(fields.contains(&("errorMessage".to_string(), Action::Truncate(9))));
    for (field, _) in SQL {
        assert_eq!(check_field(field), Ok(()));
    }
}

#[test]
fn keys_are_read_and_never_shown() {
    let read = |key: &str| Settings::from_value(json!({ "redact-key": key }));
    let encoded = format!("base64:{}", STANDARD.encode(KEY));
    assert_eq!(read(&encoded).unwrap().redact_key.unwrap().bytes(), KEY.as_bytes());
    let settings = read(KEY).unwrap();
    assert!(!format!("{settings:?} {settings:#?}").contains("sixteen"));
    for (key, expected) in [
        (json!("tooshort4me"), "transform.redact-key: expected 16 to 4096 bytes, found 11"),
        (json!("base64:tooshort4me!!!!!"), "transform.redact-key: expected base64 behind `base64:`"),
        (json!({ "tooshort4me": 1 }), "transform.redact-key: expected a text, found a map"),
    ] {
        let error = Settings::from_value(json!({ "redact-key": key })).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.contains("tooshort4me"));
    }
    // Whatever else is wrong.
    for other in [json!({ "redact-key": KEY, "redact": 3 }), json!({ "redact-key": KEY, "shape": KEY.len() })] {
        assert!(!Settings::from_value(other).unwrap_err().contains("sixteen"));
    }
}

#[test]
fn errors_name_the_field_and_the_nearest_one() {
    for (redact, expected) in [
        (json!({ "comandText": "mask" }), "transform.redact.comandText: unknown field; did you mean `commandText`?"),
        (json!({ "xyzzyxyzzy": "mask" }), "transform.redact.xyzzyxyzzy: unknown field; known are class,"),
        (json!({ "pid": "maks" }), "transform.redact.pid: unknown action `maks`; did you mean `mask`?"),
        (json!({ "pid": "truncate" }), "transform.redact.pid: expected a number with it: { truncate: 40 }"),
        (json!({ "pid": { "truncate": -1 } }), "transform.redact.pid: expected truncate: 0 to 1000000 characters"),
        (json!({ "pid": { "cut": 1 } }), "transform.redact.pid: expected an action, or { truncate: N }"),
        (json!({ "pid": 4 }), "transform.redact.pid: expected an action (drop, mask, hash, sql-literals, truncate)"),
        (json!({ "pid": "hash" }), "transform.redact.pid: `hash` needs a key; set redact-key"),
        (json!({ "preset": "all" }), "transform.redact.preset: unknown preset `all`; known is sql"),
        (json!("all"), "transform.redact: unknown preset `all`; known is sql"),
        (json!({ "dbid..x": "mask" }), "transform.redact.dbid..x: expected at most 8 names with dots between them"),
        (json!(7), "transform.redact: expected fields with actions, found a number"),
    ] {
        let error = Settings::from_value(json!({ "redact": redact })).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_route_shows_nothing_that_is_redacted() {
    let rules = |route: &str| json!([{ "keep": { "class": "DDL" }, "route": route }]);
    let check = |route: &str, field: &str| {
        Settings::from_value(json!({ "rules": rules(route), "redact": { field: "mask" } })).map(|_| ())
    };
    assert_eq!(
        check("{class}/{dbUserName}", "dbUserName"),
        Err("transform.rules[0].route: {dbUserName} would show what redact.dbUserName (mask) hides; leave it out \
             of the route or out of redact"
            .to_string())
    );
    assert!(check("{engineNativeAuditFields.x}", "engineNativeAuditFields").is_err());
    assert!(check("{engineNativeAuditFields}", "engineNativeAuditFields.x").is_err());
    for (route, field) in [("{class}", "dbUserName"), ("dbUserName", "dbUserName"), ("{class}/{yyyy}", "logTime")] {
        assert_eq!(check(route, field), Ok(()), "{route} {field}");
    }
}
