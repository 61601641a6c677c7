//! Wrapping keys, the KMS answers of a synthetic stream: the blob that stands in the records' `key`, its encryption
//! context, and the key that KMS would give for it.

use super::dice::{Dice, Purpose};
use super::instance::Server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// A wrapping key and the blob it stands in. `Debug` would print a key, so there is none.
pub(super) struct WrappingKey {
    pub(super) plaintext: [u8; 32],
    pub(super) blob: Vec<u8>,
}

impl WrappingKey {
    /// The key of an instance in a period between two rotations.
    pub(super) fn new(seed: u64, instance: u32, period: u32) -> Self {
        let kms_key = Dice::new(seed, Purpose::KmsKey).bytes();
        let mut dice = Dice::new(seed, Purpose::WrappingKey { instance, period });
        Self { plaintext: dice.bytes(), blob: blob(&kms_key, &mut dice) }
    }

    /// A key that no keyring has: that of a period which never comes.
    pub(super) fn unknown(seed: u64, instance: u32, index: u64) -> Self {
        Self::new(seed, instance, u32::MAX - (index % 1_000_000) as u32)
    }

    /// Its line in a keyring file.
    pub(super) fn entry<'a>(&'a self, server: &'a Server) -> Entry<'a> {
        let name = if server.engine.is_aurora() { "aws:rds:dbc-id" } else { "aws:rds:db-id" };
        Entry {
            ciphertext: STANDARD.encode(&self.blob),
            context: Context(name, &server.resource),
            plaintext: STANDARD.encode(self.plaintext),
        }
    }
}

/// One entry of a keyring file.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    ciphertext: String,
    context: Context<'a>,
    plaintext: String,
}

/// The encryption context: one pair.
struct Context<'a>(&'static str, &'a str);

impl Serialize for Context<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}

/// 184 bytes with the outward form of a KMS ciphertext blob: the key's fingerprint, then PKCS #7 encrypted data.
fn blob(kms_key: &[u8; 32], dice: &mut Dice) -> Vec<u8> {
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    const ENCRYPTED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
    const AES_256_GCM: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2e";
    [
        b"\x01\x02\x02\x00\x78",
        &kms_key[..],
        b"\x01",
        &dice.bytes::<16>(),
        b"\x00\x00\x00\x7e\x30\x7c",
        ENCRYPTED_DATA,
        b"\xa0\x6f\x30\x6d\x02\x01\x00\x30\x68",
        DATA,
        b"\x30\x1e",
        AES_256_GCM,
        b"\x30\x11\x04\x0c",
        &dice.bytes::<12>(),
        b"\x02\x01\x10\x80\x3b",
        &dice.bytes::<59>(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_look_like_those_of_kms() {
        let (one, two) = (WrappingKey::new(1, 0, 0), WrappingKey::new(1, 0, 1));
        assert_eq!(one.blob.len(), 184);
        assert!(STANDARD.encode(&one.blob).starts_with("AQICAH"));
        assert_eq!(one.blob[..38], two.blob[..38], "the same KMS key");
        assert_ne!(one.blob[38..], two.blob[38..]);
        assert_ne!(one.plaintext, two.plaintext);
    }
}
