//! Logstash with dastap as a service that its `http` filter asks: `pipelines/logstash`, by a stub of Logstash.

use std::process::Command;

use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed, free_port};
use dastap_tests::program::built;

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

#[test]
fn the_http_filter_asks_the_service() {
    let port = free_port();
    let folder = Installed::new("logstash", &[("9599", &port.to_string())]);
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    let _dastap = folder.start(Command::new(built("dastap")).args(["run", "service.yaml"]));
    folder.until("dastap listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let logstash = folder.start(peer::command("logstash.py").arg("logstash.conf"));
    assert!(logstash.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    assert_eq!(folder.text("failed.ndjson"), format!("{BAD}\n"), "as it came");
}
