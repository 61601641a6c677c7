//! Where frames begin and end: any frame length that the generator can make, through the component.

use dastap::synth::{Engine, Settings, Stream};
use dastap::{Decoder, Verdict, keys};
use dastap_tests::component;
use proptest::prelude::*;
use serde_json::Value;

/// One record whose document does not depend on the frame length.
fn settings(seed: u64, events: u32, frame_length: u32) -> Settings {
    Settings {
        engines: Engine::ALL.to_vec(),
        records: 1,
        events: events..=events,
        heartbeats: 0.0,
        empty: 0.0,
        seed,
        frame_length,
        ..Settings::default()
    }
}

/// How many bytes are in the message: all of them in one final frame.
async fn payload_bytes(seed: u64, events: u32) -> u32 {
    let mut stream = Stream::new(settings(seed, events, 1 << 20)).expect("good settings");
    let decoder = Decoder::builder().keys(no_keys()).build().expect("a decoder");
    let explained = decoder.inspect(&stream.next().expect("one record").line).await.expect("an explanation");
    let explained: Value = serde_json::from_str(&explained).expect("JSON");
    let bytes = explained.pointer("/message/body/finalFrameBytes").and_then(Value::as_u64);
    bytes.and_then(|bytes| u32::try_from(bytes).ok()).expect("the length of the final frame")
}

fn no_keys() -> keys::Keyring {
    keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring")
}

async fn assert_decodes(seed: u64, events: u32, frame_length: u32) {
    let mut stream = Stream::new(settings(seed, events, frame_length)).expect("good settings");
    let mut keyring = Vec::new();
    stream.write_keyring(&mut keyring).expect("memory takes everything");
    let keyring = keys::Keyring::from_json(str::from_utf8(&keyring).expect("UTF-8")).expect("a keyring");
    let envelope = serde_json::json!({ "shape": "envelope" });
    let decoder = Decoder::builder().transform(envelope).keys(keyring).workers(1).build().expect("a decoder");
    let record = stream.next().expect("one record");
    let verdicts = decoder.decode(std::slice::from_ref(&record.line), Some(&record.resource)).await;
    let [Verdict::Decoded(decoded)] = &verdicts[..] else { panic!("frames of {frame_length}: {verdicts:?}") };
    assert_eq!(component::lines(decoded).trim_end(), record.document, "frames of {frame_length}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("an executor")
}

#[test]
fn one_byte_before_on_and_behind_the_end_of_a_frame() {
    runtime().block_on(async {
        for (seed, events) in [(1, 1), (2, 3), (3, 60)] {
            let bytes = payload_bytes(seed, events).await;
            let parts = [1, 2, 3, 7].map(|parts| bytes / parts);
            let around = parts.iter().flat_map(|&length| [length - 1, length, length + 1]);
            for frame_length in around.chain([1, 2, 15, 16, 17]) {
                assert_decodes(seed, events, frame_length).await;
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frame_length(seed: u64, events in 1u32..30, frame_length in prop_oneof![1u32..64, 1u32..5_000, 4_000u32..200_000]) {
        runtime().block_on(assert_decodes(seed, events, frame_length));
    }
}
