//! From the data key to the key that encrypts the content (framework/transitive-requirements.md,
//! framework/algorithm-suites.md *Key Derivation*), with the check of the key commitment.

use std::sync::LazyLock;

use hkdf::{Hkdf, HkdfExtract};
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::error::Error;
use super::header::Header;
use super::keyring::DataKey;
use super::suite::Derivation;

/// The content cipher of the message with this header. With a committing suite, only if the data key is the one
/// that the header commits to; nothing is decrypted before that is known.
pub(crate) fn content_key(header: &Header<'_>, data_key: &DataKey) -> Result<Cipher, Error> {
    let suite = header.suite;
    let mut bytes = Zeroizing::new([0u8; 32]);
    let key = bytes.get_mut(..suite.key_bytes).ok_or(Error::WrongKeyLength(suite.key_bytes))?;
    let id = suite.id.to_be_bytes();
    let derived = match suite.derivation {
        Derivation::Identity => {
            key.copy_from_slice(data_key.as_bytes());
            Ok(())
        }
        // Format 1: empty salt, that is as many zeros as the hash has bytes; info is suite id and message id.
        Derivation::HkdfSha256 => {
            let mut extract = EMPTY_SALT.clone();
            extract.input_ikm(data_key.as_bytes());
            extract.finalize().1.expand_multi_info(&[&id, header.message_id], key)
        }
        Derivation::HkdfSha384 => {
            Hkdf::<Sha384>::new(None, data_key.as_bytes()).expand_multi_info(&[&id, header.message_id], key)
        }
        // Format 2: the salt is the message id; one extract step serves both keys.
        Derivation::HkdfSha512Commit => {
            let hkdf = Hkdf::<Sha512>::new(Some(header.message_id), data_key.as_bytes());
            check_commitment(&hkdf, header)?;
            hkdf.expand_multi_info(&[&id, b"DERIVEKEY"], key)
        }
    };
    match derived {
        Ok(()) => Cipher::new(key).ok_or(Error::WrongKeyLength(suite.key_bytes)),
        // HKDF refuses only outputs of more than 255 hashes.
        Err(_) => Err(Error::WrongKeyLength(suite.key_bytes)),
    }
}

/// The suite of DAS starts with the same step in every message: it is taken once.
static EMPTY_SALT: LazyLock<HkdfExtract<Sha256>> = LazyLock::new(|| HkdfExtract::new(None));

/// *Commit Key*: 32 bytes of info `COMMITKEY`, equal to the header's suite data, compared in constant time.
fn check_commitment(hkdf: &Hkdf<Sha512>, header: &Header<'_>) -> Result<(), Error> {
    let mut commit_key = Zeroizing::new([0u8; 32]);
    let derived = hkdf.expand(b"COMMITKEY", commit_key.as_mut_slice());
    match (derived, header.commitment) {
        (Ok(()), Some(commitment)) if bool::from(commit_key.ct_eq(commitment)) => Ok(()),
        _ => Err(Error::BadCommitment),
    }
}
