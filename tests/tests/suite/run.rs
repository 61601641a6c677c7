//! `dastap run` as a whole: what the sinks and the dead letter have is what `decode` gives; routes; the plan; wrong
//! settings; the end by a signal.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use dastap::synth::{Fault, Settings};
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::stream::Synthetic;
use serde_json::Value;

/// A configuration of this stream with these sections.
fn config(stream: &Synthetic, folder: &Path, sections: &str) -> std::path::PathBuf {
    std::fs::write(folder.join("keyring.json"), stream.keyring()).expect("the folder is writable");
    let file = folder.join("dastap.yaml");
    let keys = format!("keys: {{ keyring: {} }}\n", folder.join("keyring.json").display());
    let sections =
        sections.replace("RESOURCES", &stream.resources().join(", ")).replace("FOLDER", &folder.display().to_string());
    std::fs::write(&file, keys + &sections).expect("the folder is writable");
    file
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn decoded(stream: &Synthetic, code: i32) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    stream.run("decode", folder.path()).run().expect(code)
}

#[test]
fn sinks_and_dead_letter_have_what_decode_gives() {
    let faults = Fault::ALL.to_vec();
    let stream = Synthetic::new(Settings { records: 2000, faults, fault_rate: Some(5.0), ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(
        &stream,
        folder.path(),
        "\
transform: { resources: [RESOURCES] }
sources: [ { type: stdin } ]
sinks: [ { type: stdout }, { type: file, path: FOLDER/events.ndjson } ]
dead-letter: { path: FOLDER/failed.ndjson, type: file }
",
    );
    let run = Dastap::new("run").arg(&config).stdin(stream.text()).run().expect(0);
    let reference = decoded(&stream, 1);
    assert_eq!(run.stdout, reference.stdout, "the very bytes, in order");
    assert_eq!(lines(&folder.path().join("events.ndjson")).len(), reference.lines().len());
    let errors = |file: &Path| -> Vec<Value> {
        lines(file).iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["error"].clone()).collect()
    };
    let failed = errors(&folder.path().join("failed.ndjson"));
    assert_eq!(failed, errors(&reference.folder.path().join("dastap-failed.ndjson")));
    assert!(failed.len() > 50, "{}", failed.len());
    let count = format!("2000 records: {} decoded, {} failed", 2000 - failed.len(), failed.len());
    assert!(run.stderr.contains(&count), "{}", run.stderr);
}

#[test]
fn a_sink_takes_its_routes_and_no_event_is_without_a_sink() {
    let stream = Synthetic::new(Settings { records: 500, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let sections = "\
transform:
  resources: [RESOURCES]
  rules:
    - keep: { command|startswith: [CREATE, ALTER, DROP] }
      route: ddl/{command}
sources: [ { type: stdin } ]
sinks:
  - { type: file, name: ddl, path: FOLDER/ddl.ndjson, routes: [ddl/*] }
  - { type: file, name: all, path: FOLDER/all.ndjson }
";
    let file = config(&stream, folder.path(), sections);
    Dastap::new("run").arg(&file).stdin(stream.text()).run().expect(0);
    let (ddl, all) = (lines(&folder.path().join("ddl.ndjson")), lines(&folder.path().join("all.ndjson")));
    let all: BTreeSet<String> = all.into_iter().collect();
    let reference = decoded(&stream, 0);
    assert_eq!(all.len(), reference.lines().len());
    let is_ddl = |line: &&String| {
        let command =
            serde_json::from_str::<Value>(line).expect("JSON")["command"].as_str().unwrap_or_default().to_owned();
        ["create", "alter", "drop"].iter().any(|word| command.to_lowercase().starts_with(word))
    };
    assert!(!ddl.is_empty());
    assert_eq!(ddl.iter().collect::<BTreeSet<_>>(), all.iter().filter(is_ddl).collect());

    let only_ddl = sections.replace("  - { type: file, name: all, path: FOLDER/all.ndjson }\n", "");
    let file = config(&stream, folder.path(), &only_ddl);
    let refused = Dastap::new("run").arg(&file).run().expect(2);
    assert!(refused.stderr.contains("no sink takes events of the route `default`"), "{}", refused.stderr);
}

#[test]
fn check_shows_the_plan_and_runs_nothing() {
    let stream = Synthetic::new(Settings { records: 1, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let file = config(
        &stream,
        folder.path(),
        "\
transform: { resources: [RESOURCES] }
sources: [ { type: stdin, name: pipe } ]
sinks: [ { type: file, path: FOLDER/events.ndjson, routes: ['*'] } ]
workers: 3
",
    );
    let run = Dastap::new("run").arg(&file).arg("--check").run().expect(0);
    let plan = String::from_utf8(run.stdout).expect("UTF-8");
    for part in
        ["source  pipe", "data keys from the keyring", "sink    file", "routes *", "failed  dead-letter", "workers 3"]
    {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(!folder.path().join("events.ndjson").exists());
}

#[test]
fn the_configuration_of_the_readme_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.yaml");
    std::fs::write(&file, dastap_tests::readme::config("run.yaml")).expect("the folder is writable");
    let run = Dastap::new("run").arg(&file).arg("--check").run().expect(0);
    let plan = String::from_utf8(run.stdout).expect("UTF-8");
    assert!(plan.contains("stream aws-rds-das-cluster-ABC in eu-west-1") && plan.contains("as splunk"), "{plan}");
}

#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let stream = Synthetic::new(Settings { records: 1, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    for (sections, expected) in [
        ("sinks: [ { type: stdout } ]", "sources: expected at least one"),
        (
            "sources: [ { type: stdni } ]\nsinks: [ { type: stdout } ]",
            "sources[0].type: unknown kind `stdni`; did you mean `stdin`?",
        ),
        (
            "sources: [ { type: stdin } ]\nsinks: [ { type: file, pathh: x } ]",
            "sinks[0].pathh: unknown setting; did you mean `path`?",
        ),
        ("sources: [ { type: stdin, path: x } ]\nsinks: [ { type: stdout } ]", "sources[0].path: unknown setting"),
        (
            "sources: [ { type: stdin } ]\nsinks: [ { type: stdout, queue: 1KiB } ]",
            "sinks[0].queue: expected 100KiB to 1GiB",
        ),
        (
            "sources: [ { type: stdin } ]\nsinks: [ { type: stdout }, { type: stdout } ]",
            "sinks[1].name: \"stdout\" is taken",
        ),
        (
            "sources: [ { type: stdin } ]\nsinks: [ { type: file, path: /no/such/folder/x } ]",
            "cannot open /no/such/folder/x",
        ),
    ] {
        let file = config(&stream, folder.path(), sections);
        let run = Dastap::new("run").arg(&file).run().expect(2);
        assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
    }
}

#[test]
fn a_signal_ends_the_run_and_what_was_read_is_delivered() {
    let stream = Synthetic::new(Settings { records: 500, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let events = folder.path().join("events.ndjson");
    let file = config(
        &stream,
        folder.path(),
        "\
transform: { resources: [RESOURCES] }
sources: [ { type: stdin } ]
sinks: [ { type: file, path: FOLDER/events.ndjson } ]
",
    );
    let expected = decoded(&stream, 0).lines().len();
    let mut running = Dastap::new("run").arg(&file).start();
    let mut input = running.stdin();
    input.write_all(stream.text().as_bytes()).expect("the program reads");
    // The input stays open: nothing but the signal ends the run.
    running.until("all events are there", |_| lines(&events).len() == expected);
    running.terminate();
    assert_eq!(running.end(), 0, "{}", running.log());
    assert!(running.log().contains("500 records: 500 decoded, 0 failed"), "{}", running.log());
    assert_eq!(lines(&events).len(), expected);
}

#[test]
fn a_signal_while_the_program_still_starts_is_a_good_end() {
    let stream = Synthetic::new(Settings { records: 1, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let sections = "\
transform: { resources: [RESOURCES] }
sources: [ { type: stdin } ]
sinks: [ { type: file, path: FOLDER/events.ndjson } ]
";
    let text = std::fs::read_to_string(config(&stream, folder.path(), sections)).expect("a configuration");
    // A configuration that nobody has written yet.
    let pipe = folder.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let mut running = Dastap::new("run").arg(&pipe).start();
    // It stays open: nothing but the signal ends the run.
    let _input = running.stdin();
    running.terminate();
    std::fs::write(&pipe, text).expect("the program reads");
    assert_eq!(running.end(), 0, "{}", running.log());
}
