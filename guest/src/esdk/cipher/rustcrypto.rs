//! AES-GCM of the RustCrypto project: the cipher outside WebAssembly, where it uses the processor's AES instructions,
//! and everywhere the reference that our own one is compared with.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, KeyInit, Nonce, Tag};

use super::super::suite::{IV_BYTES, TAG_BYTES};
use super::{Aead, NotAuthentic};

/// Boxed, because the key schedules differ much in size.
pub(super) enum RustCrypto {
    Aes128(Box<AesGcm<Aes128, U12>>),
    Aes192(Box<AesGcm<Aes192, U12>>),
    Aes256(Box<AesGcm<Aes256, U12>>),
}

impl Aead for RustCrypto {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => AesGcm::new_from_slice(key).ok().map(|cipher| RustCrypto::Aes128(Box::new(cipher))),
            24 => AesGcm::new_from_slice(key).ok().map(|cipher| RustCrypto::Aes192(Box::new(cipher))),
            32 => AesGcm::new_from_slice(key).ok().map(|cipher| RustCrypto::Aes256(Box::new(cipher))),
            _ => None,
        }
    }

    fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        let (iv, tag): (&Nonce<U12>, &Tag) = (iv.into(), tag.into());
        let buffer = buffer.into();
        match self {
            RustCrypto::Aes128(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
            RustCrypto::Aes192(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
            RustCrypto::Aes256(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
        }
        .map_err(|_| NotAuthentic)
    }
}
