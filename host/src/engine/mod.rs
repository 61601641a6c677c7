//! The sandbox: wasmtime, the compiled component, and warm instances of it.
//!
//! Nothing is linked but `keys.decrypt`. `settings.rs` has every setting of the engine, `limits.rs` what a call may
//! cost, `keys_import.rs` the one import, `instance.rs` one store with its transform, `instances.rs` the warm ones,
//! `portions.rs` batches that are too large for one call.

mod bindings;
mod instance;
mod instances;
mod keys_import;
mod limits;
mod portions;
mod settings;
mod ticker;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

pub use bindings::exports::dastap::decoder::decoder::{Count, Decoded, Failure, Merged, Output, Stage, Verdict};
pub(crate) use instance::{Fault, FaultKind};
pub(crate) use instances::Instances;
pub(crate) use limits::CallLimits;
pub(crate) use portions::Portions;

use bindings::DastapPre;
use instance::State;
use ticker::Ticker;

/// The component with its import linked, ready to be instantiated.
pub(crate) struct Sandbox {
    engine: Engine,
    component: DastapPre<State>,
    ticker: Ticker,
}

/// The component, compiled at build time by `build.rs`.
static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/dastap.cwasm"));

/// The published form of the same component, as other hosts load it.
pub(crate) static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/dastap.wasm"));

impl Sandbox {
    /// The sandbox of this program's own component.
    pub(crate) fn embedded() -> wasmtime::Result<Self> {
        // SAFETY: `IMAGE` was made by this build, by the same version of wasmtime.
        #[allow(unsafe_code, reason = "an image is machine code; this one is our own")]
        unsafe {
            Sandbox::from_image(IMAGE)
        }
    }

    /// The sandbox of another image.
    ///
    /// # Safety
    /// `image` must be the output of wasmtime's compiler and nothing else: it is machine code.
    #[allow(unsafe_code, reason = "an image is machine code; the caller vouches for it")]
    pub(crate) unsafe fn from_image(image: &[u8]) -> wasmtime::Result<Self> {
        let engine = Engine::new(&settings::config())?;
        // SAFETY: as the caller promises.
        let component = unsafe { Component::deserialize(&engine, image)? };
        let mut linker = Linker::new(&engine);
        keys_import::link(&mut linker)?;
        let component = DastapPre::new(linker.instantiate_pre(&component)?)?;
        let ticker = Ticker::start(&engine)?;
        Ok(Sandbox { engine, component, ticker })
    }
}
