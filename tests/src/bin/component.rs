//! `component [--faults] FILE`: writes the portable component, the form in which other hosts load the decoder; with
//! `--faults` the one that misbehaves on request, for the tests of those hosts.

use std::process::ExitCode;

static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.wasm"));
static FAULTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable-faults.wasm"));

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (component, file) = match arguments.as_slice() {
        [file] => (PORTABLE, file),
        [flag, file] if flag == "--faults" => (FAULTS, file),
        _ => {
            eprintln!("expected: component [--faults] FILE");
            return ExitCode::from(2);
        }
    };
    match std::fs::write(file, component) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}
