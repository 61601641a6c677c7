//! Messages of AWS's own Encryption SDK: every suite, the boundaries of frames, other key entries, context.

use dastap_guest::esdk::{Error, Keyring as MessageKeyring, Limits, SUITES, decrypt};
use dastap_tests::component::{self, Component};
use dastap_tests::document::{self, CLUSTER, CONTEXT};
use dastap_tests::peer::{Encrypt, Entry, Sdk};
use dastap_tests::program::Dastap;
use dastap_tests::record::{self, Keyring};
use serde_json::json;

const WRAPPING_KEYS: [&[u8]; 3] = [&[0x16; 16], &[0x24; 24], &[0x32; 32]];
const FOREIGN_KEY: [u8; 32] = [0xff; 32];

/// Contexts of messages: none as in DAS, some, and some whose order by bytes is not the order of insertion.
const CONTEXTS: [&[(&str, &str)]; 3] = [&[], &[("purpose", "audit")], &[("zürich", "ü"), ("Aarau", ""), ("a", "監査")]];

/// Frame lengths (0: not framed) and sizes of what is inside: a byte before, on and behind the end of a frame.
const SHAPES: [(u32, &[usize]); 3] =
    [(0, &[600, 4096, 70_000]), (128, &[767, 768, 769, 3_000]), (4096, &[600, 4095, 4096, 4097, 8192, 50_000])];

/// The entry that opens the message comes alone, behind one of a stranger, and behind one of the same name.
fn entries(turn: usize, wrapping_key: &[u8]) -> Vec<Entry<'_>> {
    let ours = Entry::Aes("BC", "DataKey", wrapping_key);
    match turn {
        0 => vec![ours],
        1 => vec![Entry::Aes("other", "DataKey", &FOREIGN_KEY), Entry::Aes("BC", "DataKey2", &FOREIGN_KEY), ours],
        _ => vec![Entry::Rsa("BC", "DataKey"), Entry::Aes("BC", "DataKey", &FOREIGN_KEY), ours],
    }
}

/// A blob for each wrapping key, by its length.
fn blob(wrapping_key: &[u8]) -> Vec<u8> {
    format!("data key of {} bytes", wrapping_key.len()).into_bytes()
}

fn keyring() -> Keyring {
    WRAPPING_KEYS.iter().fold(Keyring::default(), |keyring, key| keyring.and(&blob(key), &CONTEXT, key))
}

#[test]
fn every_suite_decodes_at_every_boundary_through_component_and_program() {
    let mut sdk = Sdk::shared();
    let (mut records, mut expected) = (Vec::new(), Vec::new());
    for suite in &SUITES {
        for (frame_length, sizes) in SHAPES {
            for &size in sizes {
                let turn = records.len();
                let wrapping_key = WRAPPING_KEYS[turn % 3];
                let (_, payload) = document::gzip_of_size(size);
                let message = sdk.encrypt(&Encrypt {
                    suite: suite.id,
                    frame_length,
                    payload: &payload,
                    context: CONTEXTS[turn / 3 % 3],
                    authenticate_only: &[],
                    keys: &entries(turn / 9 % 3, wrapping_key),
                });
                records.push(record::of(&message, &blob(wrapping_key)));
                expected.push(format!("suite 0x{:04x}, frames of {frame_length}, {size} bytes", suite.id));
            }
        }
    }
    assert_eq!(records.len(), 11 * 13);

    let event = document::event(1, "select 1");
    let component = Component::new(&keyring(), json!({}));
    for (record, what) in records.iter().zip(&expected) {
        let decoded = component.decoded(record);
        assert_eq!(document::event_of(&component::lines(&decoded)), event, "{what}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let run = Dastap::decode(&keyring().write(folder.path()))
        .args(["--resource-id", CLUSTER])
        .stdin(records.join("\n"))
        .run()
        .expect(0);
    let lines = String::from_utf8(run.stdout).expect("UTF-8");
    assert_eq!(lines.lines().count(), records.len());
    assert!(lines.lines().all(|line| document::event_of(line) == event));
}

#[test]
fn payloads_of_any_size_come_out_as_they_went_in() {
    let mut sdk = Sdk::shared();
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1000).collect();
    for suite in &SUITES {
        for frame_length in [0, 128] {
            for size in [0, 1, 127, 128, 129, 256, 1000] {
                let payload = &bytes[..size];
                let keys = [Entry::Aes("BC", "DataKey", WRAPPING_KEYS[2])];
                let (context, authenticate_only): (_, &[&str]) = (&[], &[]);
                let message = sdk.encrypt(&Encrypt {
                    suite: suite.id,
                    frame_length,
                    payload,
                    context,
                    authenticate_only,
                    keys: &keys,
                });
                let keyring = MessageKeyring::from_wrapping_key(WRAPPING_KEYS[2]).expect("a keyring");
                let found = decrypt(&message, &keyring, &Limits::default());
                assert_eq!(found.as_deref(), Ok(payload), "0x{:04x}, {frame_length}, {size}", suite.id);
            }
        }
    }
}

#[test]
fn what_is_no_gzip_stream_fails_behind_the_message() {
    let mut sdk = Sdk::shared();
    let component = Component::new(&keyring(), json!({}));
    for payload in [&b""[..], b"\x1f"] {
        let message = sdk.encrypt(&Encrypt {
            suite: 0x0178,
            frame_length: 4096,
            payload,
            context: &[],
            authenticate_only: &[],
            keys: &entries(0, WRAPPING_KEYS[2]),
        });
        let failure = component.failed(&record::of(&message, &blob(WRAPPING_KEYS[2])));
        assert_eq!(failure.stage, dastap::Stage::Gunzip, "{failure:?}");
    }
}

#[test]
fn context_that_is_only_authenticated_must_be_brought_along() {
    let mut sdk = Sdk::shared();
    for suite in &SUITES {
        let message = sdk.encrypt(&Encrypt {
            suite: suite.id,
            frame_length: 128,
            payload: b"payload",
            context: &[("stored", "here"), ("kept", "elsewhere"), ("also kept", "elsewhere")],
            authenticate_only: &["kept", "also kept"],
            keys: &entries(0, WRAPPING_KEYS[2]),
        });
        let with = |pairs: &[(&str, &str)]| {
            let keyring = MessageKeyring::from_wrapping_key(WRAPPING_KEYS[2]).expect("a keyring").authenticating(pairs);
            decrypt(&message, &keyring, &Limits::default())
        };
        let all = [("kept", "elsewhere"), ("also kept", "elsewhere")];
        assert_eq!(with(&all).as_deref(), Ok(&b"payload"[..]), "0x{:04x}", suite.id);
        assert_eq!(with(&[all[1], all[0], ("stored", "here")]).as_deref(), Ok(&b"payload"[..]), "in any order");
        for wrong in
            [&[][..], &all[..1], &[("kept", "elsewhere"), ("also kept", "here")], &[all[0], all[1], ("no", "")]]
        {
            with(wrong).expect_err("the context is not complete");
        }
        let contradiction = with(&[all[0], all[1], ("stored", "there")]).expect_err("the stored value is another");
        assert!(matches!(contradiction, Error::BadHeader(_)), "{contradiction:?}");
    }
}

#[test]
fn provider_and_name_are_compared_in_full_and_can_be_set() {
    let mut sdk = Sdk::shared();
    let key = WRAPPING_KEYS[2];
    let (_, payload) = document::gzip_of_size(1000);
    let mut record = |provider, name| {
        let (context, authenticate_only): (_, &[&str]) = (&[], &[]);
        let keys = [Entry::Aes(provider, name, key)];
        let wanted =
            Encrypt { suite: 0x0178, frame_length: 4096, payload: &payload, context, authenticate_only, keys: &keys };
        record::of(&sdk.encrypt(&wanted), &blob(key))
    };
    let usual = Component::new(&keyring(), json!({}));
    let other = json!({ "encrypted-data-key": { "provider": "mine", "name": "Key" } });
    let other = Component::new(&keyring(), other);
    other.decoded(&record("mine", "Key"));
    for (provider, name) in
        [("mine", "Key"), ("BC", "DataKey2"), ("BC", "DataKe"), ("BC2", "DataKey"), ("B", "DataKey")]
    {
        assert_eq!(usual.failed(&record(provider, name)).reason, "no-usable-key", "{provider}/{name}");
    }
    assert_eq!(other.failed(&record("BC", "DataKey")).reason, "no-usable-key");
}

#[test]
fn suites_that_are_not_allowed_are_refused() {
    let mut sdk = Sdk::shared();
    let (_, payload) = document::gzip_of_size(1000);
    let component = Component::new(&keyring(), json!({ "suites": ["0x0478", "0x0178"] }));
    for suite in &SUITES {
        let message = sdk.encrypt(&Encrypt {
            suite: suite.id,
            frame_length: 4096,
            payload: &payload,
            context: &[],
            authenticate_only: &[],
            keys: &entries(0, WRAPPING_KEYS[2]),
        });
        let record = record::of(&message, &blob(WRAPPING_KEYS[2]));
        if [0x0178, 0x0478].contains(&suite.id) {
            component.decoded(&record);
        } else {
            assert_eq!(component.failed(&record).reason, "unsupported-suite", "0x{:04x}", suite.id);
        }
    }
}
