//! The eleven algorithm suites (framework/algorithm-suites.md), as a table.
//!
//! All of them encrypt with AES-GCM, a 12-byte IV and a 16-byte tag.

use super::Error;

/// Bytes of an initialisation vector, in every suite.
pub(crate) const IV_BYTES: usize = 12;
/// Bytes of an authentication tag, in every suite.
pub(crate) const TAG_BYTES: usize = 16;

/// One algorithm suite.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    /// The id in the header.
    pub id: u16,
    /// The message format that may carry it: 1 or 2.
    pub format: u8,
    /// Bytes of the data key, and of the key that encrypts the content.
    pub key_bytes: usize,
    /// How the content key follows from the data key.
    pub derivation: Derivation,
    /// How the whole message is signed.
    pub signature: Option<Curve>,
}

/// How the content key follows from the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// They are the same.
    Identity,
    /// HKDF with SHA-256, no commitment.
    HkdfSha256,
    /// HKDF with SHA-384, no commitment.
    HkdfSha384,
    /// HKDF with SHA-512 and a key commitment.
    HkdfSha512Commit,
}

/// The curve of an ECDSA signature, with the hash of the same strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// P-256 with SHA-256.
    P256,
    /// P-384 with SHA-384.
    P384,
}

impl Suite {
    /// The header carries a commitment to the data key.
    pub fn commits(&self) -> bool {
        self.derivation == Derivation::HkdfSha512Commit
    }

    /// The suite with this id. Ids 0x0070 to 0x0074 and 0x67xx belong to other formats; 0x0000 is reserved.
    pub fn find(id: u16) -> Result<&'static Suite, Error> {
        SUITES.iter().find(|suite| suite.id == id).ok_or(Error::UnsupportedSuite { id, why: "does not exist" })
    }
}

const fn suite(id: u16, format: u8, key_bits: usize, derivation: Derivation, signature: Option<Curve>) -> Suite {
    Suite { id, format, key_bytes: key_bits.div_ceil(8), derivation, signature }
}

/// Every suite that exists. DAS uses 0x0178.
pub static SUITES: [Suite; 11] = {
    use Curve::{P256, P384};
    use Derivation::{HkdfSha256, HkdfSha384, HkdfSha512Commit, Identity};
    [
        suite(0x0178, 1, 256, HkdfSha256, None),
        suite(0x0014, 1, 128, Identity, None),
        suite(0x0046, 1, 192, Identity, None),
        suite(0x0078, 1, 256, Identity, None),
        suite(0x0114, 1, 128, HkdfSha256, None),
        suite(0x0146, 1, 192, HkdfSha256, None),
        suite(0x0214, 1, 128, HkdfSha256, Some(P256)),
        suite(0x0346, 1, 192, HkdfSha384, Some(P384)),
        suite(0x0378, 1, 256, HkdfSha384, Some(P384)),
        suite(0x0478, 2, 256, HkdfSha512Commit, None),
        suite(0x0578, 2, 256, HkdfSha512Commit, Some(P384)),
    ]
};
