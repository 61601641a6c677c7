//! Sink `http` of `dastap run` against a service that fails in every way. The oracle is by event id: what came in is
//! accepted by the service or kept by the dead letter, and nothing is both.

use std::collections::BTreeSet;

use dastap::synth::Settings;
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::service::Service;
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};

/// Events that the service refuses for good.
const POISON: usize = 7;

fn stream(records: u64) -> Synthetic {
    Synthetic::new(Settings { records, events: 1..=4, ..Settings::default() })
}

/// `dastap run` from stdin to a sink with these settings.
fn run(stream: &Synthetic, sink: &str) -> Outcome {
    run_with(stream, sink, |run| run).expect(0)
}

fn run_with(stream: &Synthetic, sink: &str, more: impl FnOnce(Dastap) -> Dastap) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let (keyring, config) = (folder.path().join("keys.json"), folder.path().join("dastap.yaml"));
    std::fs::write(&keyring, stream.keyring()).expect("writable");
    let text = format!(
        "keys: {{ keyring: \"{}\" }}\n\
         transform: {{ resources: [{}] }}\n\
         sources: [ {{ type: stdin }} ]\n\
         sinks: [ {{ type: http, name: siem, {sink} }} ]\n\
         dead-letter: {{ type: file, path: failed.ndjson }}\n",
        keyring.display(),
        stream.resources().join(", "),
    );
    std::fs::write(&config, text).expect("writable");
    more(Dastap::new("run").arg(&config).stdin(stream.text())).run()
}

/// The events of the stream, as `decode` writes them.
fn events(stream: &Synthetic) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    stream.run("decode", folder.path()).run().expect(0).lines()
}

fn id(event: &Value) -> String {
    event["eventId"].as_str().expect("an id").to_owned()
}

fn dead(outcome: &Outcome) -> Vec<Value> {
    let text = std::fs::read_to_string(outcome.folder.path().join("failed.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn nothing_is_lost_in_any_format_whatever_the_service_does() {
    let stream = stream(300);
    let events = events(&stream);
    let all: BTreeSet<String> = events.iter().map(id).collect();
    assert_eq!(all.len(), events.len());
    let poison: Vec<String> = events.iter().step_by(events.len() / POISON).take(POISON).map(id).collect();
    for format in ["ndjson", "json", "splunk", "elasticsearch", "otlp"] {
        let mut service = Service::start();
        let steps = json!([{ "status": 503 }, { "reset": true }, { "status": 429, "retryAfter": 1 }, { "sleep": 2, "status": 500 }]);
        service.behave(format, steps, &poison);
        let outcome = run(
            &stream,
            &format!(
                "url: \"{}\", format: {format}, compression: gzip, timeout: 1s, batch: {{ events: 50 }}",
                service.endpoint
            ),
        );
        let accepted = service.accepted();
        let delivered: BTreeSet<String> = accepted.iter().map(id).collect();
        let dead = dead(&outcome);
        let kept: BTreeSet<String> = dead.iter().map(|line| id(&line["event"])).collect();
        assert_eq!(kept, BTreeSet::from_iter(poison.iter().cloned()), "{format}: the poison alone is refused");
        assert!(delivered.is_disjoint(&kept), "{format}");
        assert_eq!(delivered.union(&kept).cloned().collect::<BTreeSet<_>>(), all, "{format}: nothing is lost");
        if format != "otlp" {
            // OTLP does not say which events of a request it has taken; the others refuse all, or say it.
            assert_eq!(accepted.len(), delivered.len(), "{format}: nothing came twice");
        }
        for line in &dead {
            assert_eq!((&line["error"]["reason"], &line["sink"]), (&json!("refused"), &json!("siem")), "{line}");
            let event = events.iter().find(|event| id(event) == id(&line["event"]));
            assert_eq!(event, Some(&line["event"]), "{format}: as it was");
        }
        let requests = service.requests();
        let statuses: Vec<_> = requests.iter().take(4).map(|request| request["status"].clone()).collect();
        assert_eq!(statuses, [json!(503), Value::Null, json!(429), json!(500)], "{format}");
        let at = |index: usize| requests[index]["at"].as_f64().expect("a time");
        assert!(at(3) - at(2) >= 1.0, "{format}: Retry-After is heeded");
        assert!(outcome.stderr.contains("not accepted, trying again"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("commandText"), "no payload in the log");
    }
}

#[test]
fn an_event_that_comes_again_is_known_to_elasticsearch() {
    let stream = stream(40);
    let events = events(&stream);
    let mut service = Service::start();
    service.behave("elasticsearch", json!([]), &[]);
    for _ in 0..2 {
        let sink = format!("url: \"{}\", format: elasticsearch, index: \"das-{{date}}\"", service.endpoint);
        assert!(dead(&run(&stream, &sink)).is_empty());
        assert_eq!(service.accepted().len(), events.len());
    }
    assert!(
        service.requests().iter().all(|request| request["path"].as_str().unwrap().starts_with("/_bulk?filter_path="))
    );
}

#[test]
fn secrets_are_sent_and_never_shown() {
    let stream = stream(5);
    for (format, scheme) in [("ndjson", "Bearer"), ("splunk", "Splunk"), ("elasticsearch", "ApiKey")] {
        let mut service = Service::start();
        // A wrong token is nobody's fault but the operator's: it is told, and nothing goes to the dead letter.
        service.behave(format, json!([{ "status": 401 }, { "status": 403 }]), &[]);
        let sink = format!(
            "url: \"{}\", format: {format}, token: {{ env: SIEM_TOKEN }}, headers: {{ X-Tenant: blue, X-Secret: {{ env: SIEM_TOKEN }} }}",
            service.endpoint
        );
        let outcome = run_with(&stream, &sink, |run| run.env("SIEM_TOKEN", "hush")).expect(0);
        assert!(dead(&outcome).is_empty());
        let request = service.requests().pop().expect("a request");
        let header = |name: &str| request["headers"][name].as_str().unwrap_or_default().to_owned();
        let found = [header("authorization"), header("x-tenant"), header("x-secret")];
        assert_eq!(found, [format!("{scheme} hush"), "blue".to_owned(), "hush".to_owned()], "{request}");
        assert!(outcome.stderr.contains("check url, token and headers"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("hush"), "{}", outcome.stderr);
    }
}

#[test]
fn a_private_certificate_is_trusted_when_it_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Service::with_tls(folder.path());
    let stream = stream(20);
    let ca = folder.path().join("ca.pem");
    run(&stream, &format!("url: \"{}\", ca-file: \"{}\"", service.endpoint, ca.display()));
    assert_eq!(service.accepted().len(), events(&stream).len());
    let wrong = run_with(&stream, &format!("url: \"{}\", ca-file: nowhere.pem", service.endpoint), |run| run).expect(2);
    assert!(wrong.stderr.contains("ca-file: nowhere.pem: "), "{}", wrong.stderr);
}
