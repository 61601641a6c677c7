//! Messages for the tests, encrypted here: formats 1 and 2, unsigned. AWS's own SDK is the peer of the end-to-end
//! tests; these are for taking messages apart.

#![allow(clippy::arithmetic_side_effects, reason = "test code")]

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};

pub(crate) const WRAPPING_KEY: [u8; 32] = [0x11; 32];
const DATA_KEY: [u8; 32] = [0x22; 32];

/// What the message is made of; the default is DAS's form.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) suite: u16,
    /// 0: a single block.
    pub(crate) frame_length: usize,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) context: Vec<(&'static str, &'static str)>,
    /// Pairs that are authenticated but not stored.
    pub(crate) authenticated: Vec<(&'static str, &'static str)>,
    /// Providers and names; the last entry is the one that opens.
    pub(crate) keys: Vec<(&'static str, &'static str)>,
}

impl Default for Sample {
    fn default() -> Self {
        Sample {
            suite: 0x0178,
            frame_length: 4096,
            plaintext: b"hello".to_vec(),
            context: vec![],
            authenticated: vec![],
            keys: vec![("BC", "DataKey")],
        }
    }
}

impl Sample {
    pub(crate) fn message(&self) -> Vec<u8> {
        let v2 = self.suite >= 0x0400;
        let message_id = if v2 { vec![0x33; 32] } else { vec![0x33; 16] };
        let (content_key, commitment) = self.derive(&message_id, v2);
        let mut out = if v2 { vec![2] } else { vec![1, 0x80] };
        out.extend(self.suite.to_be_bytes());
        out.extend(&message_id);
        let context = pairs(&self.context);
        out.extend(u16::try_from(context.len()).unwrap().to_be_bytes());
        out.extend(&context);
        out.extend(u16::try_from(self.keys.len()).unwrap().to_be_bytes());
        for (index, (provider, name)) in self.keys.iter().enumerate() {
            self.entry(&mut out, provider, name, index + 1 == self.keys.len());
        }
        out.push(if self.frame_length == 0 { 1 } else { 2 });
        if !v2 {
            out.extend([0, 0, 0, 0, 12]);
        }
        out.extend(u32::try_from(self.frame_length).unwrap().to_be_bytes());
        out.extend(commitment.unwrap_or_default());
        let mut associated = out.clone();
        associated.extend(pairs(&self.authenticated));
        let tag = seal(&content_key, &[0; 12], &associated, b"");
        if !v2 {
            out.extend([0; 12]);
        }
        out.extend(tag);
        self.body(&mut out, &content_key, &message_id);
        out
    }

    fn derive(&self, message_id: &[u8], v2: bool) -> ([u8; 32], Option<Vec<u8>>) {
        let mut key = [0; 32];
        let id = self.suite.to_be_bytes();
        if v2 {
            let hkdf = Hkdf::<Sha512>::new(Some(message_id), &DATA_KEY);
            let mut commitment = vec![0; 32];
            hkdf.expand(b"COMMITKEY", &mut commitment).unwrap();
            hkdf.expand_multi_info(&[&id, b"DERIVEKEY"], &mut key).unwrap();
            return (key, Some(commitment));
        }
        Hkdf::<Sha256>::new(None, &DATA_KEY).expand_multi_info(&[&id, message_id], &mut key).unwrap();
        (key, None)
    }

    fn entry(&self, out: &mut Vec<u8>, provider: &str, name: &str, opens: bool) {
        let wrapping_key = if opens { WRAPPING_KEY } else { [0x77; 32] };
        let mut sorted = [self.context.clone(), self.authenticated.clone()].concat();
        sorted.sort_unstable();
        let mut info = name.as_bytes().to_vec();
        info.extend([0, 0, 0, 128, 0, 0, 0, 12]);
        info.extend([0x44; 12]);
        let wrapped = seal(&wrapping_key, &[0x44; 12], &pairs(&sorted), &DATA_KEY);
        for field in [provider.as_bytes(), &info, &wrapped] {
            out.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
            out.extend(field);
        }
    }

    fn body(&self, out: &mut Vec<u8>, key: &[u8; 32], message_id: &[u8]) {
        if self.frame_length == 0 {
            let associated = associated(message_id, "Single Block", 1, self.plaintext.len());
            out.extend([0x55; 12]);
            out.extend((self.plaintext.len() as u64).to_be_bytes());
            out.extend(seal(key, &[0x55; 12], &associated, &self.plaintext));
            return;
        }
        let mut chunks: Vec<&[u8]> = self.plaintext.chunks(self.frame_length).collect();
        if chunks.is_empty() {
            chunks.push(b"");
        }
        let last = chunks.len();
        for (number, chunk) in (1u32..).zip(chunks) {
            let is_last = number as usize == last;
            let mut iv = [0; 12];
            iv[8..].copy_from_slice(&number.to_be_bytes());
            if is_last {
                out.extend([0xff; 4]);
            }
            out.extend(number.to_be_bytes());
            out.extend(iv);
            if is_last {
                out.extend(u32::try_from(chunk.len()).unwrap().to_be_bytes());
            }
            let text = if is_last { "Final Frame" } else { "Frame" };
            out.extend(seal(key, &iv, &associated(message_id, text, number, chunk.len()), chunk));
        }
    }
}

fn associated(message_id: &[u8], text: &str, number: u32, length: usize) -> Vec<u8> {
    let mut bytes = message_id.to_vec();
    bytes.extend(b"AWSKMSEncryptionClient ");
    bytes.extend(text.as_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend((length as u64).to_be_bytes());
    bytes
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    if !pairs.is_empty() {
        out.extend((pairs.len() as u16).to_be_bytes());
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        out.extend((text.len() as u16).to_be_bytes());
        out.extend(text.as_bytes());
    }
    out
}

fn seal(key: &[u8; 32], iv: &[u8; 12], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    cipher.encrypt(&Nonce::from(*iv), Payload { msg: plaintext, aad: associated }).unwrap()
}
