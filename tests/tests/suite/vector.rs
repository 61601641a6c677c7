//! Vector with dastap beside it: `pipelines/vector`, by a stub of Vector that answers as with acknowledgements on.

use std::process::Command;

use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed, free_port};
use dastap_tests::program::built;

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

/// The pipeline's folder with the corpus in it, on ports of its own.
fn install() -> Installed {
    let (vector, dastap) = (free_port().to_string(), free_port().to_string());
    let folder = Installed::new("vector", &[("8687", &vector), ("9599", &dastap)]);
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    folder
}

fn expect_bad(folder: &Installed) {
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
}

#[test]
fn dastap_posts_to_http_server_until_its_sink_has_the_events() {
    let folder = install();
    let _vector = folder.start(peer::command("vector.py").args(["2", "http_server.yaml"]));
    let command = format!("{} run run.yaml < records.ndjson", built("dastap").display());
    let dastap = folder.start(Command::new("sh").args(["-c", &command]));
    assert!(dastap.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}

#[test]
fn a_relay_answers_when_the_second_vector_has_answered() {
    let folder = install();
    let _dastap = folder.start(Command::new(built("dastap")).args(["run", "relay.yaml"]));
    let _vector = folder.start(peer::command("vector.py").args(["0", "http_server.yaml", "relay_source.yaml"]));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}

#[test]
fn exec_reads_the_events_of_the_long_running_program() {
    let folder = install();
    // What `exec.yaml` names; `stdin` is the source where there is no stream.
    let command = folder.text("exec.yaml");
    let command = command.lines().find_map(|line| line.trim().strip_prefix("command: ["));
    let command = command.and_then(|line| line.strip_suffix(']')).expect("a command").replace(',', " ");
    let command = format!("{command} < records.ndjson > events.ndjson");
    let dastap = folder.start(Command::new("sh").args(["-c", &command]));
    assert!(dastap.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}
