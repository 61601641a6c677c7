//! Redpanda Connect with dastap as the child of a processor: `pipelines/redpanda-connect`, by a stub of the engine.

use std::process::Command;

use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed, free_port};
use dastap_tests::program::built;

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

#[test]
fn a_subprocess_processor_makes_messages_of_events() {
    let folder = Installed::new("redpanda-connect", &[]);
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    let connect = folder.start(peer::command("connect.py").arg("subprocess.yaml"));
    assert!(connect.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    let failed = folder.values("failed.ndjson");
    assert_eq!(failed.len(), 1, "{}", folder.text("log"));
    assert_eq!(failed[0]["record"], BAD, "as it came");
    assert_eq!(failed[0]["dastap_error"]["stage"], "envelope");
}

#[test]
fn a_message_that_its_child_did_not_answer_is_kept() {
    let folder = Installed::new("redpanda-connect", &[]);
    std::fs::remove_file(folder.path("keyring.json")).expect("a file");
    let text = Corpus::shared().stream.text();
    let records: Vec<&str> = text.lines().take(5).collect();
    std::fs::write(folder.path("records.ndjson"), records.join("\n")).expect("the folder is writable");
    let connect = folder.start(peer::command("connect.py").arg("subprocess.yaml"));
    assert!(connect.ended().success(), "{}", folder.text("log"));
    let mut kept: Vec<String> = folder.text("failed.ndjson").lines().map(str::to_owned).collect();
    let mut expected: Vec<String> = records.iter().map(|&line| line.to_owned()).collect();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected, "as they came: the child could not start");
    assert_eq!(folder.text("events.ndjson"), "");
}

#[test]
fn an_http_processor_asks_the_service() {
    let port = free_port();
    let folder = Installed::new("redpanda-connect", &[("9599", &port.to_string())]);
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    let _dastap = folder.start(Command::new(built("dastap")).args(["run", "service.yaml"]));
    folder.until("dastap listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let connect = folder.start(peer::command("connect.py").arg("http.yaml"));
    assert!(connect.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    let failed = folder.values("failed.ndjson");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["error"]["stage"], "envelope");
    assert_eq!(failed[0]["record"].to_string(), BAD);
}
