//! What holds for streams as a whole.

use super::{Engine, Fault, Record, Settings, Stream};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

fn records(settings: Settings) -> Vec<Record> {
    Stream::new(settings).expect("the settings are sound").collect()
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("the line is JSON")
}

/// Pins the bytes. When a new version of the generator, of the compressor or of this module is meant to change them, put
/// the new digest here; when it is not, one seed no longer means one stream.
#[test]
fn one_seed_gives_the_same_bytes_on_every_machine() {
    let settings = Settings { records: 200, faults: Fault::ALL.to_vec(), rotations: 3, ..Settings::default() };
    let mut digest = Sha256::new();
    let stream = Stream::new(settings).expect("the settings are sound");
    let mut keyring = Vec::new();
    stream.write_keyring(&mut keyring).expect("memory can be written to");
    digest.update(&keyring);
    stream.for_each(|record| digest.update(record.line));
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "ea82d1bc76f72082010aa9b2534c490678b60c9f7b78145c8182af5b99c6b691");
}

#[test]
fn another_seed_gives_another_stream() {
    let one = records(Settings { records: 20, ..Settings::default() });
    let two = records(Settings { records: 20, seed: 2, ..Settings::default() });
    assert!(one.iter().zip(&two).all(|(one, two)| one.line != two.line && one.resource != two.resource));
}

#[test]
fn faults_and_frames_leave_the_documents_as_they_are() {
    let settings = Settings { records: 100, ..Settings::default() };
    let plain = records(settings.clone());
    let damaged =
        records(Settings { faults: Fault::ALL.to_vec(), fault_rate: Some(40.0), frame_length: 64, ..settings });
    assert!(plain.iter().zip(&damaged).all(|(one, two)| one.document == two.document && one.resource == two.resource));
    let hit = damaged.iter().filter(|record| record.fault.is_some()).count();
    assert!((20..60).contains(&hit), "{hit} of 100 at 40 percent");
    let in_turn: Vec<_> = damaged.iter().filter_map(|record| record.fault).take(3).collect();
    assert_eq!(in_turn, Fault::ALL[..3]);
}

#[test]
fn an_engine_speaks_alike_alone_and_in_company() {
    let alone = Stream::new(Settings { engines: vec![Engine::Oracle], ..Settings::default() }).expect("sound");
    let together = Stream::new(Settings::default()).expect("sound");
    assert!(alone.resources().iter().all(|id| together.resources().contains(id)));
    assert_eq!(together.resources().len(), 6, "two clusters, two instances each of Oracle and SQL Server");
}

#[test]
fn every_good_record_has_its_key_in_the_keyring() {
    let stream = Stream::new(Settings { records: 400, rotations: 4, ..Settings::default() }).expect("sound");
    let mut keyring = Vec::new();
    stream.write_keyring(&mut keyring).expect("memory can be written to");
    let keyring: Value = serde_json::from_slice(&keyring).expect("the keyring is JSON");
    let entries = keyring["keys"].as_array().expect("a list");
    assert_eq!(entries.len(), 4 * 2 * 5);
    let mut used = HashSet::new();
    for record in stream {
        let key = parsed(&record.line)["key"].clone();
        let entry = entries.iter().find(|entry| entry["ciphertext"] == key).expect("the key is there");
        let name = if record.resource.starts_with("cluster-") { "aws:rds:dbc-id" } else { "aws:rds:db-id" };
        assert_eq!(entry["context"], json!({ name: record.resource }));
        let wrapping_key = STANDARD.decode(entry["plaintext"].as_str().expect("text")).expect("base64");
        assert_eq!(wrapping_key.len(), 32);
        used.insert(key.to_string());
    }
    assert_eq!(used.len(), entries.len(), "every period has records");
}

#[test]
fn loads_are_as_ordered() {
    let lone = records(Settings { records: 50, heartbeats: 100.0, ..Settings::default() });
    assert!(lone.iter().all(|record| record.document.ends_with(r#"[{"type":"heartbeat"}]}"#) && record.events == 1));
    let empty = records(Settings { records: 50, heartbeats: 0.0, empty: 100.0, ..Settings::default() });
    assert!(empty.iter().all(|record| record.document.ends_with(r#"List":[]}"#) && record.events == 0));
    let settings = Settings { records: 50, heartbeats: 0.0, empty: 0.0, events: 7..=7, ..Settings::default() };
    assert!(records(settings).iter().all(|record| record.events == 7));
    let mixed = records(Settings { records: 1000, ..Settings::default() });
    let list = |record: &Record| parsed(&record.document)["databaseActivityEventList"].as_array().map_or(0, Vec::len);
    assert!(mixed.iter().all(|record| list(record) == record.events as usize));
    assert!(mixed.iter().any(|record| record.events == 0) && mixed.iter().any(|record| record.events > 10));
}

#[test]
fn versions_follow_the_engine() {
    for (engine, version) in Engine::ALL.into_iter().zip(["1.1", "1.2", "1.3", "1.4"]) {
        let settings = Settings { engines: vec![engine], records: 3, ..Settings::default() };
        for record in records(settings) {
            assert_eq!(parsed(&record.line)["version"], version);
        }
    }
}

#[test]
fn expectations_have_two_forms() {
    let settings = Settings { records: 2, faults: vec![Fault::WrongKey], ..Settings::default() };
    let records = records(settings);
    let (good, bad): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.fault.is_none());
    let expected = parsed(&good[0].expected());
    assert_eq!(expected["envelope"], parsed(&good[0].document));
    assert_eq!(expected["resource"], good[0].resource.as_str());
    let index = bad[0].index;
    assert_eq!(
        parsed(&bad[0].expected()),
        json!({"index": index, "fault": "wrong-key", "stage": "message", "reason": "no-usable-key"})
    );
}

/// What each fault does to the message, as far as it shows from outside.
#[test]
fn faults_do_what_their_names_say() {
    let settings = Settings { records: 20, heartbeats: 0.0, empty: 0.0, ..Settings::default() };
    let good = records(settings.clone());
    for &fault in Fault::ALL {
        let damaged = records(Settings { faults: vec![fault], ..settings.clone() });
        let bad = damaged.iter().find(|record| record.fault.is_some()).expect("one is damaged");
        let good = &good[usize::try_from(bad.index).expect("a small number")];
        assert_ne!(bad.line, good.line, "{}", fault.name());
        let message = |record: &Record| {
            let text = parsed(&record.line)["databaseActivityEvents"].as_str().expect("text").to_owned();
            STANDARD.decode(text)
        };
        match fault {
            Fault::NotJson => assert!(serde_json::from_str::<Value>(&bad.line).is_err()),
            Fault::OtherType => assert_eq!(parsed(&bad.line)["type"], "SomethingElse"),
            Fault::MissingKey => assert!(parsed(&bad.line).get("key").is_none()),
            Fault::KeyWrongType => assert_eq!(parsed(&bad.line)["key"], 184),
            Fault::BadBase64 => assert!(message(bad).is_err()),
            Fault::BadKeyBase64 => assert_eq!(message(bad), message(good)),
            Fault::UnknownKey => {
                assert_eq!(message(bad), message(good));
                assert_eq!(
                    parsed(&bad.line)["key"].as_str().map(str::len),
                    parsed(&good.line)["key"].as_str().map(str::len)
                );
            }
            _ => {
                assert_eq!(parsed(&bad.line)["key"], parsed(&good.line)["key"], "{}", fault.name());
                let (bad, good) = (message(bad).expect("base64"), message(good).expect("base64"));
                let differing = bad.iter().zip(&good).map(|(one, two)| (one ^ two).count_ones()).sum::<u32>();
                match fault {
                    Fault::EmptyMessage => assert!(bad.is_empty()),
                    Fault::TruncatedInHeader => assert!(bad.len() < 145 && good.starts_with(&bad)),
                    Fault::TruncatedInFrame => {
                        assert!(bad.len() > 145 && good.starts_with(&bad) && bad.len() < good.len())
                    }
                    Fault::TrailingBytes => assert!(bad.starts_with(&good) && bad.len() > good.len()),
                    Fault::HeaderBit | Fault::WrappedKeyBit | Fault::HeaderTag | Fault::FrameBit | Fault::FinalTag => {
                        assert_eq!((differing, bad.len()), (1, good.len()), "{}", fault.name());
                    }
                    _ => assert!(differing > 0, "{}", fault.name()),
                }
            }
        }
    }
}

#[test]
fn a_bomb_is_small_from_outside() {
    let settings = Settings { records: 1, faults: vec![Fault::GzipBomb], ..Settings::default() };
    let line = records(settings)[0].line.len();
    assert!((1_000_000..2_000_000).contains(&line), "{line} bytes");
}
