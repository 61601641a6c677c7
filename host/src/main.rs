//! The `dastap` program: everything is in the library's `cli`.

use std::process::ExitCode;

/// Keeps freed megabytes for the next batch: with glibc's allocator, large outputs cost ten times as much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dastap::cli::main()
}
