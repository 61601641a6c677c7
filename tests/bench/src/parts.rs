//! The parts alone, in the sandbox and native: cipher, gunzip, JSON, and the whole decode without the component's
//! boundary. In the sandbox they are exports of the guest as a core module (`guest/src/bench.rs`).

use std::io::Write;
use std::ops::Range;
use std::time::Instant;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use dastap::synth::{Engine, Settings, Stream};
use wasmtime::{Config, Instance, Linker, Memory, Module, Store, TypedFunc};

use crate::class::Class;
use crate::processor::Pinned;
use crate::turns::{Side, median};
use crate::{Result, clock};

#[path = "../../../host/src/engine/settings.rs"]
mod settings;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/embedded.cwasm"));
static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.cwasm"));

/// One part: bytes per second, and cycles per byte of the embedded build where they can be measured.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) embedded: f64,
    pub(crate) portable: f64,
    pub(crate) native: f64,
    pub(crate) cycles: Option<f64>,
}

/// Frames of 4 KiB, as DAS has them.
const FRAMES: usize = 256;
const FRAME: usize = 4096;

/// Measures cipher, gunzip and JSON.
pub(crate) fn measure(turns: usize) -> Result<Vec<Part>> {
    let document = document()?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(document.as_bytes())?;
    let gzip = gzip.finish()?;
    let frames = sealed_frames()?;
    let bench = dastap_guest::bench::Parts::new();
    Ok(vec![
        part("AES-256-GCM, 4 KiB frames", "gcm", &frames, FRAMES * FRAME, turns, |input| bench.gcm(input))?,
        part("gunzip, 100 events", "gunzip", &gzip, document.len(), turns, |input| bench.gunzip(input))?,
        part("JSON scan, 100 events", "scan", document.as_bytes(), document.len(), turns, |input| bench.scan(input))?,
    ])
}

fn part(
    name: &'static str,
    export: &str,
    input: &[u8],
    bytes: usize,
    turns: usize,
    native: impl Fn(&[u8]) -> u32,
) -> Result<Part> {
    let mut embedded = Wasm::new(EMBEDDED)?;
    let mut portable = Wasm::new(PORTABLE)?;
    embedded.load(input)?;
    portable.load(input)?;
    let expected = native(input);
    let _pinned = Pinned::new()?;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    let mut cycles = Vec::new();
    for _ in 0..turns {
        let seconds = [
            time(|| embedded.call(export), expected)?,
            time(|| portable.call(export), expected)?,
            time(|| Ok(native(input)), expected)?,
        ];
        for (rates, seconds) in rates.iter_mut().zip(seconds) {
            rates.push(bytes as f64 / seconds);
        }
        cycles.extend(clock::hertz().map(|hertz| hertz * seconds[0] / bytes as f64));
    }
    let [embedded, portable, native] = rates.map(|rates| median(&rates));
    Ok(Part { name, embedded, portable, native, cycles: (!cycles.is_empty()).then(|| median(&cycles)) })
}

/// Seconds of one call, out of so many that they take a while, behind one that is not timed.
fn time(mut call: impl FnMut() -> Result<u32>, expected: u32) -> Result<f64> {
    call()?;
    let start = Instant::now();
    let mut calls = 0u32;
    while calls < 3 || start.elapsed().as_millis() < 6 {
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
pub(crate) struct Core<'a> {
    wasm: Wasm,
    class: &'a Class,
    key: Vec<u8>,
}

impl<'a> Core<'a> {
    pub(crate) fn new(class: &'a Class) -> Result<Self> {
        Ok(Core { wasm: Wasm::new(EMBEDDED)?, class, key: class.data_key()? })
    }
}

impl Side for Core<'_> {
    fn turn(&mut self, batches: Range<usize>, events: usize) -> Result<f64> {
        let (mut seconds, mut found) = (0.0, 0);
        for batch in &self.class.batches[batches] {
            let input = [&self.key, self.class.resource.as_bytes(), b"\n", batch.join("\n").as_bytes()].concat();
            self.wasm.load(&input)?;
            let start = Instant::now();
            found += self.wasm.call("decode")? as usize;
            seconds += start.elapsed().as_secs_f64();
        }
        match found == events {
            true => Ok(seconds),
            false => Err(format!("the core module: expected {events} events, found {found}").into()),
        }
    }
}
