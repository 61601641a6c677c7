//! Every setting of the WebAssembly engine, in one function. `build.rs` includes this file too: the image that it
//! compiles loads only into an engine with the same settings.

use wasmtime::{Config, InstanceAllocationStrategy};

/// Bytes of stack that the guest may use. It does not recurse.
const STACK_BYTES: usize = 512 * 1024;

/// The configuration of every engine: the one that compiles the image (which adds the machine to compile for) and the
/// ones that run it.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        // The deadline of a call, see `instance.rs`. Cheaper than fuel, and nothing here needs its determinism.
        .epoch_interruption(true)
        // No WASI 0.3 tasks inside the guest: two thirds of a microsecond per call saved. Always set: the default
        // depends on cargo features of other crates.
        .concurrency_support(false)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(STACK_BYTES * 2)
        // One instance per worker lives long; a pool would reserve address space for nothing.
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        // What the guest does not use stays off. Relaxed SIMD is used only where it agrees with the strict one.
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .wasm_bulk_memory(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        // A trap is told by its kind; names and lines of the guest would only make the image larger. Wasm core dumps,
        // which would hold guest memory and with it keys, are a cargo feature of wasmtime that is left out.
        .debug_info(false)
        .generate_address_map(false)
        // Guard pages and signals stay on: without them every load needs a check and a mitigation.
        .signals_based_traps(true)
        .memory_init_cow(true);
    config
}
