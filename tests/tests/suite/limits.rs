//! The largest and the nastiest records: a clear verdict, in bounded memory. Peaks are those of the whole process.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::record;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use serde_json::value::RawValue;

const MIB: usize = 1 << 20;

/// What a worker may use in the worst case, and what the process uses on ordinary input.
const WORST: u64 = 256 << 20;
const ORDINARY: u64 = 64 << 20;

/// Decodes with one worker, into files.
fn decode(input: impl Into<Vec<u8>>) -> (Outcome, Vec<Value>) {
    decode_with("", input)
}

/// The same with settings of the transform.
fn decode_with(config: &str, input: impl Into<Vec<u8>>) -> (Outcome, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (dead_letter, file) = (folder.path().join("failed.ndjson"), folder.path().join("config.yaml"));
    std::fs::write(&file, config).expect("the folder is writable");
    let outcome = Dastap::decode(&record::keyring().write(folder.path()))
        .args(["--workers", "1", "--resource-id", CLUSTER, "--dead-letter"])
        .arg(&dead_letter)
        .args((!config.is_empty()).then_some(["--config".into(), file.into_os_string()]).into_iter().flatten())
        .stdin(input)
        .run();
    let dead = std::fs::read_to_string(dead_letter).unwrap_or_default();
    (outcome, dead.lines().map(error).collect())
}

/// The error in a line of the dead letter, whose record may be nested too deep for a parser of values.
fn error(line: &str) -> Value {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(line).expect("JSON");
    serde_json::from_str(members["error"].get()).expect("JSON")
}

#[track_caller]
fn assert_fails(input: impl Into<Vec<u8>>, stage: &str, reason: &str) {
    let (outcome, dead) = decode(input);
    let [error] = &dead[..] else { panic!("one failure, not {}: {}", dead.len(), outcome.stderr) };
    assert_eq!((error["stage"].as_str(), error["reason"].as_str()), (Some(stage), Some(reason)));
    assert_eq!(outcome.code, 1);
    assert_peak(&outcome, WORST);
}

#[track_caller]
fn assert_decodes(input: impl Into<Vec<u8>>, lines: usize, most: u64) {
    let (outcome, _) = decode(input);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout.iter().filter(|&&byte| byte == b'\n').count(), lines);
    assert_peak(&outcome, most);
}

#[track_caller]
fn assert_peak(outcome: &Outcome, most: u64) {
    assert!(outcome.peak < most, "a peak of {} MiB, at most {} MiB", outcome.peak >> 20, most >> 20);
}

/// A document of about `size` bytes that compresses well: events of 1 MiB.
fn large_document(size: usize) -> String {
    let text = "x".repeat(MIB - 400);
    let events: Vec<String> = (0..size / MIB).map(|number| document::event(number as u64, &text)).collect();
    document::of(&events)
}

/// Text that hardly compresses.
fn noise(size: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 58) as usize])
    };
    (0..size).map(|_| next()).collect()
}

/// A record whose outer JSON has a little less than `size` bytes: its message is neither compressed nor compressible.
fn large_record(size: usize) -> String {
    // Base64 has 3 bytes in 4, a frame 4096 in 4132; the rest is for JSON, header and event.
    let noise = noise(size / 4 * 3 / 4132 * 4096 - 4096);
    record::sealed_bytes(&gzip(document::of(&[document::event(1, &noise)]).as_bytes(), Compression::none()))
}

fn gzip(document: &[u8], level: Compression) -> Vec<u8> {
    let mut stream = GzEncoder::new(Vec::new(), level);
    stream.write_all(document).expect("memory takes everything");
    stream.finish().expect("memory takes everything")
}

#[test]
fn a_gzip_bomb_is_defused() {
    let member = gzip(&vec![b' '; MIB], Compression::best());
    assert_fails(record::sealed_bytes(&member.repeat(1024)), "gunzip", "too-large");
    let one_member = gzip(&vec![b' '; 100 * MIB], Compression::best());
    assert_fails(record::sealed_bytes(&one_member), "gunzip", "too-large");
}

#[test]
fn a_gzip_stream_that_lies_about_its_size_is_refused() {
    for claimed in [0, 64 * MIB - 1, u32::MAX as usize] {
        let mut gzip = document::gzip(document::of(&[document::event(1, "select 1")]).as_bytes());
        let end = gzip.len() - 4;
        gzip[end..].copy_from_slice(&u32::try_from(claimed).expect("32 bits").to_le_bytes());
        let (outcome, dead) = decode(record::sealed_bytes(&gzip));
        assert_eq!(dead[0]["stage"], "gunzip");
        assert_peak(&outcome, WORST);
    }
}

#[test]
fn a_record_of_ten_mebibytes_decodes_and_a_larger_one_is_refused() {
    let record = large_record(10 * MIB);
    assert!((10 * MIB - 20_000..10 * MIB).contains(&record.len()), "{} bytes", record.len());
    assert_decodes(record, 1, WORST);
    assert_fails(large_record(10 * MIB + 20_000), "envelope", "too-large");
}

#[test]
fn many_large_records_need_no_more_memory_than_one() {
    assert_decodes(vec![large_record(10 * MIB); 12].join("\n"), 12, WORST);
}

#[test]
fn the_largest_document_decodes_and_a_larger_one_is_refused() {
    assert_decodes(record::sealed(&large_document(63 * MIB)), 63, WORST);
    assert_fails(record::sealed(&large_document(65 * MIB)), "gunzip", "too-large");
}

#[test]
fn many_records_that_grow_need_no_more_memory_than_one() {
    assert_decodes(vec![record::sealed(&large_document(60 * MIB)); 6].join("\n"), 6 * 60, WORST);
}

#[test]
fn a_hundred_thousand_events_decode_and_one_more_is_refused() {
    let tiny = |count| record::sealed(&document::of(&vec!["{}"; count]));
    assert_decodes(tiny(100_000), 100_000, WORST);
    assert_fails(tiny(100_001), "events", "too-large");
}

/// A record at all limits at once: its size, its document's, and the number of events.
static WORST_RECORD: LazyLock<String> = LazyLock::new(|| {
    let document = dense_document(100_000);
    assert!((60 * MIB..64 * MIB).contains(&document.len()), "{} bytes", document.len());
    let record = record::sealed(&document);
    assert!((9 * MIB..10 * MIB).contains(&record.len()), "{} bytes", record.len());
    record
});

/// Half of that.
static HALF_RECORD: LazyLock<String> = LazyLock::new(|| record::sealed(&dense_document(50_000)));

/// Events of about 650 bytes, which compress as badly as a record at all limits can.
fn dense_document(events: usize) -> String {
    let (noise, filler) = (noise(60 * events), "x".repeat(350));
    let parts = noise.as_bytes().chunks(60).map(|part| str::from_utf8(part).expect("ASCII"));
    let events: Vec<String> =
        (0..).zip(parts).map(|(number, part)| document::event(number, &(part.to_owned() + &filler))).collect();
    document::of(&events)
}

/// A rule for each last digit of the statement's number, with a route for each.
fn ten_routes() -> String {
    let rule = |digit| format!("{{ keep: {{ statementId|endswith: '{digit}' }}, route: r{digit} }}");
    format!("rules: [{}]", (0..10).map(rule).collect::<Vec<_>>().join(", "))
}

/// Two such records become so many lines with these settings, and the first of them holds `sign`.
#[track_caller]
fn assert_worst(record: &str, config: &str, lines: usize, sign: &str) {
    let (outcome, _) = decode_with(config, [record, record].join("\n"));
    assert_eq!(outcome.code, 0, "{config}: {}", outcome.stderr);
    assert_eq!(outcome.stdout.iter().filter(|&&byte| byte == b'\n').count(), 2 * lines, "{config}");
    let first = str::from_utf8(outcome.stdout.get(..1500).expect("events")).expect("ASCII");
    assert!(first.contains(sign), "{config}: expected {sign} in {first}");
    assert!(outcome.peak < WORST, "{config}: a peak of {} MiB", outcome.peak >> 20);
}

#[test]
fn every_limit_reached_at_once_is_still_bounded() {
    assert_decodes([WORST_RECORD.as_str(); 3].join("\n"), 300_000, WORST);
}

#[test]
fn the_worst_record_as_one_line_is_bounded() {
    assert_worst(&WORST_RECORD, "shape: envelope", 1, r#"{"type":"DatabaseActivityMonitoringRecord""#);
    let drop = "shape: envelope\nrules: [{ drop: { statementId|endswith: '0' } }]";
    assert_worst(&WORST_RECORD, drop, 1, r#""statementId":1,"#);
}

#[test]
fn the_worst_record_with_redaction_is_bounded() {
    let longer =
        "redact: { dbUserName: hash, commandText: { truncate: 100 } }\nredact-key: a key of the tests, no other";
    for (config, lines, sign) in [
        ("redact: { commandText: mask, dbUserName: mask }", 100_000, r#""commandText":"***""#),
        ("redact: sql", 100_000, r#""commandText":""#),
        (longer, 100_000, "... (410 bytes, sha256 "),
        ("shape: envelope\nredact: { dbUserName: mask }", 1, r#""dbUserName":"***""#),
    ] {
        assert_worst(&WORST_RECORD, config, lines, sign);
    }
}

#[test]
fn the_worst_record_with_rules_is_bounded() {
    let audited = "rules: [{ keep: { statementId|endswith: '0' }, route: audited }]";
    assert_worst(&WORST_RECORD, audited, 100_000, r#"-0","clusterId""#);
    assert_worst(&WORST_RECORD, "rules: [{ drop: { statementId|endswith: '0' } }]", 90_000, r#"-1","clusterId""#);
    let many = "rules: [{ keep: { command: SELECT }, route: '{statementId}' }]";
    assert_worst(&WORST_RECORD, many, 100_000, r#"-0","clusterId""#);
}

#[test]
fn half_the_worst_record_is_bounded_in_every_shape() {
    for (config, sign) in [
        ("shape: ocsf", r#""class_uid":6005"#),
        ("shape: ecs", r#""dataset":"aws.rds_das""#),
        ("shape: ecs\nredact: sql", r#""dataset":"aws.rds_das""#),
        (&ten_routes(), r#"-0","clusterId""#),
    ] {
        assert_worst(&HALF_RECORD, config, 50_000, sign);
    }
}

/// Their lines would be twice as long as the document, or need it twice.
#[test]
fn the_worst_record_in_a_schema_fails_before_it_takes_the_memory() {
    let routes = ten_routes();
    for config in ["shape: ocsf", "shape: ecs", "shape: ocsf\nraw: true", "shape: ecs\nraw: true\nredact: sql", &routes]
    {
        let (outcome, dead) = decode_with(config, WORST_RECORD.as_str());
        let [error] = &dead[..] else { panic!("{config}: {} failures: {}", dead.len(), outcome.stderr) };
        assert_eq!((&error["stage"], &error["reason"]), (&"events".into(), &"too-large".into()), "{config}: {error}");
        let detail = error["detail"].as_str().expect("a sentence");
        assert!(detail.contains("raise limits.plaintext"), "{detail}");
        assert!(!outcome.stderr.contains("gave no answer"), "{config}: {}", outcome.stderr);
        assert_peak(&outcome, WORST);
    }
    // What it says helps.
    let (outcome, _) = decode_with("shape: ecs\nlimits: { plaintext: 128MiB }", WORST_RECORD.as_str());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn long_ids_that_every_line_repeats_cannot_exhaust_memory() {
    let document = document::of(&vec!["{}"; 10_000]).replace(CLUSTER, &"c".repeat(100_000));
    let good = record::sealed(&document::of(&["{}"]));
    let (outcome, dead) = decode([good.clone(), record::sealed(&document), good].join("\n"));
    assert_eq!((outcome.code, outcome.lines().len(), dead.len()), (1, 2, 1), "{}", outcome.stderr);
    assert_peak(&outcome, WORST);
}

#[test]
fn deep_json_is_refused_wherever_it_stands() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let event = |depth| format!(r#"{{"type":"record","deep":{}}}"#, nested(depth));
    assert_decodes(record::sealed(&document::of(&[event(50)])), 1, WORST);
    for depth in [65, 100_000, 5_000_000] {
        assert_fails(record::sealed(&document::of(&[event(depth)])), "events", "too-large");
    }
    let outer = format!(r#"{{"type":"DatabaseActivityMonitoringRecords","deep":{}}}"#, nested(1_000_000));
    assert_fails(outer, "envelope", "not-json");
}

#[test]
fn ordinary_input_needs_little_memory_however_long_it_is() {
    let events: Vec<String> = (0..40).map(|number| document::event(number, &noise(700))).collect();
    let record = record::sealed(&document::of(&events));
    let records = 40 * MIB / record.len();
    assert_decodes(vec![record; records].join("\n"), records * 40, ORDINARY);
}

#[test]
fn records_of_one_mebibyte_need_little_memory() {
    assert_decodes(vec![large_record(MIB); 60].join("\n"), 60, 100 << 20);
}
