//! Sink `firehose` against a delivery stream that writes to a bucket: every line once, whatever the stream does.

use dastap::synth::{Engine, Settings};
use dastap_tests::aws::Aws;
use dastap_tests::document;
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::record;
use dastap_tests::stream::Synthetic;
use serde_json::Value;

const NAME: &str = "events";

fn stream() -> Synthetic {
    let settings = Settings { engines: vec![Engine::Postgres], records: 120, ..Settings::default() };
    Synthetic::new(settings)
}

/// `dastap run` from standard input to the delivery stream, with more settings of the sink.
fn run(aws: &Aws, settings: &str, stream: &Synthetic, input: String) -> Outcome {
    let config = format!(
        "keys: {{ provider: keyring, keyring: keys.json }}\n\
         transform: {{ resources: [{}] }}\n\
         sources: [ {{ type: stdin }} ]\n\
         sinks: [ {{ type: firehose, delivery-stream: {NAME}, endpoint-url: \"{}\" {settings} }} ]\n\
         dead-letter: {{ type: file, path: failed.ndjson }}\n",
        stream.resources().join(", "),
        aws.endpoint,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name);
    std::fs::write(path("keys.json"), stream.keyring()).expect("the folder is writable");
    std::fs::write(path("dastap.yaml"), config.replace("keys.json", path("keys.json").to_str().expect("UTF-8")))
        .expect("the folder is writable");
    Dastap::new("run").arg(path("dastap.yaml")).stdin(input).run().expect(0)
}

fn sorted(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort();
    lines
}

#[test]
fn every_line_is_delivered_once_although_records_are_rejected() {
    let (mut aws, stream) = (Aws::start(), stream());
    aws.make_delivery_stream(NAME);
    aws.fail("PutRecordBatch", 400, "LimitExceededException", 1);
    aws.reject_records(3, 2);
    run(&aws, "", &stream, stream.text());
    let expected = stream.decode("heartbeats: drop").lines;
    let bucket = aws.bucket(NAME);
    assert!(bucket.ends_with('\n'), "NDJSON");
    assert_eq!(sorted(bucket.lines().map(str::to_owned)), sorted(expected.clone()));
    let requests = aws.taken_records();
    assert!(requests.len() >= 3, "two requests were rejected in part");
    assert!(requests.iter().all(|request| request.len() <= 500));
    // Every record is one line, and what a request took is in order.
    let place =
        |line: &String| expected.iter().position(|other| *other == line.trim_end()).expect("a line of the stream");
    for request in &requests {
        assert!(request.iter().map(place).is_sorted(), "in order");
    }
}

#[test]
fn packed_lines_share_records() {
    let (mut aws, stream) = (Aws::start(), stream());
    aws.make_delivery_stream(NAME);
    run(&aws, ", pack: 64KiB", &stream, stream.text());
    let records: Vec<String> = aws.taken_records().into_iter().flatten().collect();
    let expected = stream.decode("heartbeats: drop").lines;
    assert_eq!(records.concat().lines().collect::<Vec<_>>(), expected);
    assert!(records.iter().all(|record| record.len() <= 64 << 10 && record.ends_with('\n')));
    assert!(records.len() * 10 < expected.len(), "{} records for {} lines", records.len(), expected.len());
}

#[test]
fn a_line_that_firehose_never_takes_goes_to_the_dead_letter() {
    let mut aws = Aws::start();
    aws.make_delivery_stream(NAME);
    let large = document::event(2, &"x".repeat(1_100_000));
    let record = record::plain(&document::of(&[document::event(1, "a"), large, document::event(3, "b")]));
    let stream = stream();
    let outcome = run(&aws, "", &stream, record);
    let statements = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["statementId"].clone()).collect()
    };
    assert_eq!(statements(&aws.bucket(NAME)), [1, 3]);
    let dead = std::fs::read_to_string(outcome.folder.path().join("failed.ndjson")).expect("a dead letter");
    let dead: Value = serde_json::from_str(&dead).expect("one line");
    assert_eq!(dead["error"]["stage"], "sink");
    assert_eq!(dead["error"]["reason"], "refused");
    assert_eq!(dead["sink"], "firehose");
    assert_eq!(dead["event"]["statementId"], 2);
}
