//! The parts alone, in the sandbox and native: cipher, gunzip, JSON, and the whole decode without the component's
//! boundary. In the sandbox they are exports of the guest as a core module (`guest/src/bench.rs`).

use std::io::Write;
use std::time::Instant;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use dastap::synth::{Engine, Settings, Stream};
use wasmtime::{Config, Instance, Linker, Memory, Module, Store, TypedFunc};

use crate::class::Class;
use crate::{Result, Side};

#[path = "../../../host/src/engine/settings.rs"]
mod settings;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/embedded.cwasm"));
static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.cwasm"));

/// Bytes per second of one part.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) embedded: f64,
    pub(crate) portable: f64,
    pub(crate) native: f64,
}

/// Frames of 4 KiB, as DAS has them.
const FRAMES: usize = 256;
const FRAME: usize = 4096;

/// Measures cipher, gunzip and JSON.
pub(crate) fn measure(rounds: usize) -> Result<Vec<Part>> {
    let document = document()?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(document.as_bytes())?;
    let gzip = gzip.finish()?;
    let frames = sealed_frames()?;
    let bench = dastap_guest::bench::Parts::new();
    Ok(vec![
        part("AES-256-GCM, 4 KiB frames", "gcm", &frames, FRAMES * FRAME, rounds, |input| bench.gcm(input))?,
        part("gunzip, 100 events", "gunzip", &gzip, document.len(), rounds, |input| bench.gunzip(input))?,
        part("JSON scan, 100 events", "scan", document.as_bytes(), document.len(), rounds, |input| bench.scan(input))?,
    ])
}

fn part(
    name: &'static str,
    export: &str,
    input: &[u8],
    bytes: usize,
    rounds: usize,
    native: impl Fn(&[u8]) -> u32,
) -> Result<Part> {
    let mut embedded = Wasm::new(EMBEDDED)?;
    let mut portable = Wasm::new(PORTABLE)?;
    embedded.load(input)?;
    portable.load(input)?;
    let expected = native(input);
    let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let turn = [
            time(|| embedded.call(export), expected)?,
            time(|| portable.call(export), expected)?,
            time(|| Ok(native(input)), expected)?,
        ];
        for (seconds, turn) in seconds.iter_mut().zip(turn) {
            if round > 0 {
                seconds.push(turn);
            }
        }
    }
    let [embedded, portable, native] = seconds.map(|seconds| bytes as f64 / crate::report::median(&seconds));
    Ok(Part { name, embedded, portable, native })
}

/// Seconds of one call, out of so many that they take a while.
fn time(mut call: impl FnMut() -> Result<u32>, expected: u32) -> Result<f64> {
    let start = Instant::now();
    let mut calls = 0u32;
    while calls < 3 || start.elapsed().as_millis() < 30 {
        if call()? != expected {
            return Err("the two sides of a part differ".into());
        }
        calls += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(calls))
}

fn document() -> Result<String> {
    let settings = Settings {
        engines: vec![Engine::Postgres],
        records: 1,
        events: 100..=100,
        heartbeats: 0.0,
        empty: 0.0,
        ..Settings::default()
    };
    Ok(Stream::new(settings)?.next().ok_or("expected a record")?.document)
}

/// A key, then frames: tag and ciphertext, the iv being the number of the frame.
fn sealed_frames() -> Result<Vec<u8>> {
    let key = [7u8; 32];
    let cipher = Aes256Gcm::new_from_slice(&key)?;
    let mut input = key.to_vec();
    for number in 0..FRAMES as u32 {
        let mut iv = [0; 12];
        iv[8..].copy_from_slice(&number.to_be_bytes());
        let mut frame: Vec<u8> = (0..FRAME).map(|i| (i as u32 ^ number) as u8).collect();
        let tag = cipher.encrypt_inout_detached(&Nonce::from(iv), b"", frame.as_mut_slice().into())?;
        input.extend_from_slice(&tag);
        input.extend_from_slice(&frame);
    }
    Ok(input)
}

/// The guest as a core module: no component, no host library around it.
struct Wasm {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Wasm {
    #[allow(unsafe_code, reason = "the image was compiled by this crate's build script")]
    fn new(image: &[u8]) -> Result<Self> {
        let config: Config = settings::config();
        let engine = wasmtime::Engine::new(&config)?;
        // SAFETY: the image was compiled by this crate's build script.
        let module = unsafe { Module::deserialize(&engine, image)? };
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&module)?;
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or("expected a memory")?;
        Ok(Wasm { store, instance, memory })
    }

    fn load(&mut self, input: &[u8]) -> Result<()> {
        let room: TypedFunc<u32, u32> = self.instance.get_typed_func(&mut self.store, "bench-input")?;
        let place = room.call(&mut self.store, u32::try_from(input.len())?)?;
        self.memory.write(&mut self.store, place as usize, input)?;
        Ok(())
    }

    fn call(&mut self, export: &str) -> Result<u32> {
        let call: TypedFunc<(), u32> = self.instance.get_typed_func(&mut self.store, &format!("bench-{export}"))?;
        Ok(call.call(&mut self.store, ())?)
    }
}

/// The whole decode inside the sandbox, records already there and lines left there: what the component's boundary
/// costs is the difference to this.
pub(crate) struct Core {
    wasm: Wasm,
    batches: Vec<Vec<u8>>,
}

impl Core {
    pub(crate) fn new(class: &Class) -> Result<Self> {
        let key = class.data_key()?;
        let input = |batch: Vec<String>| [&key, class.resource.as_bytes(), b"\n", batch.join("\n").as_bytes()].concat();
        Ok(Core { wasm: Wasm::new(EMBEDDED)?, batches: class.batches().into_iter().map(input).collect() })
    }
}

impl Side for Core {
    fn decode(&mut self, _: &Class) -> Result<usize> {
        let mut events = 0;
        for batch in &self.batches {
            self.wasm.load(batch)?;
            events += self.wasm.call("decode")? as usize;
        }
        Ok(events)
    }
}
