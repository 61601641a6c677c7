//! AES-GCM with detached tags: one trait, so that the cipher can be replaced and compared.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, KeyInit, Nonce, Tag};

use super::suite::{IV_BYTES, TAG_BYTES};

/// A tag did not match. Says nothing more on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

/// AES-GCM under one key of 16, 24 or 32 bytes. The key schedule is wiped on drop.
pub(crate) enum Cipher {
    Aes128(Box<AesGcm<Aes128, U12>>),
    Aes192(Box<AesGcm<Aes192, U12>>),
    Aes256(Box<AesGcm<Aes256, U12>>),
}

impl Cipher {
    /// None when AES has no keys of this length.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => AesGcm::new_from_slice(key).ok().map(|cipher| Cipher::Aes128(Box::new(cipher))),
            24 => AesGcm::new_from_slice(key).ok().map(|cipher| Cipher::Aes192(Box::new(cipher))),
            32 => AesGcm::new_from_slice(key).ok().map(|cipher| Cipher::Aes256(Box::new(cipher))),
            _ => None,
        }
    }

    /// Checks the tag in constant time, then decrypts `buffer` in place. On failure `buffer` is as it was.
    pub(crate) fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        let (iv, tag): (&Nonce<U12>, &Tag) = (iv.into(), tag.into());
        let buffer = buffer.into();
        match self {
            Cipher::Aes128(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
            Cipher::Aes192(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
            Cipher::Aes256(cipher) => cipher.decrypt_inout_detached(iv, associated, buffer, tag),
        }
        .map_err(|_| NotAuthentic)
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(..)")
    }
}
