//! `component FILE`: writes the portable component, the form in which other hosts load the decoder.

use std::process::ExitCode;

static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.wasm"));

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("expected: component FILE");
        return ExitCode::from(2);
    };
    match std::fs::write(&file, PORTABLE) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}
