//! AES-GCM with detached tags (NIST SP 800-38D), for opening only.
//!
//! Two implementations of one trait. Inside the sandbox the processor's AES instructions are out of reach, and the
//! portable forms of other libraries are slow there: `swizzle` is made of the one WebAssembly instruction that
//! helps. Everywhere else it is `rustcrypto`, which uses the processor's instructions where there are any; `proof.rs`
//! holds the two against each other, natively and inside the sandbox.

#[cfg(all(feature = "native", not(target_family = "wasm")))]
mod aws_lc;
#[cfg(any(test, all(feature = "faults", target_family = "wasm")))]
pub(crate) mod proof;
#[cfg(any(test, feature = "faults", not(all(target_family = "wasm", target_feature = "simd128"))))]
mod rustcrypto;
#[cfg(any(test, all(target_family = "wasm", any(feature = "faults", target_feature = "simd128"))))]
mod swizzle;

use super::suite::{IV_BYTES, TAG_BYTES};

#[cfg(all(feature = "native", not(target_family = "wasm")))]
use aws_lc::AwsLc as Fastest;
#[cfg(not(any(feature = "native", all(target_family = "wasm", target_feature = "simd128"))))]
use rustcrypto::RustCrypto as Fastest;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
use swizzle::Gcm as Fastest;

/// A tag did not match. Says nothing more on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

/// AES-GCM under one key of 16, 24 or 32 bytes. What was made from the key is wiped on drop.
pub(crate) struct Cipher(Fastest);

impl Cipher {
    /// None when AES has no keys of this length.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        Aead::new(key).map(Cipher)
    }

    /// Checks the tag in constant time, then decrypts `buffer` in place. On failure `buffer` is as it was.
    pub(crate) fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        self.0.open(iv, associated, buffer, tag)
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(..)")
    }
}

/// What an implementation of AES-GCM does.
trait Aead: Sized {
    /// None when AES has no keys of this length.
    fn new(key: &[u8]) -> Option<Self>;

    /// Checks the tag in constant time, then decrypts `buffer` in place. On failure `buffer` is as it was.
    fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic>;
}
