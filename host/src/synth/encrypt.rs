//! Makes the message that a database sends (das-format, section 3): gzip, then one AWS Encryption SDK message in format 1 with
//! algorithm suite 0x0178 (AES-256-GCM, HKDF-SHA256, not signed, not committing), one encrypted data key
//! `BC`/`DataKey`, an empty encryption context and frames.

use super::dice::Dice;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use flate2::{Compression, write::GzEncoder};
use hkdf::Hkdf;
use sha2::Sha256;
use std::io::Write;
use std::ops::Range;

const SUITE: [u8; 2] = [0x01, 0x78];
const PROVIDER: &[u8] = b"BC";
const KEY_NAME: &[u8] = b"DataKey";
const TAG_BYTES: usize = 16;
const IV_BYTES: usize = 12;

/// The secrets and the random parts of one message.
pub(super) struct Material {
    pub(super) wrapping_key: [u8; 32],
    data_key: [u8; 32],
    message_id: [u8; 16],
    wrapping_iv: [u8; IV_BYTES],
}

impl Material {
    pub(super) fn new(wrapping_key: [u8; 32], dice: &mut Dice) -> Self {
        Self { wrapping_key, data_key: dice.bytes(), message_id: dice.bytes(), wrapping_iv: dice.bytes() }
    }
}

/// An encrypted message, and where its parts are.
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    /// The header, its tag included.
    pub(super) header: Range<usize>,
    /// The regular frames and, last, the final frame.
    pub(super) frames: Vec<Range<usize>>,
}

/// Compresses as the databases do. The bytes depend on nothing but `plain`.
pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(6));
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.unwrap_or_else(|_| unreachable!("writing to memory cannot fail"))
}

/// Encrypts `plain` in frames of `frame_length` bytes, at least 1.
pub(super) fn encrypt(plain: &[u8], material: &Material, frame_length: u32) -> Message {
    let mut content_key = [0; 32];
    let info = [&SUITE[..], &material.message_id].concat();
    let derived = Hkdf::<Sha256>::new(None, &material.data_key).expand(&info, &mut content_key);
    derived.unwrap_or_else(|_| unreachable!("HKDF gives up to 8160 bytes"));
    let cipher = Aes256Gcm::new(&content_key.into());

    let mut bytes = header_body(material, frame_length);
    let tag = seal(&cipher, [0; IV_BYTES], &bytes, b"");
    bytes.extend([0; IV_BYTES]);
    bytes.extend(tag);
    let header = 0..bytes.len();

    // The final frame holds what is left, which may be a whole frame or nothing at all.
    let mut chunks: Vec<&[u8]> = plain.chunks(frame_length as usize).collect();
    let last = chunks.pop().unwrap_or_default();
    let mut frames = Vec::with_capacity(chunks.len() + 1);
    for (chunk, number) in chunks.into_iter().zip(1..) {
        let start = bytes.len();
        bytes.extend(u32::to_be_bytes(number));
        bytes.extend(frame_iv(number));
        bytes.extend(seal_frame(&cipher, material, b"AWSKMSEncryptionClient Frame", number, chunk));
        frames.push(start..bytes.len());
    }
    let (start, number) = (bytes.len(), frames.len() as u32 + 1);
    bytes.extend([0xff; 4]);
    bytes.extend(u32::to_be_bytes(number));
    bytes.extend(frame_iv(number));
    bytes.extend(u32::to_be_bytes(last.len() as u32));
    bytes.extend(seal_frame(&cipher, material, b"AWSKMSEncryptionClient Final Frame", number, last));
    frames.push(start..bytes.len());
    Message { bytes, header, frames }
}

/// Everything that the header's tag authenticates.
fn header_body(material: &Material, frame_length: u32) -> Vec<u8> {
    let cipher = Aes256Gcm::new(&material.wrapping_key.into());
    let wrapped = seal(&cipher, material.wrapping_iv, b"", &material.data_key);
    let provider_info =
        [KEY_NAME, &u32::to_be_bytes(TAG_BYTES as u32 * 8), &u32::to_be_bytes(IV_BYTES as u32), &material.wrapping_iv];

    let mut bytes = vec![0x01, 0x80];
    bytes.extend(SUITE);
    bytes.extend(material.message_id);
    bytes.extend([0, 0]); // the encryption context: empty
    bytes.extend([0, 1]); // encrypted data keys
    for part in [PROVIDER, &provider_info.concat(), &wrapped] {
        bytes.extend(u16::to_be_bytes(part.len() as u16));
        bytes.extend(part);
    }
    bytes.push(0x02); // framed
    bytes.extend([0; 4]);
    bytes.push(IV_BYTES as u8);
    bytes.extend(u32::to_be_bytes(frame_length));
    bytes
}

fn frame_iv(number: u32) -> [u8; IV_BYTES] {
    let mut iv = [0; IV_BYTES];
    iv[IV_BYTES - 4..].copy_from_slice(&number.to_be_bytes());
    iv
}

fn seal_frame(cipher: &Aes256Gcm, material: &Material, kind: &[u8], number: u32, plain: &[u8]) -> Vec<u8> {
    let length = plain.len() as u64;
    let data = [&material.message_id, kind, &number.to_be_bytes(), &length.to_be_bytes()].concat();
    seal(cipher, frame_iv(number), &data, plain)
}

/// The ciphertext and behind it the tag.
fn seal(cipher: &Aes256Gcm, iv: [u8; IV_BYTES], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let sealed = cipher.encrypt(&Nonce::from(iv), Payload { msg, aad });
    sealed.unwrap_or_else(|_| unreachable!("AES-GCM takes up to 64 GiB"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::Purpose;

    /// Decrypts by the letter of the format: every field is read and checked where the specification puts it.
    fn decrypt(message: &[u8], wrapping_key: [u8; 32]) -> Vec<u8> {
        fn open(key: [u8; 32], iv: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
            let nonce = Nonce::try_from(iv).expect("12 bytes");
            Aes256Gcm::new(&key.into()).decrypt(&nonce, Payload { msg: sealed, aad }).expect("it is authentic")
        }
        let number = |range: Range<usize>| u32::from_be_bytes(message[range].try_into().expect("four bytes"));
        assert_eq!(message[..4], [0x01, 0x80, 0x01, 0x78]);
        let id = &message[4..20];
        assert_eq!(message[20..24], [0, 0, 0, 1], "empty context, one encrypted data key");
        assert_eq!(message[24..37], *b"\x00\x02BC\x00\x1bDataKey");
        assert_eq!(message[37..45], [0, 0, 0, 128, 0, 0, 0, 12]);
        assert_eq!(message[57..59], [0, 48]);
        let data_key = open(wrapping_key, &message[45..57], b"", &message[59..107]);
        assert_eq!(message[107..113], [2, 0, 0, 0, 0, 12]);
        let frame_length = number(113..117) as usize;
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &data_key).expand(&[&[0x01, 0x78], id].concat(), &mut key).expect("32 bytes");
        assert_eq!(message[117..129], [0; 12]);
        assert!(open(key, &message[117..129], &message[..117], &message[129..145]).is_empty());

        let (mut plain, mut at, mut sequence) = (Vec::new(), 145, 1u32);
        loop {
            let last = number(at..at + 4) == u32::MAX;
            at += if last { 4 } else { 0 };
            assert_eq!(number(at..at + 4), sequence);
            let iv = &message[at + 4..at + 16];
            assert_eq!(iv, [&[0; 8], &sequence.to_be_bytes()[..]].concat());
            let length = if last { number(at + 16..at + 20) as usize } else { frame_length };
            assert!(length <= frame_length);
            at += if last { 20 } else { 16 };
            let text = if last { "AWSKMSEncryptionClient Final Frame" } else { "AWSKMSEncryptionClient Frame" };
            let aad = [id, text.as_bytes(), &sequence.to_be_bytes(), &(length as u64).to_be_bytes()].concat();
            plain.extend(open(key, iv, &aad, &message[at..at + length + 16]));
            at += length + 16;
            sequence += 1;
            if last {
                assert_eq!(at, message.len());
                return plain;
            }
        }
    }

    #[test]
    fn messages_decrypt_by_the_letter_of_the_format() {
        let mut dice = Dice::new(1, Purpose::Message(0));
        for (length, frame_length, frames) in [
            (0, 4096, 1),
            (1, 4096, 1),
            (4095, 4096, 1),
            (4096, 4096, 1),
            (4097, 4096, 2),
            (12_288, 4096, 3),
            (7, 1, 7),
        ] {
            let material = Material::new(dice.bytes(), &mut dice);
            let plain: Vec<u8> = (0..length).map(|place| place as u8).collect();
            let message = encrypt(&plain, &material, frame_length);
            assert_eq!(decrypt(&message.bytes, material.wrapping_key), plain, "{length} bytes");
            assert_eq!(message.header, 0..145);
            assert_eq!(message.frames.len(), frames);
            assert_eq!(message.frames[0].start, 145);
            assert_eq!(message.frames[frames - 1].end, message.bytes.len());
        }
    }

    /// Both genuine records that were ever published are a lone heartbeat: 357 bytes with a final frame of 172.
    #[test]
    fn a_lone_heartbeat_has_the_size_of_a_genuine_one() {
        let mut instance = crate::synth::instance::Instance::new(1, crate::synth::Engine::Postgres, 0);
        let document = instance.document(crate::synth::instance::Load::Heartbeat);
        let plain = gzip(document.as_bytes());
        assert!((165..180).contains(&plain.len()), "{} bytes", plain.len());
        let material = Material::new([7; 32], &mut Dice::new(1, Purpose::Message(0)));
        assert_eq!(encrypt(&plain, &material, 4096).bytes.len(), plain.len() + 185);
    }
}
