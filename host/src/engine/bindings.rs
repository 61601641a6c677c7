//! Generated from `wit/`, nothing else.

#![allow(missing_docs, unreachable_pub, reason = "generated; `wit/` has the documentation")]
#![allow(clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "dastap",
    exports: { default: async },
    imports: { default: async },
});
