//! Misbehaviour on request, for the tests of the sandbox: never part of a build that ships.

#![allow(clippy::restriction, reason = "it is there to break the rules")]

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Decoded, Output, Verdict};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Does what the record asks for, `{"fault":"..."}`; any other record is left alone.
pub(crate) fn strike(record: &str) {
    let earlier = CALLS.fetch_add(1, Ordering::Relaxed);
    match record.strip_prefix("{\"fault\":\"").and_then(|rest| rest.strip_suffix("\"}")) {
        Some("panic") => panic!("as asked"),
        Some("panic-when-warm") if earlier > 0 => panic!("as asked"),
        Some("loop") => loop {
            std::hint::black_box(());
        },
        Some("memory") => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1u8; 1 << 20]);
                std::hint::black_box(&hoard);
            }
        }
        // No fault: the cipher's own tests, where its instructions are those of the sandbox.
        #[cfg(target_family = "wasm")]
        Some("cipher") => crate::esdk::proof::run(100_000),
        #[cfg(target_family = "wasm")]
        Some("huge-question") => {
            let request = crate::component::dastap::decoder::keys::KeyRequest {
                ciphertext: vec![0; 4 << 20],
                context: vec![("a".repeat(1 << 20), "b".repeat(1 << 20))],
            };
            let _ = crate::component::dastap::decoder::keys::decrypt(&request);
        }
        _ => {}
    }
}

/// The answer to a record that asks for lines that are no text, far behind their start: `{"fault":"no-text"}`.
pub(crate) fn no_text(record: &str) -> Option<Output> {
    let mut lines = "x".repeat(100_000).into_bytes();
    lines.push(0xff);
    #[allow(unsafe_code, reason = "the host is to find this out")]
    // SAFETY: nobody reads it here; it goes straight out of the sandbox.
    let lines = unsafe { String::from_utf8_unchecked(lines) };
    (record == r#"{"fault":"no-text"}"#).then(|| Output { route: "default".to_string(), lines, events: 1 })
}

/// The verdict on such a record instead of the true one.
pub(crate) fn verdict(record: &str, verdict: Verdict) -> Verdict {
    match no_text(record) {
        Some(output) => Verdict::Decoded(Decoded { outputs: vec![output], kept: 1, dropped: 0, heartbeats: 0 }),
        None => verdict,
    }
}
