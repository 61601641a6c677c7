//! The corpus beside the checkout: 250 records and their faults, made with AWS's own Encryption SDK.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use serde_json::Value;

/// Its folder; none, said aloud, where this checkout stands alone.
pub fn folder() -> Option<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    static SAID: Once = Once::new();
    // Not by a print macro: the test runner would keep it to itself.
    SAID.call_once(|| {
        writeln!(std::io::stderr(), "corpus absent: {} does not exist", folder.display()).expect("stderr")
    });
    None
}

/// The lines of one of its files, each of them JSON.
pub fn lines(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(file)).expect("a file of the corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
