//! The parts alone, for `make bench`: the same functions native and, as exports of a core module, in the sandbox. Never
//! part of a build that ships.

#![allow(clippy::restriction, clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test code")]
#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "test code")]

use std::cell::RefCell;

use crate::esdk::Cipher;
use crate::events::{Document, Event, Noted};
use crate::gunzip::Gunzip;
use crate::shape::Room;
use crate::{KeyError, KeyRequest, Settings, Transform, Verdict};

/// The parts, with the state that they use again.
pub struct Parts {
    state: RefCell<State>,
}

struct State {
    gunzip: Gunzip,
    output: Vec<u8>,
    events: Vec<Event>,
    noted: Noted,
    frame: Vec<u8>,
    transform: Transform,
}

impl Parts {
    /// Fresh parts.
    #[allow(clippy::new_without_default, reason = "not a value")]
    pub fn new() -> Self {
        let transform = Transform::open(Settings::default()).expect("the defaults");
        let state = State {
            gunzip: Gunzip::new(Room::default()),
            output: Vec::new(),
            events: Vec::new(),
            noted: Noted::default(),
            frame: vec![0; 4096],
            transform,
        };
        Parts { state: RefCell::new(state) }
    }

    /// Opens frames of 4 KiB; `input`: the key, then tag and ciphertext of each frame. The number of frames.
    pub fn gcm(&self, input: &[u8]) -> u32 {
        let (key, frames) = input.split_at(32);
        let cipher = Cipher::new(key).expect("a key");
        let frame = &mut self.state.borrow_mut().frame;
        let mut opened = 0u32;
        for sealed in frames.chunks_exact(16 + 4096) {
            let (tag, ciphertext) = sealed.split_first_chunk::<16>().expect("a tag");
            let mut iv = [0; 12];
            iv[8..].copy_from_slice(&opened.to_be_bytes());
            frame.copy_from_slice(ciphertext);
            cipher.open(&iv, b"", frame, tag).expect("an authentic frame");
            opened += 1;
        }
        opened
    }

    /// Inflates a gzip stream. The length of what was in it.
    pub fn gunzip(&self, input: &[u8]) -> u32 {
        let state = &mut *self.state.borrow_mut();
        state.gunzip.inflate(input, &mut state.output, 1 << 30).expect("a gzip stream");
        state.output.len() as u32
    }

    /// Scans a decrypted document. The number of events.
    pub fn scan(&self, input: &[u8]) -> u32 {
        let state = &mut *self.state.borrow_mut();
        let text = std::str::from_utf8(input).expect("UTF-8");
        Document::read(text, 64, 1_000_000, &mut state.events, &mut state.noted).expect("a document");
        state.events.len() as u32
    }

    /// Decodes a batch; `input`: the data key, the resource id, records, each on a line. The number of events kept.
    pub fn decode(&self, input: &[u8]) -> u32 {
        let (key, text) = input.split_at(32);
        let mut lines = std::str::from_utf8(text).expect("UTF-8").lines();
        let resource = lines.next();
        let batch: Vec<&str> = lines.collect();
        let mut keys = |_: &KeyRequest| Ok::<_, KeyError>(key.to_vec());
        let verdicts = self.state.borrow_mut().transform.decode(&batch, resource, &mut keys);
        verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Verdict::Decoded(decoded) => decoded.kept,
                Verdict::Failed(failure) => panic!("{failure}"),
            })
            .sum()
    }
}

/// The exports of the core module.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "exported names")]
mod exports {
    use super::*;

    thread_local! {
        static PARTS: Parts = Parts::new();
        static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    #[unsafe(export_name = "bench-input")]
    extern "C" fn input(length: u32) -> *mut u8 {
        INPUT.with_borrow_mut(|input| {
            input.clear();
            input.resize(length as usize, 0);
            input.as_mut_ptr()
        })
    }

    fn run(part: fn(&Parts, &[u8]) -> u32) -> u32 {
        INPUT.with_borrow(|input| PARTS.with(|parts| part(parts, input)))
    }

    #[unsafe(export_name = "bench-gcm")]
    extern "C" fn gcm() -> u32 {
        run(Parts::gcm)
    }

    #[unsafe(export_name = "bench-gunzip")]
    extern "C" fn gunzip() -> u32 {
        run(Parts::gunzip)
    }

    #[unsafe(export_name = "bench-scan")]
    extern "C" fn scan() -> u32 {
        run(Parts::scan)
    }

    #[unsafe(export_name = "bench-decode")]
    extern "C" fn decode() -> u32 {
        run(Parts::decode)
    }
}
