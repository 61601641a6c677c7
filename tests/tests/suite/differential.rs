//! The same bytes to dastap and to AWS's own Encryption SDK: the same verdict, the same plaintext.

use std::collections::HashMap;
use std::io::Read;

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap::synth::{Fault, Settings};
use dastap_guest::esdk::{Keyring, Limits, decrypt};
use dastap_tests::peer::{Entry, Sdk};
use dastap_tests::stream::Synthetic;
use flate2::read::MultiGzDecoder;
use serde_json::Value;

fn base64(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().expect("a text")).expect("base64")
}

/// The data keys of a stream by their blobs.
fn keys(stream: &Synthetic) -> HashMap<Vec<u8>, Vec<u8>> {
    let keyring: Value = serde_json::from_str(stream.keyring()).expect("JSON");
    let entries = keyring["keys"].as_array().expect("a list").iter();
    entries.map(|entry| (base64(&entry["ciphertext"]), base64(&entry["plaintext"]))).collect()
}

#[test]
fn the_sdk_reads_what_the_generator_makes() {
    let stream = Synthetic::new(Settings { records: 50, rotations: 2, frame_length: 640, ..Settings::default() });
    let keys = keys(&stream);
    for record in &stream.records {
        let outer: Value = serde_json::from_str(&record.line).expect("JSON");
        let (message, blob) = (base64(&outer["databaseActivityEvents"]), base64(&outer["key"]));
        let payload = Sdk::shared().decrypt(&message, &[Entry::Aes("BC", "DataKey", &keys[&blob])]).expect("a payload");
        let mut document = String::new();
        MultiGzDecoder::new(&payload[..]).read_to_string(&mut document).expect("gzip of UTF-8");
        assert_eq!(document, record.document);
    }
}

#[test]
fn damaged_messages_are_judged_alike() {
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(|fault| fault.stage() == "message").collect();
    // A stream of nothing but faults, and as many good records from another.
    let bad = Synthetic::new(Settings { records: 60, faults, fault_rate: Some(100.0), ..Settings::default() });
    let good = Synthetic::new(Settings { records: 60, seed: 2, ..Settings::default() });
    let (mut accepted, mut refused) = (0, 0);
    for stream in [bad, good] {
        let keys = keys(&stream);
        for record in &stream.records {
            let outer: Value = serde_json::from_str(&record.line).expect("JSON");
            let (message, blob) = (base64(&outer["databaseActivityEvents"]), base64(&outer["key"]));
            let keyring = Keyring::from_wrapping_key(&keys[&blob]).expect("a key").named("BC", "DataKey");
            let ours = decrypt(&message, &keyring, &Limits::default());
            let theirs = Sdk::shared().decrypt(&message, &[Entry::Aes("BC", "DataKey", &keys[&blob])]);
            match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
                (Err(_), Err(_)) => refused += 1,
                // The SDK leaves bytes behind the message unread; the specification wants them refused.
                (Err(_), Ok(_)) if record.fault == Some(Fault::TrailingBytes) => refused += 1,
                _ => panic!("{:?}: dastap says {ours:?}, the SDK says {theirs:?}", record.fault),
            }
            accepted += usize::from(ours.is_ok());
        }
    }
    assert_eq!((accepted, refused), (60, 60));
}
