//! The corpus, where it lies beside the checkout: every event equals what was encrypted, every fault fails alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dastap_tests::corpus;
use dastap_tests::document;
use dastap_tests::program::Dastap;
use serde_json::Value;

const LIST: &str = "databaseActivityEventList";

/// The records as they lie in the file, and the document that each of them holds.
struct Corpus {
    folder: PathBuf,
    records: String,
    expected: Vec<Value>,
}

fn corpus() -> Option<Corpus> {
    let folder = corpus::folder()?;
    let records = std::fs::read_to_string(folder.join("records.jsonl")).expect("the records");
    let expected = corpus::lines(&folder, "expected.jsonl");
    assert_eq!(records.lines().count(), expected.len());
    Some(Corpus { folder, records, expected })
}

impl Corpus {
    fn decode(&self) -> Dastap {
        let resources: BTreeSet<&str> = self.expected.iter().filter_map(|entry| entry["resource"].as_str()).collect();
        let run = Dastap::decode(&self.folder.join("keyring.json"));
        resources.into_iter().fold(run, |run, resource| run.args(["--resource-id", resource]))
    }

    /// The events of each record, heartbeats left out.
    fn events(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let without_heartbeats = |envelope| events(envelope).filter(|event| event["type"] != "heartbeat");
        self.expected.iter().flat_map(move |entry| {
            let envelope = &entry["envelope"];
            without_heartbeats(envelope).map(move |event| (envelope, event))
        })
    }
}

fn events(envelope: &Value) -> impl Iterator<Item = &Value> {
    envelope[LIST].as_array().expect("a list").iter()
}

#[test]
fn every_event_is_what_was_encrypted_in_value_and_order() {
    let Some(corpus) = corpus() else { return };
    let run = corpus.decode().stdin(corpus.records.as_str()).run().expect(0);
    let text = String::from_utf8(run.stdout.clone()).expect("UTF-8");
    let mut ids = BTreeSet::new();
    let mut lines = text.lines().zip(run.lines());
    for (envelope, event) in corpus.events() {
        let (text, line) = lines.next().expect("a line for each event");
        // As text, because equality of JSON objects does not look at the order of members.
        let found: Value = serde_json::from_str(&document::event_of(text)).expect("JSON");
        assert_eq!(found.to_string(), event.to_string());
        for id in ["clusterId", "instanceId"] {
            let expected = envelope.get(id).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(line[id].as_str().unwrap_or_default(), expected, "{id}");
        }
        assert!(ids.insert(line["eventId"].to_string()), "an event id comes twice");
    }
    assert!(lines.next().is_none(), "no line without an event");
}

#[test]
fn the_same_records_give_the_same_bytes_from_one_worker_and_from_eight() {
    let Some(corpus) = corpus() else { return };
    let run =
        |workers| corpus.decode().args(["--workers", workers]).stdin(corpus.records.as_str()).run().expect(0).stdout;
    assert!(run("1") == run("8"));
}

#[test]
fn envelopes_are_the_encrypted_documents() {
    let Some(corpus) = corpus() else { return };
    let config = tempfile::NamedTempFile::with_suffix(".yaml").expect("a file");
    std::fs::write(&config, "transform:\n  heartbeats: keep\n").expect("writable");
    let run = corpus.decode().arg("--config").arg(config.path()).args(["--shape", "envelope"]);
    let lines = run.stdin(corpus.records.as_str()).run().expect(0).lines();
    // A record without events gives no line.
    let expected: Vec<&Value> = corpus
        .expected
        .iter()
        .map(|entry| &entry["envelope"])
        .filter(|envelope| events(envelope).next().is_some())
        .collect();
    assert_eq!(lines.len(), expected.len());
    for (line, envelope) in lines.iter().zip(expected) {
        assert_eq!(line.to_string(), envelope.to_string());
    }
}

#[test]
fn heartbeats_are_kept_when_asked_for_and_counted_always() {
    let Some(corpus) = corpus() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let stats = |config: &str| {
        let (config_file, stats) = (folder.path().join("config.yaml"), folder.path().join("stats.json"));
        std::fs::write(&config_file, config).expect("writable");
        let run = corpus.decode().arg("--config").arg(config_file).arg("--stats").arg(&stats);
        let lines = run.stdin(corpus.records.as_str()).run().expect(0).lines().len();
        let stats: Value = serde_json::from_slice(&std::fs::read(stats).expect("statistics")).expect("JSON");
        (lines, stats)
    };
    let all: usize = corpus.expected.iter().map(|entry| events(&entry["envelope"]).count()).sum();
    let heartbeats = all - corpus.events().count();
    let (lines, dropped) = stats("transform: { heartbeats: drop }");
    assert_eq!(lines, all - heartbeats);
    assert_eq!(
        dropped["events"],
        serde_json::json!({ "seen": all, "kept": all - heartbeats, "dropped": heartbeats, "heartbeats": heartbeats })
    );
    let (lines, kept) = stats("transform: { heartbeats: keep }");
    assert_eq!(lines, all);
    assert_eq!(kept["events"], serde_json::json!({ "seen": all, "kept": all, "dropped": 0, "heartbeats": heartbeats }));
}

#[test]
fn every_fault_fails_in_its_stage_alone() {
    let Some(corpus) = corpus() else { return };
    let faults = corpus::lines(&corpus.folder, "faults.jsonl");
    // A damaged record behind each good one, as long as there are some.
    let mut stages = Vec::new();
    let mut input = Vec::new();
    for (index, record) in corpus.records.lines().enumerate() {
        input.push(record.to_owned());
        stages.push(None);
        if let Some(fault) = faults.get(index) {
            input.push(fault["record"].to_string());
            stages.push(fault["stage"].as_str());
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = corpus.decode().args(["--workers", "2"]).arg("--dead-letter").arg(folder.path().join("failed.ndjson"));
    let run = run.stdin(input.join("\n")).run().expect(1);
    assert_eq!(run.lines().len(), corpus.events().count(), "every good record is decoded");
    let dead = dead_letter(&folder.path().join("failed.ndjson"));
    assert_eq!(dead.len(), faults.len());
    for (fault, letter) in faults.iter().zip(&dead) {
        let index = usize::try_from(letter["index"].as_u64().expect("an index")).expect("small");
        let name = fault["fault"].as_str().expect("a name");
        assert_eq!(letter["error"]["stage"].as_str(), stages[index], "{name}: {}", letter["error"]);
        assert_eq!(letter["record"], fault["record"], "{name}: the record as received");
        assert_eq!(letter["error"]["retryable"], false, "{name}");
    }
}

fn dead_letter(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a dead letter");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
