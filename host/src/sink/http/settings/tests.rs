use super::*;
use crate::config::read_settings;
use serde_json::json;

fn checked(settings: Value) -> Result<Settings, String> {
    let Value::Object(settings) = settings else { panic!("a map") };
    let settings: Settings = read_settings(settings)?;
    settings.check().map(|()| settings)
}

#[test]
fn a_url_without_a_path_gets_the_usual_one() {
    for (format, expected) in [
        ("ndjson", "https://siem/"),
        ("splunk", "https://siem/services/collector/event"),
        ("otlp", "https://siem/v1/logs"),
    ] {
        let settings = checked(json!({ "url": "https://siem", "format": format })).unwrap();
        assert_eq!(settings.url().unwrap().as_str(), expected);
    }
    let settings = checked(json!({ "url": "https://siem/x/_bulk", "format": "elasticsearch" })).unwrap();
    assert_eq!(settings.url().unwrap().path(), "/x/_bulk");
    assert_eq!(settings.plan(), "https://siem/x/_bulk as elasticsearch");
}

#[test]
fn wrong_values_are_named_and_secrets_are_not() {
    let problem = |settings| checked(settings).unwrap_err();
    for url in ["", "siem.example.com", "ftp://siem"] {
        assert!(problem(json!({ "url": url })).starts_with("url: expected such as https://"), "{url}");
    }
    let none = problem(json!({ "url": "https://siem", "format": "template" }));
    assert!(none.starts_with("template: expected the JSON of an event"), "{none}");
    let secret = problem(json!({ "url": "https://me:hush@siem" }));
    assert!(secret.starts_with("url: expected no user") && !secret.contains("hush"));
    let secret = problem(json!({ "url": "https://siem", "headers": { "authorization": "Bearer hush" } }));
    assert!(secret.starts_with("headers.authorization: expected { file") && !secret.contains("hush"), "{secret}");
    for (settings, expected) in [
        (json!({ "url": "https://siem", "batch": { "events": 0 } }), "batch.events: expected 1 to 100000, found 0"),
        (
            json!({ "url": "https://siem", "index": "x" }),
            "index: expected only with format elasticsearch, found ndjson",
        ),
        (json!({ "url": "https://siem", "prefix": "[" }), "prefix: expected only with format template, found ndjson"),
        (
            json!({ "url": "https://siem", "format": "template", "template": "{evnt}" }),
            "template: character 1: unknown name {evnt}; did you mean {event}?",
        ),
        (
            json!({ "url": "https://siem", "format": "template", "template": "{event}", "content-type": "json" }),
            "content-type: expected one such as application/json, found \"json\"",
        ),
        (json!({ "url": "https://siem", "formt": "x" }), "formt: unknown setting; did you mean `format`?"),
    ] {
        assert_eq!(problem(settings), expected);
    }
}
