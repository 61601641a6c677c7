//! The configurations of `pipelines/log-services` against stubs of the services, and mistakes in them.

use std::process::Command;

use dastap_tests::pipeline::{Corpus, Installed, ids};
use dastap_tests::program::{Dastap, built};
use dastap_tests::service::Service;
use serde_json::json;

/// The folder with the corpus in it; the services are at one address.
fn install(service: &Service) -> Installed {
    let places = ["https://http-intake.logs.datadoghq.eu", "http://127.0.0.1:3100"];
    let folder = Installed::new("log-services", &places.map(|place| (place, service.endpoint.as_str())));
    std::fs::write(folder.path("records.ndjson"), Corpus::shared().stream.text()).expect("the folder is writable");
    folder
}

#[test]
fn a_template_delivers_every_event_to_datadog_and_to_loki() {
    for (name, path, header) in
        [("datadog", "/api/v2/logs", "dd-api-key"), ("loki", "/loki/api/v1/push", "x-scope-orgid")]
    {
        let mut service = Service::start();
        let folder = install(&service);
        let poison: Vec<String> = Corpus::shared().ids().into_iter().step_by(4000).collect();
        service.behave(name, json!([{ "status": 503 }, { "status": 429, "retryAfter": 1 }]), &poison);
        let command = format!("{} run {name}.yaml < records.ndjson", built("dastap").display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).env("DD_API_KEY", "hush").env("LOKI_TENANT", "hush");
        assert!(folder.start(&mut shell).ended().success(), "{}", folder.text("log"));
        let accepted = service.accepted();
        let dead = folder.values("failed.ndjson");
        let refused: Vec<_> = dead.iter().map(|line| line["event"].clone()).collect();
        assert_eq!(ids(&refused), poison.into_iter().collect(), "{name}: the poison alone is refused");
        assert_eq!(accepted.len() + refused.len(), Corpus::shared().lines.len(), "{name}: none twice");
        assert_eq!(ids(&[accepted, refused].concat()), Corpus::shared().ids(), "{name}");
        for request in service.requests() {
            let headers = &request["headers"];
            assert_eq!((&request["path"], &headers[header]), (&json!(path), &json!("hush")), "{request}");
            assert_eq!(headers["content-type"], "application/json", "{request}");
        }
        assert!(!folder.text("log").contains("hush"));
    }
}

#[test]
fn a_mistake_is_found_before_anything_is_sent() {
    let folder = install(&Service::start());
    let text = folder.text("datadog.yaml");
    for (right, wrong, expected) in [
        (
            "{instanceId}",
            "{instnceId}",
            "sinks[0].template: character 69: unknown name {instnceId}; did you mean {instanceId}?",
        ),
        ("{time:ms},", "{time:ms}", "sinks[0].template: character 134: expected JSON: expected `,` or `}`"),
        (
            "suffix: ']'",
            "suffix: ''",
            "sinks[0].template: expected JSON of prefix, template, separator and suffix together",
        ),
        ("prefix: '['", "prfix: '['", "sinks[0].prfix: unknown setting; did you mean `prefix`?"),
    ] {
        let changed = text.replace(right, wrong);
        assert_ne!(changed, text);
        std::fs::write(folder.path("datadog.yaml"), changed).expect("writable");
        let outcome = Dastap::new("run").arg(folder.path("datadog.yaml")).arg("--check").run().expect(2);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
}
