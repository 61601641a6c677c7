//! What lies beside the checkout: the corpus of 250 records and their faults, made with AWS's own Encryption SDK, and
//! the published OCSF schemas.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use serde_json::Value;

/// The corpus' folder; none, said aloud, where this checkout stands alone.
pub fn folder() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    beside("corpus", &SAID)
}

/// The folder of the OCSF schemas; none, said aloud, where this checkout stands alone.
pub fn schemas() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    beside("ocsf", &SAID)
}

fn beside(name: &str, said: &Once) -> Option<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    // Not by a print macro: the test runner would keep it to itself.
    said.call_once(|| {
        writeln!(std::io::stderr(), "{name} absent: {} does not exist", folder.display()).expect("stderr")
    });
    None
}

/// The lines of one of its files, each of them JSON.
pub fn lines(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(file)).expect("a file of the corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
