//! Builds the guest, makes it a component, checks what it imports, and compiles it for the machines it will run on.

use std::path::Path;
use std::{env, fs};

mod image;
#[path = "../src/engine/settings.rs"]
mod settings;

fn main() -> image::Result<()> {
    let out = env::var("OUT_DIR")?;
    let component = image::component(&image::module("embedded", "")?)?;
    fs::write(Path::new(&out).join("dastap.wasm"), &component)?;
    fs::write(Path::new(&out).join("dastap.cwasm"), image::compile(settings::config(), &component)?)?;
    Ok(())
}
