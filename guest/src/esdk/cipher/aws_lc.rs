//! AES-GCM of aws-lc: the native side of `make bench`, which has to be as fast as can be. It does not keep one promise
//! of [`Aead`]: after a failure the buffer is empty of anything useful.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::super::suite::{IV_BYTES, TAG_BYTES};
use super::{Aead, NotAuthentic};

pub(super) struct AwsLc(LessSafeKey);

impl Aead for AwsLc {
    fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new).map(AwsLc)
    }

    fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        let iv = Nonce::assume_unique_for_key(*iv);
        let opened = self.0.open_in_place_separate_tag(iv, Aad::from(associated), tag, buffer);
        opened.map(drop).map_err(|_| NotAuthentic)
    }
}
