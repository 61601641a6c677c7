//! Fluentd with dastap as the child of `exec_filter`: `pipelines/fluentd`, by a stub of fluentd.

use std::process::Command;

use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed};

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

fn records() -> String {
    format!("{BAD}\n{}", Corpus::shared().stream.text())
}

fn expect_bad(folder: &Installed) {
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
}

#[test]
fn exec_filter_makes_events_of_records() {
    let folder = Installed::new("fluentd", &[]);
    std::fs::write(folder.path("records.ndjson"), records()).expect("the folder is writable");
    let fluentd = folder.start(peer::command("fluentd.py").arg("exec_filter.conf"));
    assert!(fluentd.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.log");
    expect_bad(&folder);
}

#[test]
fn in_exec_reads_the_events_of_the_long_running_program() {
    let folder = Installed::new("fluentd", &[]);
    std::fs::write(folder.path("records.ndjson"), records()).expect("the folder is writable");
    let command = folder.text("in_exec.conf");
    let command = command.lines().find_map(|line| line.trim().strip_prefix("command ")).expect("a command");
    // As fluentd does it, by a shell; `stdin` is the source where there is no stream.
    let shell = format!("{command} <records.ndjson >events.ndjson");
    let run = folder.start(Command::new("sh").args(["-c", &shell]));
    assert!(run.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}
