//! `component FILE [faults]`: writes the portable component, the form in which other hosts load the decoder; with
//! `faults` the one that misbehaves on request, for their tests.

use std::process::ExitCode;

static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.wasm"));
static FAULTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable-faults.wasm"));

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, component) = match arguments.as_slice() {
        [file] => (file, PORTABLE),
        [file, faults] if faults == "faults" => (file, FAULTS),
        _ => {
            eprintln!("expected: component FILE [faults]");
            return ExitCode::from(2);
        }
    };
    match std::fs::write(file, component) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {file}: {error}");
            ExitCode::FAILURE
        }
    }
}
