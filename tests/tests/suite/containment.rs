//! A guest that misbehaves on request (`guest/src/faults.rs`): every fault is contained, its record fails alone in
//! stage `guest`, all others decode.

use std::time::Duration;

use dastap::{Decoder, DecoderBuilder, Stage, Verdict, keys};
use dastap_tests::document::CLUSTER;

static FAULTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/faults.cwasm"));
static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.cwasm"));

const GOOD: &str = r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"clusterId":"c","instanceId":"i","databaseActivityEventList":[{"command":"SELECT"}]}}"#;

#[allow(unsafe_code, reason = "the image was compiled by this crate's build script")]
fn builder(image: &[u8]) -> DecoderBuilder {
    let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
    // SAFETY: the image was compiled by this crate's build script.
    unsafe { Decoder::builder().keys(keys).workers(1).image(image.to_vec()) }
}

fn decode(decoder: &Decoder, records: &[&str]) -> Vec<Verdict> {
    let records: Vec<String> = records.iter().map(|record| record.to_string()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("an executor").block_on(decoder.decode(&records, Some(CLUSTER)))
}

/// The good neighbours decode, the record in the middle fails in stage guest for `reason`.
#[track_caller]
fn contained(decoder: &Decoder, fault: &str, reason: &str) {
    let fault = format!(r#"{{"fault":"{fault}"}}"#);
    let verdicts = decode(decoder, &[GOOD, &fault, GOOD]);
    let [Verdict::Decoded(first), Verdict::Failed(failure), Verdict::Decoded(last)] = verdicts.as_slice() else {
        panic!("{verdicts:?}");
    };
    assert_eq!((first.kept, last.kept), (1, 1));
    assert_eq!((failure.stage, failure.reason.as_str(), failure.retryable), (Stage::Guest, reason, false));
}

#[test]
fn a_panic_fails_its_record_alone() {
    contained(&builder(FAULTS).build().expect("a decoder"), "panic", "trapped");
}

#[test]
fn an_endless_loop_is_stopped() {
    let decoder = builder(FAULTS).time_limit(Duration::from_millis(50)).build().expect("a decoder");
    contained(&decoder, "loop", "timed-out");
}

#[test]
fn memory_beyond_the_limit_is_refused() {
    let decoder = builder(FAULTS).memory_limit(64 << 20).build().expect("a decoder");
    contained(&decoder, "memory", "out-of-memory");
}

#[test]
fn lines_that_are_no_text_never_leave() {
    contained(&builder(FAULTS).build().expect("a decoder"), "no-text", "trapped");
}

#[test]
fn an_oversize_question_is_refused_uncopied() {
    // The question is answered, not trapped: then the record goes on and fails as any other text that is no record.
    let verdicts = decode(&builder(FAULTS).build().expect("a decoder"), &[r#"{"fault":"huge-question"}"#]);
    let [Verdict::Failed(failure)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!((failure.stage, failure.reason.as_str()), (Stage::Envelope, "missing-field"));
}

#[test]
fn a_record_that_fails_once_is_tried_again_in_a_fresh_instance() {
    let decoder = builder(FAULTS).build().expect("a decoder");
    assert!(matches!(decode(&decoder, &[GOOD])[0], Verdict::Decoded(_)));
    // Panics in an instance that has decoded before, and only there.
    let verdicts = decode(&decoder, &[r#"{"fault":"panic-when-warm"}"#]);
    let [Verdict::Failed(failure)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!(failure.stage, Stage::Envelope, "{failure:?}");
}

#[test]
fn the_merged_form_is_contained_too() {
    let decoder = builder(FAULTS).time_limit(Duration::from_millis(50)).build().expect("a decoder");
    let records = [GOOD, r#"{"fault":"loop"}"#, GOOD].map(String::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("an executor");
    let merged = runtime.block_on(decoder.decode_merged(&records, None));
    assert_eq!((merged.kept, merged.outputs.len(), merged.failures.len()), (2, 1, 1));
    let (index, failure) = &merged.failures[0];
    assert_eq!((*index, failure.stage, failure.reason.as_str()), (1, Stage::Guest, "timed-out"));
    let records = [GOOD, r#"{"fault":"no-text"}"#, GOOD].map(String::from);
    let merged = runtime.block_on(decoder.decode_merged(&records, None));
    assert_eq!((merged.kept, merged.outputs.len(), merged.failures.len()), (2, 1, 1));
    let (index, failure) = &merged.failures[0];
    assert_eq!((*index, failure.stage, failure.reason.as_str()), (1, Stage::Guest, "trapped"));
}

#[test]
fn an_abandoned_call_costs_an_instance_and_nothing_else() {
    let decoder = builder(FAULTS).time_limit(Duration::from_secs(60)).build().expect("a decoder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("an executor").block_on(async {
        let endless = [r#"{"fault":"loop"}"#.to_string()];
        let abandoned = tokio::time::timeout(Duration::from_millis(30), decoder.decode(&endless, None)).await;
        assert!(abandoned.is_err());
        let verdicts = decoder.decode(&[GOOD.to_string()], None).await;
        assert!(matches!(verdicts[0], Verdict::Decoded(_)));
    });
}

#[test]
fn the_portable_component_answers_as_the_embedded_one() {
    let portable = decode(&builder(PORTABLE).build().expect("a decoder"), &[GOOD, "{", "[]"]);
    let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
    let embedded = decode(&Decoder::builder().keys(keys).build().expect("a decoder"), &[GOOD, "{", "[]"]);
    assert_eq!(format!("{portable:?}"), format!("{embedded:?}"));
}
