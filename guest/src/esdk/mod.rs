//! AWS Encryption SDK messages: decryption, formats 1 and 2, all eleven suites.
//!
//! Rules and their names follow the AWS Encryption SDK specification (awslabs/aws-encryption-sdk-specification);
//! each check names its section. The order of the steps is the specification's (client-apis/decrypt.md): parse the
//! header, get the data key, verify the header, decrypt the body, verify the signature. No byte of plaintext is
//! released before all of them succeeded.
//!
//! ```
//! use dastap_guest::esdk::{Keyring, Limits, decrypt};
//!
//! let keyring = Keyring::from_wrapping_key(&[7; 32])?.named("BC", "DataKey");
//! let refused = decrypt(b"no message", &keyring, &Limits::default());
//! assert!(refused.is_err());
//! # Ok::<(), dastap_guest::esdk::Error>(())
//! ```

mod body;
mod cipher;
mod context;
mod derive;
mod error;
mod footer;
mod header;
mod keyring;
mod reader;
#[cfg(test)]
pub(crate) mod sample;
mod suite;
#[cfg(test)]
mod tests;

pub use error::{Error, Place};
pub use keyring::Keyring;
pub use suite::{Curve, Derivation, SUITES, Suite};

pub(crate) use body::{Frames, Kind};
#[cfg(feature = "bench")]
pub(crate) use cipher::Cipher;
#[cfg(all(feature = "faults", target_family = "wasm"))]
pub(crate) use cipher::proof;
pub(crate) use header::{Content, Header};
pub(crate) use keyring::{EncryptedDataKey, RawAesInfo};

/// What a message may claim before it is refused unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a frame, at most. The specification allows 2^32 - 1; DAS uses 4096.
    pub frame_length: u32,
    /// Encrypted data keys, at most. DAS has 1.
    pub encrypted_data_keys: u16,
    /// Ids of the suites that are accepted; none: all of them.
    pub suites: Option<Vec<u16>>,
}

impl Default for Limits {
    /// Frames of 1 MiB, 8 encrypted data keys, all suites.
    fn default() -> Self {
        Limits { frame_length: 1 << 20, encrypted_data_keys: 8, suites: None }
    }
}

impl Limits {
    pub(crate) fn allows(&self, suite: u16) -> bool {
        self.suites.as_ref().is_none_or(|allowed| allowed.contains(&suite))
    }
}

/// Decrypts one whole message.
///
/// # Errors
/// Whatever is wrong with the message, the keyring's key, or the two together; then nothing of the plaintext is
/// given out.
pub fn decrypt(message: &[u8], keyring: &Keyring, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut plaintext = Vec::new();
    decrypt_into(message, keyring, limits, &mut plaintext)?;
    Ok(plaintext)
}

/// [`decrypt`] into a buffer that is used again; empty after a failure. Returns the header.
pub(crate) fn decrypt_into<'a>(
    message: &'a [u8],
    keyring: &Keyring,
    limits: &Limits,
    plaintext: &mut Vec<u8>,
) -> Result<Header<'a>, Error> {
    plaintext.clear();
    // *Parse the header*
    let header = Header::read(message, limits)?;
    // *Get the decryption materials*
    let public_key = header.public_key()?;
    let authenticate_only = keyring.authenticate_only(&header)?;
    let data_key = keyring.data_key(&header, &authenticate_only)?;
    let content_key = derive::content_key(&header, &data_key)?;
    // *Verify the header*
    header.verify(&content_key, &authenticate_only)?;
    // *Decrypt the message body*
    let (_, body) = message.split_at_checked(header.bytes).unwrap_or_default();
    let rest = body::decrypt(&header, body, &content_key, plaintext)?;
    // *Verify the signature*
    let (signed, _) = message.split_at_checked(message.len().saturating_sub(rest.left())).unwrap_or_default();
    if let Err(error) = footer::verify(rest, header.suite.signature, public_key, signed) {
        plaintext.clear();
        return Err(error);
    }
    Ok(header)
}
