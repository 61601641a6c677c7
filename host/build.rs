//! Builds the guest, makes it a component, checks what it imports, and compiles it for the machines it will run on.
//!
//! `DASTAP_GUEST_WASM`, a path, replaces the build of the guest: a core module made by `guest/build.sh` elsewhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use wasmtime::Engine;
use wit_component::{ComponentEncoder, DecodedWasm};

#[path = "src/engine/settings.rs"]
mod settings;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The only thing that the component may import.
const KEYS: &str = "dastap:decoder/keys@0.1.0";

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let module = fs::read(guest_module(&out)?)?;
    let component = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    check_imports(&component)?;
    fs::write(out.join("dastap.wasm"), &component)?;
    fs::write(out.join("dastap.cwasm"), compile(&component)?)?;
    Ok(())
}

/// The guest as a core module.
fn guest_module(out: &Path) -> Result<PathBuf> {
    println!("cargo::rerun-if-env-changed=DASTAP_GUEST_WASM");
    if let Some(path) = env::var_os("DASTAP_GUEST_WASM") {
        println!("cargo::rerun-if-changed={}", Path::new(&path).display());
        return Ok(path.into());
    }
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    for watched in ["guest/src", "guest/Cargo.toml", "guest/build.sh", "wit", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    let script = root.join("guest/build.sh");
    let built = Command::new(&script)
        .arg(guest_target_dir(out))
        .arg("embedded")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("expected to run {}: {e}", script.display()))?;
    match built.status.success() {
        true => Ok(PathBuf::from(String::from_utf8(built.stdout)?.trim())),
        false => Err("the guest did not build; what it needs stands above".into()),
    }
}

/// One directory for all profiles and features of the host: `target/guest`, beside `target/debug`.
fn guest_target_dir(out: &Path) -> PathBuf {
    let target = out.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    target.unwrap_or(out).join("guest")
}

/// The sandbox has no authority: a component that asks for more than a key is not built.
fn check_imports(component: &[u8]) -> Result<()> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        return Err("expected a component".into());
    };
    let imports = &resolve.worlds[world].imports;
    let names: Vec<String> = imports.keys().map(|key| resolve.name_world_key(key)).collect();
    match names.as_slice() {
        [only] if only == KEYS => Ok(()),
        _ => Err(format!("expected the component to import {KEYS} and nothing else, found {names:?}").into()),
    }
}

/// The image that the program maps at start, so that it needs no compiler.
fn compile(component: &[u8]) -> Result<Vec<u8>> {
    let mut config = settings::config();
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    if env::var("CARGO_CFG_TARGET_ARCH")? == "x86_64" {
        // x86-64-v3 instead of the features of whatever machine builds: the image runs on every machine since 2013
        // that has AVX2, and is refused with a clear message elsewhere. Cranelift's preset of that very name leaves
        // AVX out, so `haswell` it is. Bare x86-64 would turn each swizzle, of which a cipher is made, into a call.
        config.target("x86_64-unknown-linux-gnu")?;
        // SAFETY: the flag only names instruction sets; the loader compares each with the machine's.
        #[allow(unsafe_code, reason = "naming a preset of instruction sets is unsafe in wasmtime")]
        unsafe {
            config.cranelift_flag_enable("haswell");
        }
    }
    Ok(Engine::new(&config)?.precompile_component(component)?)
}
