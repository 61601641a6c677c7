//! The OpenTelemetry Collector with dastap beside it: the files of `pipelines/otel`, run by a real collector.

use std::process::Command;

use dastap_tests::pipeline::{Corpus, Installed, Running, free_port, installed, json, peers};
use dastap_tests::program::built;
use serde_json::Value;

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

/// The pipeline's folder, on a port of its own.
fn install() -> (Installed, u16) {
    let port = free_port();
    (Installed::new("otel", &[("4318", &port.to_string())]), port)
}

/// A collector that listens. It serves no metrics of its own, which would need another port.
fn collector(folder: &Installed, port: u16) -> Running {
    let mut command = installed(&peers().join("otelcol"), "an OpenTelemetry Collector by Go");
    let options = ["--config", "collector.yaml", "--set", "service.telemetry.metrics.level=none"];
    let collector = folder.start(command.args(options));
    folder.until("the collector listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    collector
}

/// dastap with what a shell command prints.
fn dastap(folder: &Installed, records: &str) -> Running {
    let command = format!("({records}) | {} run run.yaml", built("dastap").display());
    folder.start(Command::new("sh").args(["-c", &command]))
}

/// The log records that the collector has written.
fn log_records(folder: &Installed) -> Vec<Value> {
    let members = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let requests = folder.values("events.otlp.ndjson");
    let scopes = requests.iter().flat_map(|request| members(request, "resourceLogs"));
    let scopes = scopes.flat_map(|resource| members(&resource, "scopeLogs"));
    scopes.flat_map(|scope| members(&scope, "logRecords")).collect()
}

/// The collector has all events of the corpus, none twice and none changed.
#[track_caller]
fn expect_corpus(folder: &Installed) {
    let lines = log_records(folder).into_iter().map(|record| {
        let line = record["body"]["stringValue"].as_str().expect("a text");
        let id = &json(line)["eventId"];
        let is_id = |attribute: &Value| attribute["key"] == "event.id" && attribute["value"]["stringValue"] == *id;
        assert!(record["attributes"].as_array().expect("attributes").iter().any(is_id), "{record}");
        format!("{line}\n")
    });
    std::fs::write(folder.path("events.ndjson"), lines.collect::<String>()).expect("the folder is writable");
    folder.expect_corpus("events.ndjson");
}

#[test]
fn events_are_log_records() {
    let (folder, port) = install();
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    let _collector = collector(&folder, port);
    assert!(dastap(&folder, "cat records.ndjson").ended().success(), "{}", folder.text("log"));
    expect_corpus(&folder);
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
}

#[test]
fn a_collector_that_is_killed_and_comes_back_loses_nothing() {
    let (folder, port) = install();
    let (first, second) = Corpus::shared().stream.records.split_at(500);
    for (name, half) in [("first", first), ("late", second)] {
        let text: String = half.iter().map(|record| format!("{}\n", record.line)).collect();
        std::fs::write(folder.path(name), text).expect("the folder is writable");
    }
    let half: usize = first.iter().map(|record| events(&record.document)).sum();
    let refused = || folder.text("log").matches("not accepted, trying again").count();

    let dastap = dastap(&folder, "cat first; until test -e second; do sleep 0.1; done; cat second");
    folder.until("dastap waits for a collector", || refused() > 0);
    let running = collector(&folder, port);
    folder.until("the first half", || log_records(&folder).len() >= half);
    running.kill();
    let before = refused();
    std::fs::rename(folder.path("late"), folder.path("second")).expect("a file");
    folder.until("dastap waits for the collector", || refused() > before);
    let _collector = collector(&folder, port);
    assert!(dastap.ended().success(), "{}", folder.text("log"));
    expect_corpus(&folder);
    assert_eq!(folder.text("failed.ndjson"), "");
}

/// How many of a document's events are none of the heartbeats, which are dropped.
fn events(document: &str) -> usize {
    let document = json(document);
    let events = document["databaseActivityEventList"].as_array().expect("a list");
    events.iter().filter(|event| event["type"] != "heartbeat").count()
}
