//! Nothing is lost and nothing invented: synthetic streams with faults, with the generator as oracle.

use dastap::synth::{Engine, Fault, Settings};
use dastap_tests::document;
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};

/// What a run left behind.
struct Left {
    lines: Vec<String>,
    dead: Vec<Value>,
    stats: Value,
}

fn decode(stream: &Synthetic, workers: &str, code: i32) -> Left {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name);
    let run = stream.run("decode", folder.path()).args(["--workers", workers]);
    let run = run.arg("--dead-letter").arg(path("failed.ndjson")).arg("--stats").arg(path("stats.json"));
    let run = run.run().expect(code);
    let dead = std::fs::read_to_string(path("failed.ndjson")).unwrap_or_default();
    Left {
        lines: String::from_utf8(run.stdout).expect("UTF-8").lines().map(str::to_owned).collect(),
        dead: dead.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(),
        stats: serde_json::from_slice(&std::fs::read(path("stats.json")).expect("statistics")).expect("JSON"),
    }
}

/// Every event that must come out does, in order, to the byte; every other record is in the dead letter, by its index.
#[track_caller]
fn assert_conserved(stream: &Synthetic, left: &Left) {
    let events = stream.events();
    assert_eq!(left.lines.len(), events.len());
    for (line, event) in left.lines.iter().zip(&events) {
        let found: Value = serde_json::from_str(&document::event_of(line)).expect("JSON");
        assert_eq!(found.to_string(), event.to_string());
    }
    let faulty = stream.records.iter().filter_map(|record| record.fault.map(|fault| (record.index, fault)));
    for (letter, (index, fault)) in left.dead.iter().zip(faulty.clone()) {
        assert_eq!(letter["index"], index, "{}", fault.name());
        let expected = json!({ "stage": fault.stage(), "reason": fault.reason() });
        let found = json!({ "stage": letter["error"]["stage"], "reason": letter["error"]["reason"] });
        assert_eq!(found, expected, "{}: {}", fault.name(), letter["error"]["detail"]);
    }
    assert_eq!(left.dead.len(), faulty.count());
    assert_eq!(left.stats["records"], stream.records.len());
    assert_eq!(left.stats["failed"], left.dead.len());
    assert_eq!(left.stats["decoded"], stream.records.len() - left.dead.len());
    assert_eq!(left.stats["events"]["kept"], events.len());
}

#[test]
fn every_fault_fails_in_its_stage_for_its_reason() {
    let stream = Synthetic::new(Settings { records: 60, faults: Fault::ALL.to_vec(), ..Settings::default() });
    assert_conserved(&stream, &decode(&stream, "2", 1));
}

#[test]
fn a_long_stream_with_faults_is_conserved_by_eight_workers() {
    // Without the bomb, which takes its time.
    let faults = Fault::ALL.iter().copied().filter(|&fault| fault != Fault::GzipBomb).collect();
    let settings =
        Settings { records: 4000, rotations: 3, events: 1..=40, faults, fault_rate: Some(10.0), ..Settings::default() };
    let stream = Synthetic::new(settings);
    assert_conserved(&stream, &decode(&stream, "8", 1));
}

#[test]
fn each_data_key_is_asked_for_once_however_many_workers() {
    let settings =
        Settings { engines: vec![Engine::Postgres], records: 2000, instances: 5, rotations: 6, ..Settings::default() };
    let stream = Synthetic::new(settings);
    for workers in ["1", "8"] {
        let left = decode(&stream, workers, 0);
        assert_conserved(&stream, &left);
        assert_eq!(left.stats["keys"]["calls"], stream.data_keys(), "{workers} workers: {}", left.stats);
    }
    assert_eq!(stream.data_keys(), 5 * 7);
}

#[test]
fn inspect_with_keys_says_of_every_fault_which_step_fails() {
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(|&fault| fault != Fault::GzipBomb).collect();
    let stream = Synthetic::new(Settings { records: 60, faults, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let reports = stream.run("inspect", folder.path()).arg("--json").run().expect(1).lines();
    assert_eq!(reports.len(), stream.records.len());
    for (report, record) in reports.iter().zip(&stream.records) {
        // What is broken in the structure is said without keys already; then there is nothing to decode.
        let failures = [&report["decode"]["failure"], &report["failure"]];
        let failure = failures.into_iter().find(|failure| failure.is_object());
        let found = failure.map(|failure| (failure["stage"].as_str(), failure["reason"].as_str()));
        let expected = record.fault.map(|fault| (Some(fault.stage()), Some(fault.reason())));
        assert_eq!(found, expected, "{:?}: {report}", record.fault);
    }
}
