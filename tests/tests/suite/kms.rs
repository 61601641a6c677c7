//! Data keys from a KMS over HTTP: how often it is asked, and what becomes of records when it says no or nothing.

use std::net::TcpListener;
use std::path::Path;

use dastap_tests::document::{self, CLUSTER, CONTEXT};
use dastap_tests::peer::{Encrypt, Entry, Kms, Sdk};
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::record;
use serde_json::{Value, json};

/// The data key of this number.
fn data_key(number: u8) -> [u8; 32] {
    [number; 32]
}

/// One record under each of these data keys.
fn records(kms: &mut Kms, data_keys: impl IntoIterator<Item = u8>) -> Vec<String> {
    let mut sdk = Sdk::shared();
    let mut record = |number| {
        let payload = document::gzip(document::of(&[document::event(u64::from(number), "select 1")]).as_bytes());
        let message = sdk.encrypt(&Encrypt {
            suite: 0x0178,
            frame_length: 4096,
            payload: &payload,
            context: &[],
            authenticate_only: &[],
            keys: &[Entry::Aes("BC", "DataKey", &data_key(number))],
        });
        record::of(&message, &kms.encrypt(&data_key(number), &CONTEXT))
    };
    data_keys.into_iter().map(&mut record).collect()
}

fn decode(endpoint: &str, resource: &str) -> Dastap {
    Dastap::new("decode").args([
        "--kms",
        "--region",
        "eu-west-1",
        "--endpoint-url",
        endpoint,
        "--resource-id",
        resource,
    ])
}

/// A run with statistics and a dead letter.
struct Run {
    outcome: Outcome,
    stats: Value,
    dead: Vec<Value>,
    dead_letter: Vec<u8>,
}

fn run(dastap: Dastap, records: impl Into<Vec<u8>>) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name);
    let dastap = dastap.arg("--stats").arg(path("stats.json")).arg("--dead-letter").arg(path("failed.ndjson"));
    let outcome = dastap.stdin(records).run();
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    let dead_letter = read(&path("failed.ndjson"));
    let stats = serde_json::from_slice(&read(&path("stats.json"))).unwrap_or_else(|_| panic!("{}", outcome.stderr));
    let dead = String::from_utf8_lossy(&dead_letter);
    let dead = dead.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    Run { outcome, stats, dead, dead_letter }
}

#[track_caller]
fn assert_all_fail(run: &Run, records: usize, reason: &str, retryable: bool) {
    assert_eq!(run.outcome.code, 1, "{}", run.outcome.stderr);
    assert_eq!(run.outcome.stdout, b"");
    assert_eq!(run.dead.len(), records);
    for letter in &run.dead {
        let error = &letter["error"];
        assert_eq!((&error["stage"], &error["reason"]), (&json!("key"), &json!(reason)), "{error}");
        assert_eq!(error["retryable"], retryable, "{error}");
    }
}

#[test]
fn a_thousand_records_on_one_key_ask_once() {
    let mut kms = Kms::start();
    let record = records(&mut kms, [1]).remove(0);
    let input = vec![record; 1000].join("\n");
    let run = run(decode(&kms.endpoint, CLUSTER).args(["--workers", "8"]), input);
    assert_eq!(run.outcome.code, 0, "{}", run.outcome.stderr);
    assert_eq!(run.outcome.lines().len(), 1000);
    assert_eq!(kms.decrypt_calls(), 1);
    assert_eq!(run.stats["keys"]["calls"], 1, "{}", run.stats);
    assert_eq!(run.stats["decoded"], 1000);
}

#[test]
fn each_key_is_asked_for_once() {
    let mut kms = Kms::start();
    let records = records(&mut kms, 0..20);
    let input: Vec<&str> = (0..400).map(|turn| records[turn % records.len()].as_str()).collect();
    let run = run(decode(&kms.endpoint, CLUSTER).args(["--workers", "8"]), input.join("\n"));
    assert_eq!(run.outcome.code, 0, "{}", run.outcome.stderr);
    let statements: Vec<_> = run.outcome.lines().iter().map(|line| line["statementId"].as_u64()).collect();
    assert!(statements.into_iter().eq((0..400).map(|turn| Some(turn % 20))), "input order");
    assert_eq!((kms.decrypt_calls(), &run.stats["keys"]["calls"]), (20, &json!(20)));
}

#[test]
fn the_stream_of_another_database_is_refused() {
    let mut kms = Kms::start();
    let records = records(&mut kms, [1, 2]);
    let run = run(decode(&kms.endpoint, "cluster-SOMEBODYELSE"), records.join("\n"));
    assert_all_fail(&run, 2, "refused", false);
    assert_eq!(run.stats["keys"]["refused"], 2, "{}", run.stats);
}

#[test]
fn of_several_databases_the_right_one_is_found() {
    let mut kms = Kms::start();
    let records = records(&mut kms, [1, 2]);
    let several =
        decode(&kms.endpoint, "cluster-SOMEBODYELSE").args(["--resource-id", CLUSTER, "--resource-id", "db-X"]);
    let run = run(several, [records.clone(), records].concat().join("\n"));
    assert_eq!((run.outcome.code, run.outcome.lines().len()), (0, 4), "{}", run.outcome.stderr);
}

#[test]
fn a_disabled_key_is_refused() {
    let mut kms = Kms::start();
    let records = records(&mut kms, [1]);
    kms.disable_key();
    assert_all_fail(&run(decode(&kms.endpoint, CLUSTER), records.join("\n")), 1, "refused", false);
}

#[test]
fn no_permission_is_refused_and_asked_for_once() {
    let mut kms = Kms::start();
    let record = records(&mut kms, [1]).remove(0);
    kms.fail(400, "AccessDeniedException", u32::MAX);
    let run = run(decode(&kms.endpoint, CLUSTER).args(["--workers", "8"]), vec![record; 200].join("\n"));
    assert_all_fail(&run, 200, "refused", false);
    assert_eq!(kms.decrypt_calls(), 1, "a refusal is remembered");
}

#[test]
fn a_busy_service_is_asked_again() {
    let mut kms = Kms::start();
    let record = records(&mut kms, [1]).remove(0);
    for (status, code) in [(400, "ThrottlingException"), (500, "KMSInternalException")] {
        kms.fail(status, code, 1);
        let run = run(decode(&kms.endpoint, CLUSTER), record.as_str());
        assert_eq!(run.outcome.code, 0, "{code}: {}", run.outcome.stderr);
    }
}

#[test]
fn a_service_that_is_away_fails_records_that_can_be_replayed() {
    let mut kms = Kms::start();
    let records = records(&mut kms, [1, 2, 1]);
    // A port that was free a moment ago and that nobody listens on.
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let away = run(decode(&format!("http://{nobody}"), CLUSTER), records.join("\n"));
    assert_all_fail(&away, 3, "unavailable", true);
    assert!(away.stats["keys"]["unavailable"].as_u64() >= Some(1), "{}", away.stats);

    let replay = run(decode(&kms.endpoint, CLUSTER), away.dead_letter);
    assert_eq!(replay.outcome.code, 0, "{}", replay.outcome.stderr);
    let statements: Vec<_> = replay.outcome.lines().iter().map(|line| line["statementId"].clone()).collect();
    assert_eq!(statements, [1, 2, 1]);
}
