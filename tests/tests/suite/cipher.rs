//! The cipher inside the sandbox: the tests of `guest/src/esdk/cipher/proof.rs`, natively made of arrays, run on the
//! instructions of both builds, compiled as the program's own image is.

use std::time::Duration;

use dastap::{Decoder, Stage, Verdict, keys};
use dastap_tests::document::CLUSTER;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/faults.cwasm"));
static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable-faults.cwasm"));

/// The proof panics where it fails; else the record goes on and is found to be none.
#[track_caller]
fn proves(image: &[u8]) {
    assert_eq!(stage(image, "panic"), Stage::Guest, "a build without the proof");
    assert_eq!(stage(image, "cipher"), Stage::Envelope);
}

#[allow(unsafe_code, reason = "the image was compiled by this crate's build script")]
fn stage(image: &[u8], fault: &str) -> Stage {
    let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
    // SAFETY: the image was compiled by this crate's build script.
    let builder = unsafe { Decoder::builder().keys(keys).workers(1).image(image.to_vec()) };
    let decoder = builder.time_limit(Duration::from_secs(300)).build().expect("a decoder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let record = [format!(r#"{{"fault":"{fault}"}}"#)];
    let verdicts = runtime.expect("an executor").block_on(decoder.decode(&record, Some(CLUSTER)));
    match verdicts.as_slice() {
        [Verdict::Failed(failure)] => failure.stage,
        other => panic!("expected one failure, found {other:?}"),
    }
}

#[test]
fn is_right_in_the_embedded_build() {
    proves(EMBEDDED);
}

#[test]
fn is_right_in_the_portable_build() {
    proves(PORTABLE);
}
