//! From the guest's sources to machine code: core module, component, image. The build scripts of the host and of the
//! tests include this file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use wasmtime::{Config, Engine, OptLevel};
use wit_component::{ComponentEncoder, DecodedWasm};

/// Errors of a build script: printed by cargo.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The only thing that the component may import.
const KEYS: &str = "dastap:decoder/keys@0.1.0";

/// The guest as a core module, built by `guest/build.sh` in a flavour and with cargo features. A path in
/// `DASTAP_GUEST_WASM` replaces the embedded one: a module that was built elsewhere.
pub(crate) fn module(flavour: &str, features: &str) -> Result<Vec<u8>> {
    println!("cargo::rerun-if-env-changed=DASTAP_GUEST_WASM");
    if let (Some(path), "embedded", "") = (env::var_os("DASTAP_GUEST_WASM"), flavour, features) {
        println!("cargo::rerun-if-changed={}", Path::new(&path).display());
        return Ok(fs::read(path)?);
    }
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let up =
        package.ancestors().position(|dir| dir.join("guest/build.sh").exists()).ok_or("expected guest/build.sh")?;
    for watched in ["guest/src", "guest/Cargo.toml", "guest/build.sh", "wit", "Cargo.lock"] {
        // Relative to the package, so that a checkout that moves with its target directory is watched where it is.
        println!("cargo::rerun-if-changed={}{watched}", "../".repeat(up));
    }
    let script = package.join("../".repeat(up)).join("guest/build.sh");
    let built = Command::new(&script)
        .args([target_dir()?.as_os_str(), flavour.as_ref(), features.as_ref()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("expected to run {}: {e}", script.display()))?;
    match built.status.success() {
        true => Ok(fs::read(String::from_utf8(built.stdout)?.trim())?),
        false => Err("the guest did not build; what it needs stands above".into()),
    }
}

/// The module as a component. The sandbox has no authority: one that asks for more than a key is refused.
pub(crate) fn component(module: &[u8]) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default().validate(true).module(module)?.encode()?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component)? else {
        return Err("expected a component".into());
    };
    let imports = &resolve.worlds[world].imports;
    let names: Vec<String> = imports.keys().map(|key| resolve.name_world_key(key)).collect();
    match names.as_slice() {
        [only] if only == KEYS => Ok(component),
        _ => Err(format!("expected the component to import {KEYS} and nothing else, found {names:?}").into()),
    }
}

/// The image that a program maps at start, so that it needs no compiler.
pub(crate) fn compile(config: Config, component: &[u8]) -> Result<Vec<u8>> {
    Ok(compiler(config)?.precompile_component(component)?)
}

/// The same of a core module, for the benchmark.
#[allow(dead_code, reason = "each build script uses what it needs")]
pub(crate) fn compile_module(config: Config, module: &[u8]) -> Result<Vec<u8>> {
    Ok(compiler(config)?.precompile_module(module)?)
}

fn compiler(mut config: Config) -> Result<Engine> {
    config.cranelift_opt_level(OptLevel::Speed);
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
    Ok(Engine::new(&config)?)
}

/// One directory for all profiles and features, `target/guest`: the output directory is
/// `target/<profile>/build/<package>/out`.
fn target_dir() -> Result<PathBuf> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let build = out.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "build"));
    let target = build.and_then(Path::parent).and_then(Path::parent);
    Ok(target.unwrap_or(&out).join("guest"))
}
