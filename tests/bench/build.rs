//! The guest as a core module with its parts exported (`guest/src/bench.rs`), in both flavours.

use std::path::Path;
use std::{env, fs};

#[path = "../../host/build/image.rs"]
#[allow(dead_code, reason = "components are made by the other build scripts")]
mod image;
#[path = "../../host/src/engine/settings.rs"]
mod settings;

fn main() -> image::Result<()> {
    let out = env::var("OUT_DIR")?;
    for flavour in ["embedded", "portable"] {
        let module = image::module(flavour, "bench")?;
        let image = image::compile_module(settings::config(), &module)?;
        fs::write(Path::new(&out).join(flavour).with_extension("cwasm"), image)?;
    }
    Ok(())
}
