//! More builds of the component: the portable one, which must answer as the embedded one does, and two that misbehave
//! on request, to prove that it is contained, and carry the cipher's tests.

use std::path::Path;
use std::{env, fs};

#[path = "../host/build/image.rs"]
mod image;
#[path = "../host/src/engine/settings.rs"]
mod settings;

fn main() -> image::Result<()> {
    let out = env::var("OUT_DIR")?;
    let builds =
        [("portable", "portable", ""), ("faults", "embedded", "faults"), ("portable-faults", "portable", "faults")];
    for (name, flavour, features) in builds {
        let component = image::component(&image::module(flavour, features)?)?;
        let path = Path::new(&out).join(name);
        fs::write(path.with_extension("cwasm"), image::compile(settings::config(), &component)?)?;
        fs::write(path.with_extension("wasm"), component)?;
    }
    Ok(())
}
