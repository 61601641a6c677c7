//! The compiled component, run where it lies in the program file: the system maps that file at start, and nothing of
//! the image is copied or even read before it is needed.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use std::{ptr::NonNull, sync::Arc};

use std::sync::{Mutex, PoisonError};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::{Sandbox, settings};

/// Machine code can be made executable by whole pages only.
#[repr(C, align(4096))]
struct Pages<T: ?Sized>(T);

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const PAGE: usize = align_of::<Pages<()>>();

/// The component, compiled at build time by `build.rs`.
static IMAGE: &Pages<[u8]> = &Pages(*include_bytes!(concat!(env!("OUT_DIR"), "/dastap.cwasm")));

/// The published form of the same component, as other hosts load it.
pub(crate) static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/dastap.wasm"));

/// The sandbox of this program's own component. There is one, because there is one image; it is never unloaded. It is
/// made under a lock: wasmtime panics where the same machine code is registered a second time.
pub(super) fn embedded() -> wasmtime::Result<Sandbox> {
    static SANDBOX: Mutex<Option<Sandbox>> = Mutex::new(None);
    let mut made = SANDBOX.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sandbox) = &*made {
        return Ok(sandbox.clone());
    }
    check_processor()?;
    let (engine, component) = load()?;
    Ok(made.insert(Sandbox::new(engine, &component)?).clone())
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[allow(unsafe_code, reason = "an image is machine code; this one is our own")]
fn load() -> wasmtime::Result<(Engine, Component)> {
    let mut config = settings::config();
    config.with_custom_code_memory(Some(Arc::new(in_place::ProgramFile)));
    let engine = Engine::new(&config)?;
    // SAFETY: the image was made by this build, by the same version of wasmtime, and nothing writes to a static.
    let component = unsafe { Component::deserialize_raw(&engine, NonNull::from(&IMAGE.0))? };
    Ok((engine, component))
}

/// Systems with larger pages, or with rules for what may become executable, get a copy.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[allow(unsafe_code, reason = "an image is machine code; this one is our own")]
fn load() -> wasmtime::Result<(Engine, Component)> {
    let engine = Engine::new(&settings::config())?;
    // SAFETY: the image was made by this build, by the same version of wasmtime.
    let component = unsafe { Component::deserialize(&engine, &IMAGE.0)? };
    Ok((engine, component))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod in_place {
    use rustix::mm::{MprotectFlags, mprotect};
    use wasmtime::CustomCodeMemory;

    /// Makes pages of the program file executable, which they stay.
    pub(super) struct ProgramFile;

    impl CustomCodeMemory for ProgramFile {
        fn required_alignment(&self) -> usize {
            super::PAGE
        }

        #[allow(unsafe_code, reason = "changes what may be done with pages of the image")]
        fn publish_executable(&self, start: *const u8, length: usize) -> wasmtime::Result<()> {
            let flags = MprotectFlags::READ | MprotectFlags::EXEC;
            // SAFETY: these are pages of `IMAGE`, which were readable and stay so.
            unsafe { mprotect(start.cast_mut().cast(), length, flags)? };
            Ok(())
        }

        /// The same pages may run elsewhere in this process.
        fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
            Ok(())
        }
    }
}

/// The image is compiled for x86-64-v3: on less, each byte of the cipher would be a call instead of an instruction.
fn check_processor() -> wasmtime::Result<()> {
    #[cfg(target_arch = "x86_64")]
    for (name, is_there) in [
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("LZCNT", is_x86_feature_detected!("lzcnt")),
    ] {
        if !is_there {
            return Err(wasmtime::Error::msg(format!(
                "expected a processor of the level x86-64-v3 (Intel since 2013, AMD since 2015), found one without {name}; \
                 in a virtual machine, let it see the host's processor"
            )));
        }
    }
    Ok(())
}
