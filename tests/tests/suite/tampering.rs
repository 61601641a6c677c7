//! Damaged messages: nothing of them is accepted, nothing traps. In bulk on the library, a sample through the component.

use std::ops::Range;

use dastap::{Failure, Stage, Verdict};
use dastap_guest::esdk::{self, Limits, SUITES, decrypt};
use dastap_tests::component::Component;
use dastap_tests::document::{self, CONTEXT};
use dastap_tests::peer::{Encrypt, Entry, Sdk};
use dastap_tests::record::{self, Keyring};
use serde_json::json;

const WRAPPING_KEY: [u8; 32] = [7; 32];
const BLOB: &[u8] = b"blob";
const FRAME: u32 = 128;

/// A genuine message, and what it is.
struct Genuine {
    what: String,
    message: Vec<u8>,
}

/// Two messages of every suite: several frames, and a single block.
fn genuine(payload: &[u8]) -> Vec<Genuine> {
    let mut sdk = Sdk::shared();
    let shapes = [FRAME, 0].into_iter().flat_map(|frame_length| SUITES.iter().map(move |suite| (suite, frame_length)));
    let encrypt = |(suite, frame_length): (&esdk::Suite, u32)| Genuine {
        what: format!("suite 0x{:04x}, frames of {frame_length}", suite.id),
        message: sdk.encrypt(&Encrypt {
            suite: suite.id,
            frame_length,
            payload,
            context: &[("purpose", "test")],
            authenticate_only: &[],
            keys: &[Entry::Aes("BC", "DataKey", &WRAPPING_KEY)],
        }),
    };
    shapes.map(encrypt).collect()
}

fn component() -> Component {
    Component::new(&Keyring::of(BLOB, &CONTEXT, &WRAPPING_KEY), json!({}))
}

/// Every single bit flipped, every truncation, some bytes appended.
fn damaged(message: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let flips = (0..message.len() * 8).map(|bit| {
        let mut damaged = message.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {} of byte {}", bit % 8, bit / 8), damaged)
    });
    let cuts = (0..message.len()).map(|end| (format!("cut to {end} bytes"), message[..end].to_vec()));
    let tails = [&[0][..], &[0xff], &[0; 16], &[0xff; 64]].into_iter().chain([message]);
    let appended = tails.map(move |tail| (format!("{} bytes appended", tail.len()), [message, tail].concat()));
    flips.chain(cuts).chain(appended)
}

#[test]
fn no_flip_truncation_or_addition_is_accepted() {
    let payload = [0x5a; 400];
    let genuine = genuine(&payload);
    let keyring = esdk::Keyring::from_wrapping_key(&WRAPPING_KEY).expect("a keyring");
    let limits = Limits::default();
    let count = |genuine: &Genuine| {
        assert_eq!(decrypt(&genuine.message, &keyring, &limits).as_deref(), Ok(&payload[..]), "{}", genuine.what);
        let refuse = |(damage, message): (String, Vec<u8>)| {
            assert!(decrypt(&message, &keyring, &limits).is_err(), "{}: {damage} is accepted", genuine.what);
        };
        damaged(&genuine.message).map(refuse).count()
    };
    let (framed, single) = genuine.split_at(SUITES.len());
    let inputs: usize = std::thread::scope(|scope| {
        let half = scope.spawn(|| framed.iter().map(count).sum::<usize>());
        single.iter().map(count).sum::<usize>() + half.join().expect("no panic")
    });
    assert!(inputs > 100_000, "{inputs} damaged messages");
}

#[test]
fn the_component_refuses_a_sample_in_stage_message_and_never_traps() {
    let (_, payload) = document::gzip_of_size(700);
    let component = component();
    for genuine in genuine(&payload) {
        component.decoded(&record::of(&genuine.message, BLOB));
        let sample: Vec<_> = damaged(&genuine.message).step_by(41).collect();
        let records: Vec<String> = sample.iter().map(|(_, message)| record::of(message, BLOB)).collect();
        for ((damage, _), verdict) in sample.iter().zip(component.decode(&records)) {
            match verdict {
                Verdict::Failed(Failure { stage: Stage::Message, retryable: false, .. }) => {}
                Verdict::Failed(failure) => panic!("{}: {damage}: {failure:?}", genuine.what),
                Verdict::Decoded(_) => panic!("{}: {damage} is accepted", genuine.what),
            }
        }
    }
}

#[test]
fn frames_that_are_swapped_dropped_or_repeated_are_refused() {
    let payload: Vec<u8> = (0..=u8::MAX).cycle().take(1000).collect();
    let component = component();
    let keyring = esdk::Keyring::from_wrapping_key(&WRAPPING_KEY).expect("a keyring");
    for genuine in genuine(&payload).into_iter().take(SUITES.len()) {
        let frames = frames(&component, &genuine.message);
        assert_eq!(frames.len(), 8);
        let header = &genuine.message[..frames[0].start];
        let footer = &genuine.message[frames[7].end..];
        let reordered = |order: &[usize]| {
            let body = order.iter().flat_map(|&frame| &genuine.message[frames[frame].clone()]);
            let message: Vec<u8> = header.iter().chain(body).chain(footer).copied().collect();
            decrypt(&message, &keyring, &Limits::default())
        };
        assert_eq!(reordered(&[0, 1, 2, 3, 4, 5, 6, 7]).as_deref(), Ok(&payload[..]), "{}", genuine.what);
        for order in [
            &[1, 0, 2, 3, 4, 5, 6, 7][..],
            &[0, 1, 2, 3, 4, 6, 5, 7],
            &[0, 1, 2, 3, 4, 5, 7, 6],
            &[7],
            &[7, 0, 1, 2, 3, 4, 5, 6],
            &[1, 2, 3, 4, 5, 6, 7],
            &[0, 1, 2, 4, 5, 6, 7],
            &[0, 1, 2, 3, 4, 5, 6],
            &[0, 0, 1, 2, 3, 4, 5, 6, 7],
            &[0, 1, 2, 3, 3, 4, 5, 6, 7],
            &[0, 1, 2, 3, 4, 5, 6, 7, 7],
            &[],
        ] {
            reordered(order).expect_err(&format!("{}: frames {order:?} are accepted", genuine.what));
        }
    }
}

#[test]
fn frames_of_another_message_under_the_same_key_are_refused() {
    let payload = [0x5a; 400];
    let component = component();
    let keyring = esdk::Keyring::from_wrapping_key(&WRAPPING_KEY).expect("a keyring");
    let framed = |genuine: Vec<Genuine>| genuine.into_iter().take(SUITES.len());
    for (ours, theirs) in framed(genuine(&payload)).zip(framed(genuine(&payload))) {
        let (our_frames, their_frames) = (frames(&component, &ours.message), frames(&component, &theirs.message));
        for (our_frame, their_frame) in our_frames.into_iter().zip(their_frames) {
            let mut mixed = ours.message.clone();
            mixed.splice(our_frame, theirs.message[their_frame].iter().copied());
            decrypt(&mixed, &keyring, &Limits::default()).expect_err(&ours.what);
        }
    }
}

/// Where the frames of a message stand, the final one last.
fn frames(component: &Component, message: &[u8]) -> Vec<Range<usize>> {
    let explained = component.inspect(&record::of(message, BLOB));
    let number = |pointer: &str| {
        let number = explained.pointer(pointer).and_then(serde_json::Value::as_u64);
        number.and_then(|number| usize::try_from(number).ok()).unwrap_or_else(|| panic!("{pointer} in {explained}"))
    };
    let regular = 4 + 12 + number("/message/body/frameLength") + 16;
    let mut start = number("/message/headerBytes");
    let mut frames = Vec::new();
    for _ in 0..number("/message/body/frames") {
        frames.push(start..start + regular);
        start += regular;
    }
    frames.push(start..start + 4 + 4 + 12 + 4 + number("/message/body/finalFrameBytes") + 16);
    frames
}
