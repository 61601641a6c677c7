//! Rules of the message format, each with a message that keeps it and messages that break it.

#![allow(clippy::arithmetic_side_effects, reason = "test code")]

use proptest::prelude::*;

use super::sample::{Sample, WRAPPING_KEY};
use super::{Error, Keyring, Limits, Place, decrypt};

fn keyring() -> Keyring {
    Keyring::from_wrapping_key(&WRAPPING_KEY).unwrap().named("BC", "DataKey")
}

fn open(message: &[u8]) -> Result<Vec<u8>, Error> {
    decrypt(message, &keyring(), &Limits::default())
}

#[test]
fn decrypts_both_formats_framed_and_not() {
    for suite in [0x0178, 0x0478] {
        for frame_length in [0, 1, 7, 4096] {
            for length in [0, 1, 6, 7, 8, 14, 4095] {
                if frame_length == 1 && length > 100 {
                    continue;
                }
                let plaintext: Vec<u8> = (0..length).map(|i| i as u8).collect();
                let sample = Sample { suite, frame_length, plaintext: plaintext.clone(), ..Sample::default() };
                assert_eq!(open(&sample.message()), Ok(plaintext), "{suite:#x} {frame_length} {length}");
            }
        }
    }
}

#[test]
fn the_data_key_alone_opens_a_message() {
    let keyring = Keyring::from_data_key(&[0x22; 32]).unwrap();
    assert_eq!(decrypt(&Sample::default().message(), &keyring, &Limits::default()).unwrap(), b"hello");
    let short = Keyring::from_data_key(&[0x22; 16]).unwrap();
    let refused = decrypt(&Sample::default().message(), &short, &Limits::default());
    assert_eq!(refused, Err(Error::WrongKeyLength(16)));
}

#[test]
fn a_single_changed_bit_is_never_accepted() {
    let context = vec![("tenant", "7")];
    for suite in [0x0178, 0x0478] {
        for (frame_length, plaintext) in [(8, b"three frames, all".to_vec()), (0, b"one block".to_vec())] {
            let sample = Sample { suite, frame_length, plaintext, context: context.clone(), ..Sample::default() };
            let message = sample.message();
            for bit in 0..message.len() * 8 {
                let mut damaged = message.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&damaged).is_err(), "suite {suite:#x}, bit {bit}");
            }
        }
    }
}

#[test]
fn every_truncation_and_every_appended_byte_is_refused() {
    let message = Sample { frame_length: 8, plaintext: vec![9; 20], ..Sample::default() }.message();
    for length in 0..message.len() {
        assert!(matches!(open(&message[..length]), Err(Error::Truncated { .. })), "{length} bytes");
    }
    let longer = [message, vec![0]].concat();
    assert_eq!(open(&longer), Err(Error::TrailingBytes(1)));
}

#[test]
fn frames_out_of_order_are_refused() {
    let plain = Sample { frame_length: 8, plaintext: vec![9; 30], ..Sample::default() };
    let message = plain.message();
    let header = message.len() - (3 * FRAME + 4 + FRAME - 2 + 4);
    let frame = |n: usize| message[header + n * FRAME..header + (n + 1) * FRAME].to_vec();
    let (head, last) = (message[..header].to_vec(), message[header + 3 * FRAME..].to_vec());
    let order = |frames: &[usize]| {
        let frames = frames.iter().map(|n| frame(*n));
        let parts = std::iter::once(head.clone()).chain(frames).chain([last.clone()]);
        open(&parts.collect::<Vec<_>>().concat())
    };
    assert_eq!(order(&[0, 1, 2]), Ok(vec![9; 30]));
    assert_eq!(order(&[0, 2, 1]), Err(Error::NotAuthentic(Place::Order { expected: 2, found: 3 })));
    assert_eq!(order(&[0, 1]), Err(Error::NotAuthentic(Place::Order { expected: 3, found: 4 })));
    assert_eq!(order(&[0, 1, 1, 2]), Err(Error::NotAuthentic(Place::Order { expected: 3, found: 2 })));
    assert_eq!(order(&[]), Err(Error::NotAuthentic(Place::Order { expected: 1, found: 4 })));
}

/// Bytes of a regular frame of 8: number, iv, content, tag.
const FRAME: usize = 4 + 12 + 8 + 16;

#[test]
fn names_decide_which_encrypted_data_key_is_tried() {
    let several = Sample { keys: vec![("aws-kms", "arn"), ("BC", "Other"), ("BC", "DataKey")], ..Sample::default() };
    assert_eq!(open(&several.message()).unwrap(), b"hello");
    // The full name, not a prefix of it; and without a name every raw AES entry is tried.
    for name in ["DataKey2", "DataKe"] {
        let other = Sample { keys: vec![("BC", name)], ..Sample::default() }.message();
        assert_eq!(open(&other), Err(Error::NoUsableKey { entries: 1, matching: 0 }));
        let any = Keyring::from_wrapping_key(&WRAPPING_KEY).unwrap();
        assert_eq!(decrypt(&other, &any, &Limits::default()).unwrap(), b"hello");
    }
    let wrong = Keyring::from_wrapping_key(&[9; 32]).unwrap();
    let refused = decrypt(&Sample::default().message(), &wrong, &Limits::default());
    assert_eq!(refused, Err(Error::NoUsableKey { entries: 1, matching: 1 }));
}

#[test]
fn context_that_is_authenticated_only_must_be_given() {
    for suite in [0x0178, 0x0478] {
        let authenticated = vec![("cluster", "A"), ("zone", "1")];
        let message = Sample { suite, context: vec![("tenant", "7")], authenticated, ..Sample::default() }.message();
        let given = |pairs: &[(&str, &str)]| decrypt(&message, &keyring().authenticating(pairs), &Limits::default());
        assert_eq!(given(&[("cluster", "A"), ("zone", "1")]).unwrap(), b"hello");
        // The order in which the caller names them does not matter; a pair that is stored too must be equal.
        assert_eq!(given(&[("zone", "1"), ("tenant", "7"), ("cluster", "A")]).unwrap(), b"hello");
        assert!(given(&[]).is_err());
        assert!(given(&[("cluster", "A")]).is_err());
        assert!(given(&[("cluster", "B"), ("zone", "1")]).is_err());
        assert!(matches!(given(&[("cluster", "A"), ("zone", "1"), ("tenant", "8")]), Err(Error::BadHeader(_))));
    }
}

#[test]
fn limits_are_applied_before_anything_is_read() {
    let message = Sample { keys: vec![("BC", "DataKey"); 9], ..Sample::default() }.message();
    assert!(matches!(open(&message), Err(Error::TooLarge { found: 9, limit: 8, .. })));
    let long = Sample { frame_length: (1 << 20) + 1, ..Sample::default() }.message();
    assert!(matches!(open(&long), Err(Error::TooLarge { limit: 1_048_576, .. })));
    let only = Limits { suites: Some(vec![0x0478]), ..Limits::default() };
    let refused = decrypt(&Sample::default().message(), &keyring(), &only);
    assert!(matches!(refused, Err(Error::UnsupportedSuite { id: 0x0178, .. })));
}

#[test]
fn headers_that_break_a_rule_are_refused() {
    let message = Sample::default().message();
    let with = |at: usize, byte: u8| {
        let mut damaged = message.clone();
        damaged[at] = byte;
        open(&damaged).unwrap_err()
    };
    assert_eq!(with(0, 3), Error::UnsupportedVersion { version: 3, base64: false });
    assert!(matches!(with(1, 0x81), Error::BadHeader(_)));
    for (high, low) in [(0, 0), (0, 0x70), (0x67, 1), (4, 0x78)] {
        let mut damaged = message.clone();
        damaged[2..4].copy_from_slice(&[high, low]);
        assert!(matches!(open(&damaged), Err(Error::UnsupportedSuite { .. })), "{high:02x}{low:02x}");
    }
    assert!(matches!(open(b"AYABeAAAAAAA"), Err(Error::UnsupportedVersion { base64: true, .. })));
    let keyless = [&message[..22], &[0, 0], &message[24..]].concat();
    assert_eq!(open(&keyless), Err(Error::BadHeader("no encrypted data key")));
}

#[test]
fn a_final_frame_may_have_an_iv_of_its_own() {
    use aes_gcm::aead::{Aead, Payload};
    use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
    // Some implementations wrote FFFFFFFFFFFFFFFF00000001; the tag, not the number, decides.
    let message = Sample { plaintext: vec![], ..Sample::default() }.message();
    let body = message.len() - (4 + 4 + 12 + 4 + 16);
    let mut key = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, &[0x22; 32])
        .expand_multi_info(&[&0x0178u16.to_be_bytes(), &[0x33; 16]], &mut key)
        .unwrap();
    let iv = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1];
    let associated = [&[0x33; 16][..], b"AWSKMSEncryptionClient Final Frame", &[0, 0, 0, 1], &[0; 8]].concat();
    let cipher = Aes256Gcm::new_from_slice(&key).unwrap();
    let tag = cipher.encrypt(&Nonce::from(iv), Payload { msg: b"", aad: &associated }).unwrap();
    let odd = [&message[..body], &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1], &iv, &[0, 0, 0, 0], &tag].concat();
    assert_eq!(open(&odd), Ok(vec![]));
}

proptest! {
    #[test]
    fn any_size_and_frame_length_comes_back(
        plaintext in proptest::collection::vec(any::<u8>(), 0..3000),
        frame_length in 1usize..600,
        v2 in any::<bool>(),
    ) {
        let suite = if v2 { 0x0478 } else { 0x0178 };
        let sample = Sample { suite, frame_length, plaintext: plaintext.clone(), ..Sample::default() };
        prop_assert_eq!(open(&sample.message()), Ok(plaintext));
    }

    #[test]
    fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes).is_err());
    }
}
