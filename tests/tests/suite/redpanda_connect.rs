//! Redpanda Connect with dastap as the child of a processor, or as its service: the files of `pipelines/redpanda-connect`,
//! run by the real engine.

use std::fs::File;
use std::io::Write;
use std::process::Command;

use dastap_tests::pipeline::{Corpus, Installed, Running, free_port, installed, peers};
use dastap_tests::program::built;

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

/// What the engine says when its child did not answer.
const UNANSWERED: &str = "Failed to send message to subprocess";

/// The engine with one of the pipeline's configurations. Its own service, for metrics, listens nowhere.
fn connect(folder: &Installed, configuration: &str) -> Running {
    let mut command = installed(&peers().join("benthos"), "Redpanda Connect's engine by Go");
    folder.start(command.args(["run", "--set", "http.enabled=false", configuration]))
}

fn write_records(folder: &Installed, records: &str) {
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
}

/// A few good records.
fn few() -> Vec<&'static str> {
    Corpus::shared().stream.records[..5].iter().map(|record| record.line.as_str()).collect()
}

/// The lines of a file are these, in any order.
#[track_caller]
fn expect_lines(folder: &Installed, file: &str, expected: &[&str]) {
    let text = folder.text(file);
    let (mut found, mut expected): (Vec<&str>, _) = (text.lines().collect(), expected.to_vec());
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{}", folder.text("log"));
}

#[test]
fn a_subprocess_processor_makes_messages_of_events() {
    let folder = Installed::new("redpanda-connect", &[]);
    write_records(&folder, &format!("{BAD}\n{}", Corpus::shared().stream.text()));
    assert!(connect(&folder, "subprocess.yaml").ended().success(), "{}", folder.text("log"));
    folder.expect_values("events.ndjson");
    let failed = folder.values("failed.ndjson");
    assert_eq!(failed.len(), 1, "{}", folder.text("log"));
    assert_eq!(failed[0]["record"], BAD, "as it came");
    assert_eq!(failed[0]["dastap_error"]["stage"], "envelope");
}

#[test]
fn children_that_are_killed_lose_nothing() {
    let folder = Installed::new("redpanda-connect", &[]);
    let pipe = folder.path("records.ndjson");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let engine = connect(&folder, "subprocess.yaml");
    // Both ends, so that opening it waits for nobody.
    let mut records = File::options().read(true).write(true).open(&pipe).expect("a pipe");
    let unanswered = || folder.text("log").matches(UNANSWERED).count();
    for record in &Corpus::shared().stream.records {
        writeln!(records, "{}", record.line).expect("the engine reads");
        if unanswered() < 3 {
            engine.kill_children();
        }
    }
    drop(records);
    assert!(engine.ended().success(), "{}", folder.text("log"));
    assert!(unanswered() >= 3, "no message was in hand: {}", folder.text("log"));
    folder.expect_values("events.ndjson");
    assert_eq!(folder.text("failed.ndjson"), "");
    assert!(!folder.text("log").contains("eventId"), "events in the engine's log");
}

#[test]
fn a_message_that_no_child_answers_is_kept() {
    let folder = Installed::new("redpanda-connect", &[]);
    std::fs::remove_file(folder.path("keyring.json")).expect("a file");
    write_records(&folder, &few().join("\n"));
    assert!(connect(&folder, "subprocess.yaml").ended().success(), "{}", folder.text("log"));
    expect_lines(&folder, "failed.ndjson", &few());
    assert_eq!(folder.text("events.ndjson"), "");
}

#[test]
fn an_http_processor_asks_the_service() {
    let port = free_port();
    let folder = Installed::new("redpanda-connect", &[("9599", &port.to_string())]);
    write_records(&folder, &format!("{BAD}\n{}", Corpus::shared().stream.text()));
    let _dastap = folder.start(Command::new(built("dastap")).args(["run", "service.yaml"]));
    folder.until("dastap listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert!(connect(&folder, "http.yaml").ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    let failed = folder.values("failed.ndjson");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["error"]["stage"], "envelope");
    assert_eq!(failed[0]["record"].to_string(), BAD);
}

#[test]
fn a_message_that_no_service_answers_is_kept() {
    let folder = Installed::new("redpanda-connect", &[("9599", &free_port().to_string())]);
    write_records(&folder, &few().join("\n"));
    assert!(connect(&folder, "http.yaml").ended().success(), "{}", folder.text("log"));
    expect_lines(&folder, "failed.ndjson", &few());
    assert_eq!(folder.text("events.ndjson"), "");
}
