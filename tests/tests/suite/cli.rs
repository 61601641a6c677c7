//! The command line: exit codes, dead letter and replay, statistics, order, pipes, and what it says to a mistake.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::Dastap;
use dastap_tests::record;
use serde_json::{Value, json};

/// A folder for one test, with the keyring in it.
struct Place {
    folder: tempfile::TempDir,
    keyring: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keyring = record::keyring().write(folder.path());
        Place { folder, keyring }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).expect("the folder is writable");
        self.path(name)
    }

    fn decode(&self) -> Dastap {
        Dastap::decode(&self.keyring).args(["--resource-id", CLUSTER])
    }
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("JSON")
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Records with one event each, numbered.
fn numbered(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| record::sealed(&document::of(&[document::event(number, "select 1")]))).collect()
}

fn statements(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["statementId"].as_u64().expect("a number")).collect()
}

#[test]
fn output_keeps_input_order_with_eight_workers() {
    let place = Place::new();
    // Large and small records by turns, so that later ones are ready earlier.
    let document = |number: u64| {
        let filler = if number.is_multiple_of(7) { 200_000 } else { 1 };
        document::of(&[document::event(number, &"x".repeat(filler))])
    };
    let input: Vec<String> = (0..500).map(|number| record::sealed(&document(number))).collect();
    let run = place.decode().args(["--workers", "8"]).stdin(input.join("\n")).run().expect(0);
    assert!(statements(&run.lines()).into_iter().eq(0..500));
    assert_eq!(run.stderr, "", "nothing to say");
}

#[test]
fn files_are_read_in_the_order_in_which_they_are_named() {
    let place = Place::new();
    let (first, second) = (place.file("1", numbered(0..3).join("\n")), place.file("2", numbered(3..5).concat()));
    let run = place.decode().arg(&second).arg(&first).run().expect(0);
    assert_eq!(statements(&run.lines()), [3, 4, 0, 1, 2]);
}

#[test]
fn no_input_is_no_failure() {
    let place = Place::new();
    let run = place.decode().arg("--stats").arg(place.path("stats.json")).run().expect(0);
    assert_eq!(run.stdout, b"");
    let stats = json_file(&place.path("stats.json"));
    assert_eq!((&stats["records"], &stats["decoded"], &stats["failed"]), (&json!(0), &json!(0), &json!(0)));
}

#[test]
fn failed_records_go_to_the_dead_letter_and_come_back_from_it() {
    let place = Place::new();
    let good = numbered(0..4);
    let unknown = record::of(&record::message(b"x"), b"a blob that the keyring does not hold");
    let spaced = unknown.replace(":", " :\t").replace("\"1.1\"", "\"1.1\", \"x\": 1.50");
    let input = [
        good[0].as_bytes(),
        spaced.as_bytes(),
        good[1].as_bytes(),
        b"\xff\xfe",
        good[2].as_bytes(),
        b"no json",
        good[3].as_bytes(),
    ];
    let dead_letter = place.path("failed.ndjson");
    let run = place.decode().arg("--dead-letter").arg(&dead_letter).arg("--stats").arg(place.path("stats.json"));
    let run = run.stdin(input.join(&b'\n')).run().expect(1);
    assert_eq!(statements(&run.lines()), [0, 1, 2, 3]);
    assert!(run.stderr.contains('3'), "a summary: {}", run.stderr);

    let letters = json_lines(&dead_letter);
    let indices: Vec<_> = letters.iter().map(|letter| letter["index"].as_u64()).collect();
    assert_eq!(indices, [Some(1), Some(3), Some(5)]);
    let reasons: Vec<_> = letters.iter().map(|letter| letter["error"]["reason"].as_str()).collect();
    assert_eq!(reasons, [Some("refused"), Some("not-json"), Some("not-json")]);
    let text = std::fs::read_to_string(&dead_letter).expect("a dead letter");
    assert!(text.contains(&spaced), "the record as received, to the byte");
    assert_eq!(letters[1]["record_base64"], BASE64_STANDARD.encode(b"\xff\xfe"));
    assert_eq!(letters[2]["record_base64"], BASE64_STANDARD.encode(b"no json"));
    let stats = json_file(&place.path("stats.json"));
    assert_eq!((&stats["records"], &stats["decoded"], &stats["failed"]), (&json!(7), &json!(4), &json!(3)));

    let again = place.path("again.ndjson");
    let replay = place.decode().arg("--dead-letter").arg(&again).arg(&dead_letter).run().expect(1);
    assert_eq!(replay.stdout, b"");
    let mut replayed = json_lines(&again);
    assert_eq!(replayed.len(), 3);
    for (letter, before) in replayed.iter_mut().zip(&letters) {
        letter["index"] = before["index"].clone();
        assert_eq!(letter, before, "the same failure of the same record");
    }
}

#[test]
fn replay_decodes_once_the_key_is_there() {
    let place = Place::new();
    let empty = place.file("empty.json", r#"{"keys":[]}"#);
    let dead_letter = place.path("failed.ndjson");
    let decode = |keyring: &Path| Dastap::decode(keyring).args(["--resource-id", CLUSTER]);
    decode(&empty).arg("--dead-letter").arg(&dead_letter).stdin(numbered(0..5).concat()).run().expect(1);
    let replay = decode(&place.keyring).arg(&dead_letter).run().expect(0);
    assert_eq!(statements(&replay.lines()), [0, 1, 2, 3, 4]);
}

#[test]
fn failures_are_kept_where_nobody_named_a_dead_letter() {
    let place = Place::new();
    let run = place.decode().stdin("{}\n{}").run().expect(1);
    assert!(run.stderr.contains("envelope"), "{}", run.stderr);
    assert_eq!(json_lines(&run.folder.path().join("dastap-failed.ndjson")).len(), 2, "nothing is lost");
}

#[test]
fn statistics_add_up() {
    let place = Place::new();
    let heartbeat = record::sealed(&document::of(&[r#"{"type":"heartbeat"}"#]));
    let two = document::of(&[document::event(1, "select 1"), document::event(2, "select 2")]);
    let input = [record::sealed(&two), heartbeat, "{}".into(), record::sealed(&two)].join("\n");
    let run = place.decode().arg("--stats").arg(place.path("stats.json")).stdin(input.as_str()).run().expect(1);
    let stats = json_file(&place.path("stats.json"));
    assert_eq!((&stats["records"], &stats["decoded"], &stats["failed"]), (&json!(4), &json!(3), &json!(1)));
    assert_eq!(stats["events"], json!({ "seen": 5, "kept": 4, "dropped": 1, "heartbeats": 1 }));
    assert_eq!(stats["keys"]["calls"], 1);
    assert_eq!((&stats["keys"]["refused"], &stats["keys"]["unavailable"]), (&json!(0), &json!(0)));
    assert!(stats["keys"]["lookups"].as_u64() >= stats["keys"]["hits"].as_u64().map(|hits| hits + 1), "{stats}");
    let heartbeat_bytes = document::of(&[r#"{"type":"heartbeat"}"#]).len();
    assert_eq!(stats["bytes"]["plain"], 2 * two.len() + heartbeat_bytes);
    assert_eq!(stats["bytes"]["out"], run.stdout.len());
    assert!(stats["bytes"]["in"].as_u64().is_some_and(|read| read.abs_diff(input.len() as u64) < 4), "{stats}");
    assert!(stats["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{stats}");
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    let place = Place::new();
    let input = place.file("input", vec![numbered(0..1).remove(0); 20_000].join("\n"));
    let mut run = place.decode().arg(input);
    let mut process = run.piped();
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    // The reader is gone now.
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn events_come_out_while_input_still_comes_in() {
    let place = Place::new();
    let mut run = place.decode();
    let mut process = run.piped();
    let mut input = process.stdin.take().expect("a pipe");
    let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
    for (number, record) in numbered(0..3).iter().enumerate() {
        writeln!(input, "{record}").expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert!(line.contains(&format!("\"statementId\":{number},")), "{line}");
    }
    drop(input);
    assert_eq!(process.wait().expect("it ends").code(), Some(0));
}

#[test]
fn mistakes_are_usage_errors_that_name_what_is_wrong() {
    let place = Place::new();
    let missing = place.path("missing");
    let no_keyring = Dastap::decode(&missing).args(["--resource-id", CLUSTER]);
    let broken = place.file("broken.json", "{\"keys\": 5}");
    let mistakes = [
        (place.decode().arg("--worker"), "--workers"),
        (place.decode().arg("--shape").arg("evnt"), "event"),
        (place.decode().args(["--workers", "none"]), "workers"),
        (place.decode().arg(&missing), "missing"),
        (place.decode().args(["--resource-id", "my-database"]), "my-database"),
        (no_keyring, "missing"),
        (Dastap::decode(&broken).args(["--resource-id", CLUSTER]), "broken.json"),
        (Dastap::new("decode").args(["--resource-id", CLUSTER]), "--keyring"),
        (place.decode().arg("--kms"), "--kms"),
        (place.decode().arg("--dead-letter").arg(place.path("no/such/folder")), "folder"),
        (Dastap::new("decod"), "decode"),
    ];
    for (number, (mistake, named)) in mistakes.into_iter().enumerate() {
        let run = mistake.stdin(numbered(0..1).concat()).run();
        assert_eq!(run.code, 2, "mistake {number}: {}", run.stderr);
        assert!(run.stderr.contains(named), "mistake {number}: expected {named} in: {}", run.stderr);
        assert_eq!(run.stdout, b"", "mistake {number}: nothing is decoded");
    }
}

#[test]
fn an_unknown_setting_is_an_error_that_names_the_nearest() {
    let place = Place::new();
    for (config, named) in [
        ("transform: { heartbeat: keep }", ["heartbeat", "heartbeats"]),
        ("transform:\n  limits: { plain-text: 1MiB }", ["plain-text", "plaintext"]),
        ("transform:\n  shape: evnt", ["evnt", "event"]),
        ("transfrom: {}", ["transfrom", "transform"]),
        ("transform: { limits: { depth: 100000 } }", ["depth", "1024"]),
        ("transform: [", ["config.yaml", ""]),
    ] {
        let run = place.decode().arg("--config").arg(place.file("config.yaml", config)).run().expect(2);
        for word in named {
            assert!(run.stderr.contains(word), "{config}: expected {word} in: {}", run.stderr);
        }
    }
}

#[test]
fn the_configuration_decides_what_is_kept() {
    let place = Place::new();
    let system = document::event(2, "select 2").replace(r#""dbUserName":"app""#, r#""dbUserName":"rdsadmin""#);
    let document = document::of(&[document::event(1, "select 1"), r#"{"type":"heartbeat"}"#.into(), system]);
    let record = record::sealed(&document);
    let lines = |config: &str| {
        let config = place.file("config.yaml", config);
        place.decode().arg("--config").arg(config).stdin(record.as_str()).run().expect(0).lines()
    };
    assert_eq!(lines("transform: {}").len(), 2);
    assert_eq!(lines("transform: { heartbeats: keep }").len(), 3);
    assert_eq!(statements(&lines("transform: { system-users: drop }")), [1]);
    let [envelope] = &lines("transform: { shape: envelope, system-users: drop }")[..] else { panic!("one line") };
    assert_eq!(envelope["databaseActivityEventList"].as_array().map(Vec::len), Some(1));
}

#[test]
fn events_leave_with_the_bytes_that_were_encrypted() {
    let place = Place::new();
    // Spaces, escapes, numbers and orders that no serialiser would write again, and one event over several lines.
    let events = [
        r#"{ "b" : 1.50 , "a" : 1E+2, "c":-0.0, "d":12345678901234567890123 }"#,
        r#"{"e":"\u003d\/\u00fc\ud83d\ude00","f":"ü😀","g":"\t"}"#,
        r#"{"x":1,"x":2}"#,
        "{}",
    ];
    let spread = "{\n  \"y\": [\r\n1,\n\t2\n]\n}";
    let all = [&events[..], &[spread]].concat();
    let run = place.decode().stdin(record::sealed(&document::of(&all))).run().expect(0);
    let text = String::from_utf8(run.stdout.clone()).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), all.len());
    for (line, event) in lines.iter().zip(events) {
        assert_eq!(document::event_of(line), event);
    }
    assert_eq!(run.lines()[4]["y"], json!([1, 2]));
    let ids: BTreeSet<String> = run.lines().iter().map(|line| line["eventId"].to_string()).collect();
    assert_eq!(ids.len(), all.len());
}

#[test]
fn an_already_decrypted_record_needs_no_key() {
    let place = Place::new();
    let document = document::of(&[document::event(1, "select 1")]);
    let record = format!(
        r#"{{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":{document}}}"#
    );
    let run = place.decode().stdin(record).run().expect(0);
    assert_eq!(document::event_of(&String::from_utf8(run.stdout).expect("UTF-8")), document::event(1, "select 1"));
}

#[test]
fn without_a_resource_no_key_can_be_asked_for() {
    let place = Place::new();
    let dead_letter = place.path("failed.ndjson");
    let run =
        Dastap::decode(&place.keyring).arg("--dead-letter").arg(&dead_letter).stdin(numbered(0..1).concat()).run();
    run.expect(1);
    assert_eq!(json_lines(&dead_letter)[0]["error"]["reason"], "no-resource");
}

#[test]
fn what_gen_makes_decode_reads() {
    let place = Place::new();
    let generate = |name: &str| {
        let stream = place.path(&format!("{name}.ndjson"));
        let keyring = place.path(&format!("{name}.json"));
        let run =
            Dastap::new("gen").args(["--records", "200", "--seed", "7", "--keyring"]).arg(&keyring).run().expect(0);
        std::fs::write(&stream, &run.stdout).expect("writable");
        (std::fs::read(stream).expect("a stream"), keyring)
    };
    let ((stream, keyring), (same, _)) = (generate("one"), generate("two"));
    assert!(!stream.is_empty() && stream == same, "the same seed gives the same stream");
    let resources: BTreeSet<String> = json_file(&keyring)["keys"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|key| key["context"].as_object().expect("a context").values())
        .map(|id| id.as_str().expect("an id").to_owned())
        .collect();
    let run = resources.iter().fold(Dastap::decode(&keyring), |run, id| run.args(["--resource-id", id]));
    let run = run.arg("--stats").arg(place.path("stats.json")).stdin(stream).run().expect(0);
    assert_eq!(json_file(&place.path("stats.json"))["decoded"], 200);
    assert!(run.lines().len() > 200);
}

#[test]
fn demo_shows_events_and_the_calls_saved() {
    let run = Dastap::new("demo").run().expect(0);
    assert!(!run.stdout.is_empty());
}

#[test]
fn help_and_version_are_no_mistakes() {
    for arguments in [&["--help"][..], &["decode", "--help"], &["--version"]] {
        let run = Dastap::new(arguments[0]).args(&arguments[1..]).run().expect(0);
        assert!(!run.stdout.is_empty());
    }
}
