//! AES-GCM for WebAssembly: constant time, and four times as fast there as portable code.
//!
//! WebAssembly has no instructions for AES or for products without carry. But it has one that looks sixteen bytes up
//! in a table of sixteen entries, `i8x16.swizzle`: `pshufb` on x86-64, `tbl` on ARM. All that is not linear in AES
//! comes down to lookups of four bits (`field.rs` says how), and so does GHASH.
//!
//! | file | |
//! |---|---|
//! | `gcm.rs` | the mode: tag, then plaintext |
//! | `aes.rs` | the block cipher, up to eight blocks at a time, and its keys |
//! | `counter.rs` | the same sixteen blocks at a time, sliced by bytes, for long input |
//! | `ghash.rs` | the sum that the tag is made of |
//! | `field.rs` | the constants of AES, and where they come from |
//! | `vector/` | sixteen bytes and what can be done to them; the only unsafe code |
//!
//! Nearly everything is inlined: vectors that go to a function and back go through memory in WebAssembly. The few
//! functions that are not, on purpose, say why.
//!
//! # Constant time
//!
//! Keys, all that follows from them, and plaintext decide neither what is executed nor where memory is read or
//! written:
//!
//! * A secret is an index only in a swizzle, and there its table is a vector register. One instruction looks up all
//!   sixteen bytes, in a time that does not depend on them. (A host that turns it into something else, on a processor
//!   without such an instruction, loses this: ours refuses those processors.)
//! * Every index is below 16 or at least 128, where the strict and the relaxed instruction agree: there is one
//!   result, on every machine. The native tests check each index.
//! * The tables of GHASH depend on the key but are read from end to end, whatever the data.
//! * Branches are on lengths, on the size of the key, on counters, and at the end on whether the tag matched, which is
//!   compared by one instruction. All of these are public.

mod aes;
mod counter;
mod field;
mod gcm;
mod ghash;
mod vector;

pub(super) use gcm::Gcm;

#[cfg(any(test, all(feature = "faults", target_family = "wasm")))]
pub(super) use aes::Aes;
