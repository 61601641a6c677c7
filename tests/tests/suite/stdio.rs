//! `dastap stdio` as another pipeline's child: exactly one line for a line, whatever comes in.

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use dastap::synth::{Fault, Settings};
use dastap_tests::program::Dastap;
use dastap_tests::stream::Synthetic;
use serde_json::Value;

fn stream() -> Synthetic {
    let faults = Fault::ALL.to_vec();
    Synthetic::new(Settings { records: 300, faults, fault_rate: Some(10.0), ..Settings::default() })
}

#[test]
fn every_line_has_its_own_answer_in_order() {
    let stream = stream();
    let folder = tempfile::tempdir().expect("a folder");
    for form in ["array", "line", "rsyslog"] {
        let run = stream.run("stdio", folder.path()).args(["--reply", form, "--quiet"]).run().expect(0);
        assert_eq!(run.stderr, "", "some pipelines take a word there for a failure");
        let answers = run.lines();
        assert_eq!(answers.len(), stream.records.len());
        for (answer, record) in answers.iter().zip(&stream.records) {
            let (events, failed) = match form {
                "array" => (answer, answer),
                "line" => (&answer["events"], &answer["failed"]),
                _ => (&answer["$!"]["dastap"]["events"], &answer["$!"]["dastap"]["failed"]),
            };
            if record.fault.is_none() {
                let ids = events.as_array().expect("events").iter().all(|event| event["eventId"].is_string());
                assert!(ids && (form == "array" || failed.is_null()), "{answer}");
            } else {
                let failure = failed.as_array().expect("failures").last().expect("one");
                assert!(failure["dastap_error"]["stage"].is_string(), "{answer}");
                assert_eq!(failure["record"], Value::from(record.line.as_str()), "as it came");
            }
        }
    }
}

#[test]
fn an_answer_comes_before_the_next_line_and_odd_lines_have_one_too() {
    let stream = stream();
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = stream.run("stdio", folder.path()).args(["--reply", "line", "--max-line", "1", "--max-reply", "4"]);
    let mut child = run.piped();
    let (mut input, output) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
    let mut answers = BufReader::new(output).lines();
    let mut ask = |line: &str| -> Value {
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("the program reads");
        serde_json::from_str(&answers.next().expect("an answer").expect("UTF-8")).expect("JSON")
    };
    assert_eq!(ask("")["events"], Value::Array(vec![]));
    assert_eq!(ask("\r")["events"], Value::Array(vec![]));
    assert_eq!(ask("nonsense")["failed"][0]["dastap_error"]["reason"], "not-json");
    let long = ask(&format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20)));
    assert_eq!(long["failed"][0]["dastap_error"]["reason"], "too-large");
    let good: Vec<_> = stream.records.iter().filter(|record| record.fault.is_none() && record.events > 0).collect();
    let (small, large) = (
        good.iter().min_by_key(|record| record.document.len()),
        good.iter().max_by_key(|record| record.document.len()),
    );
    assert!(ask(&small.expect("one").line)["failed"].is_null());
    let answer = ask(&large.expect("one").line);
    assert!(answer["failed"][0]["dastap_error"]["detail"].as_str().expect("text").contains("--max-reply"), "{answer}");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn keys_that_are_away_are_answered_at_the_deadline() {
    let stream = Synthetic::new(Settings { records: 1, heartbeats: 0.0, ..Settings::default() });
    // A port that nobody listens on.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let run = Dastap::new("stdio")
        .args(["--reply", "line", "--deadline", "2s", "--quiet", "--kms", "--endpoint-url"])
        .arg(format!("http://127.0.0.1:{port}"))
        .args(["--resource-id", &stream.records[0].resource])
        .stdin(stream.text());
    let begun = std::time::Instant::now();
    let answers = run.run().expect(0).lines();
    assert!(begun.elapsed() < Duration::from_secs(20));
    let error = &answers[0]["failed"][0]["dastap_error"];
    assert_eq!((error["reason"].as_str(), error["retryable"].as_bool()), (Some("unavailable"), Some(true)), "{error}");
}

#[test]
fn the_stream_form_writes_what_decode_writes() {
    let stream = Synthetic::new(Settings { records: 400, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let streamed = stream.run("stdio", folder.path()).arg("--stream").run().expect(0);
    assert_eq!(streamed.stdout, stream.run("decode", folder.path()).run().expect(0).stdout);
}

#[test]
fn lines_are_confirmed_when_the_sinks_have_them() {
    let stream = stream();
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("dastap.yaml");
    let sections = "\
sinks: [ { type: file, path: events.ndjson } ]
dead-letter: { type: file, path: failed.ndjson }
";
    std::fs::write(&config, sections).expect("the folder is writable");
    let run = stream.run("stdio", folder.path()).arg("--confirm").arg("--config").arg(&config).run().expect(0);
    let words = String::from_utf8(run.stdout).expect("UTF-8");
    assert_eq!(words, "OK\n".repeat(stream.records.len() + 1), "one when it is ready, one for each line");
    let lines = |name: &str| std::fs::read_to_string(run.folder.path().join(name)).expect("a file").lines().count();
    let reference = stream.run("decode", folder.path()).run().expect(1);
    assert_eq!(lines("events.ndjson"), reference.lines().len());
    assert_eq!(lines("failed.ndjson"), stream.records.iter().filter(|record| record.fault.is_some()).count());
}
