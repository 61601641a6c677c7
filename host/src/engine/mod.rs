//! The sandbox: wasmtime, the compiled component, and warm instances of it.
//!
//! Nothing is linked but `keys.decrypt`. `settings.rs` has every setting of the engine, `image.rs` the compiled
//! component, `limits.rs` what a call may cost, `keys_import.rs` the one import, `instance.rs` one store with its
//! transform, `answers.rs` and `text.rs` what comes out of it, `instances.rs` the warm ones, `portions.rs` batches that
//! are too large for one call.

mod answers;
mod bindings;
mod image;
mod instance;
mod instances;
mod keys_import;
mod limits;
mod portions;
mod settings;
mod text;
mod ticker;

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

pub use bindings::exports::dastap::decoder::decoder::{Count, Decoded, Failure, Merged, Output, Stage, Verdict};
pub(crate) use image::COMPONENT;
pub(crate) use instance::{Fault, FaultKind};
pub(crate) use instances::Instances;
pub(crate) use limits::CallLimits;
pub(crate) use portions::Portions;

use bindings::DastapIndices;
use instance::State;
use ticker::Ticker;

/// The component with its import linked, ready to be instantiated. Clones share it.
#[derive(Clone)]
pub(crate) struct Sandbox {
    engine: Engine,
    component: InstancePre<State>,
    exports: Arc<DastapIndices>,
    answers: answers::Places,
    ticker: Arc<Ticker>,
}

impl Sandbox {
    /// The sandbox of this program's own component.
    pub(crate) fn embedded() -> wasmtime::Result<Self> {
        image::embedded()
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
        Sandbox::new(engine, &component)
    }

    fn new(engine: Engine, component: &Component) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&engine);
        keys_import::link(&mut linker)?;
        let answers = answers::Places::of(component)?;
        let component = linker.instantiate_pre(component)?;
        let exports = Arc::new(DastapIndices::new(&component)?);
        let ticker = Arc::new(Ticker::start(&engine)?);
        Ok(Sandbox { engine, component, exports, answers, ticker })
    }
}
