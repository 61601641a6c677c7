//! That both ciphers are AES-GCM: published values, each other's answers, and refusals. The tests run it natively, and
//! a build with the feature `faults` runs it inside the sandbox, where the cipher is made of other instructions.

#![allow(clippy::restriction, reason = "a proof fails by panicking, and no input reaches it")]

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce};

use super::rustcrypto::RustCrypto;
use super::swizzle::{Aes, Gcm};
use super::{Aead, NotAuthentic};

/// All of it, with so many random messages. Panics where it fails.
#[cfg(all(feature = "faults", target_family = "wasm"))]
pub(crate) fn run(messages: u32) {
    published();
    all_lengths();
    counters();
    random(messages);
    tampering();
}

/// The test cases of McGrew and Viega's "The Galois/Counter Mode of Operation (GCM)", appendix B, those with an IV of
/// 96 bits. NIST SP 800-38D refers to this submission.
fn published() {
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let plaintext = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let (iv, associated) = ("cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    // Bytes of the key; of the zero key: tag of nothing, ciphertext and tag of a block of zeros; of the other key:
    // ciphertext of the plaintext, its tag, and the tag of its first 60 bytes with associated data.
    let cases = [
        (
            16,
            "58e2fccefa7e3061367f1d57a4e7455a",
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
            "4d5c2af327cd64a62cf35abd2ba6fab4",
            "5bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            24,
            "cd33b28ac773f74ba00ed1f312572435",
            "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb",
            "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
             7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade256",
            "9924a7c8587336bfb118024db8674a14",
            "2519498e80f1478f37ba55bd6d27618c",
        ),
        (
            32,
            "530f8afbc74536b9a963b4f1c4cb738b",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            "b094dac5d93471bdec1a502270e3cc6c",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ];
    for (bytes, tag_of_nothing, zeros, ciphertext, tag, short_tag) in cases {
        let (zero, key) = (vec![0; bytes], unhex(key)[..bytes].to_vec());
        let (iv, associated) = (unhex(iv).try_into().unwrap(), unhex(associated));
        let (plaintext, ciphertext) = (unhex(plaintext), unhex(ciphertext));
        opens(&zero, [0; 12], &[], &[], &[], &unhex(tag_of_nothing));
        opens(&zero, [0; 12], &[], &unhex(zeros)[..16], &[0; 16], &unhex(zeros)[16..]);
        opens(&key, iv, &[], &ciphertext, &plaintext, &unhex(tag));
        opens(&key, iv, &associated, &ciphertext[..60], &plaintext[..60], &unhex(short_tag));
    }
}

/// Both implementations open this, and aes-gcm's mode with our block cipher does.
fn opens(key: &[u8], iv: [u8; 12], associated: &[u8], ciphertext: &[u8], plaintext: &[u8], tag: &[u8]) {
    let tag = tag.try_into().unwrap();
    let (ours, theirs) = (Gcm::new(key).unwrap(), RustCrypto::new(key).unwrap());
    let mixed = AesGcm::<Aes, U12>::from(Aes::new(key).unwrap());
    let mut buffers = [(); 3].map(|()| ciphertext.to_vec());
    assert_eq!(ours.open(&iv, associated, &mut buffers[0], tag), Ok(()), "{} bytes", ciphertext.len());
    assert_eq!(theirs.open(&iv, associated, &mut buffers[1], tag), Ok(()), "{} bytes", ciphertext.len());
    let mixed = mixed.decrypt_inout_detached(&iv.into(), associated, buffers[2].as_mut_slice().into(), tag.into());
    assert!(mixed.is_ok(), "{} bytes", ciphertext.len());
    assert!(buffers.iter().all(|buffer| buffer == plaintext), "{} bytes", ciphertext.len());
}

/// Lengths around all boundaries, each under a fresh key and under one that was used before, long and short in turns.
fn all_lengths() {
    let mut random = Random(1);
    let around = |n: usize| n - 33..=n + 33;
    let lengths = (0..=300).chain(around(4096)).chain(around(8192)).chain([20_000]);
    let used: Vec<(Vec<u8>, Gcm)> = [16, 24, 32]
        .map(|bytes| random.bytes(bytes))
        .map(|key| (key.clone(), Gcm::new(&key).unwrap()))
        .into_iter()
        .collect();
    for (index, length) in lengths.enumerate() {
        let (key, used) = &used[index % 3];
        // All lengths of associated data up to 40 bytes, and those of frames and headers.
        let associated = random.bytes([index % 41, 60 + index % 21, 117][index / 3 % 3]);
        let (iv, plaintext) = (random.iv(), random.bytes(length));
        let (ciphertext, tag) = seal(key, &iv, &associated, &plaintext);
        opens(key, iv, &associated, &ciphertext, &plaintext, &tag);
        let mut buffer = ciphertext;
        assert_eq!(used.open(&iv, &associated, &mut buffer, &tag), Ok(()), "{length}");
        assert_eq!(buffer, plaintext);
    }
}

/// Where the counter carries into its second and third byte, and IVs and keys of all ones and all zeros.
fn counters() {
    for (key, iv) in [([0; 32], [0; 12]), ([0xff; 32], [0xff; 12]), ([0; 32], [0xff; 12]), ([0xff; 32], [0; 12])] {
        for blocks in [253, 254, 255, 256, 257, 510, 511, 512] {
            let plaintext = vec![0; 16 * blocks];
            let (ciphertext, tag) = seal(&key, &iv, &[], &plaintext);
            opens(&key, iv, &[], &ciphertext, &plaintext, &tag);
        }
    }
    let plaintext = Random(2).bytes(16 * 0x1_0010);
    let (mut buffer, tag) = seal(&[7; 16], &[0xff; 12], &[], &plaintext);
    assert_eq!(Gcm::new(&[7; 16]).unwrap().open(&[0xff; 12], &[], &mut buffer, &tag), Ok(()));
    assert!(buffer == plaintext);
}

/// Random keys, IVs, associated data and plaintexts: what the reference seals we open, and with a bit changed refuse.
fn random(messages: u32) {
    let mut random = Random(3);
    for _ in 0..messages {
        let bits = random.next();
        let key = random.bytes([16, 24, 32, 32][bits as usize % 4]);
        let length = match bits >> 8 & 0xff {
            0 => bits >> 16 & 0x1fff,
            1..8 => bits >> 16 & 0x1ff,
            _ => bits >> 16 & 0x3f,
        };
        let (iv, plaintext) = (random.iv(), random.bytes(length as usize));
        let associated = random.bytes((bits >> 32 & 0x4f) as usize);
        let (ciphertext, tag) = seal(&key, &iv, &associated, &plaintext);
        let cipher = Gcm::new(&key).unwrap();
        let mut buffer = ciphertext.clone();
        if bits >> 48 & 7 == 0 {
            let mut wrong = tag;
            wrong[(bits >> 40 & 15) as usize] ^= 1 << (bits >> 44 & 7);
            assert_eq!(cipher.open(&iv, &associated, &mut buffer, &wrong), Err(NotAuthentic), "{length}");
            assert_eq!(buffer, ciphertext);
        }
        assert_eq!(cipher.open(&iv, &associated, &mut buffer, &tag), Ok(()), "{length}");
        assert_eq!(buffer, plaintext);
    }
}

/// Any changed bit is refused, and the buffer stays as it was.
fn tampering() {
    let mut random = Random(4);
    for length in [0, 1, 16, 37, 172, 224, 225, 500] {
        let (key, iv, associated) = (random.bytes(32), random.iv(), random.bytes(62));
        let (ciphertext, tag) = seal(&key, &iv, &associated, &random.bytes(length));
        let cipher = Gcm::new(&key).unwrap();
        let refuses = |iv: &[u8], associated: &[u8], ciphertext: &[u8], tag: &[u8]| {
            let mut buffer = ciphertext.to_vec();
            let opened = cipher.open(iv.try_into().unwrap(), associated, &mut buffer, tag.try_into().unwrap());
            assert_eq!((opened, buffer.as_slice()), (Err(NotAuthentic), ciphertext), "{length}");
        };
        each_bit(&iv, |iv| refuses(iv, &associated, &ciphertext, &tag));
        each_bit(&associated, |associated| refuses(&iv, associated, &ciphertext, &tag));
        each_bit(&ciphertext, |ciphertext| refuses(&iv, &associated, ciphertext, &tag));
        each_bit(&tag, |tag| refuses(&iv, &associated, &ciphertext, tag));
        // Bytes moved between associated data and ciphertext, or left out at the end: their lengths count too.
        let all = [associated.as_slice(), &ciphertext].concat();
        for split in (0..=all.len()).filter(|&split| split != associated.len()) {
            refuses(&iv, &all[..split], &all[split..], &tag);
        }
        for end in 0..length {
            refuses(&iv, &associated, &ciphertext[..end], &tag);
        }
        let mut buffer = ciphertext.clone();
        assert_eq!(cipher.open(&iv, &associated, &mut buffer, &tag), Ok(()));
    }
}

fn each_bit(bytes: &[u8], mut with: impl FnMut(&[u8])) {
    let mut changed = bytes.to_vec();
    for bit in 0..8 * bytes.len() {
        changed[bit / 8] ^= 1 << (bit % 8);
        with(&changed);
        changed[bit / 8] ^= 1 << (bit % 8);
    }
}

/// By the reference.
fn seal(key: &[u8], iv: &[u8; 12], associated: &[u8], plaintext: &[u8]) -> (Vec<u8>, [u8; 16]) {
    let (mut buffer, iv) = (plaintext.to_vec(), Nonce::<U12>::from(*iv));
    let bytes = buffer.as_mut_slice().into();
    let tag = match key.len() {
        16 => AesGcm::<Aes128, U12>::new_from_slice(key).unwrap().encrypt_inout_detached(&iv, associated, bytes),
        24 => AesGcm::<Aes192, U12>::new_from_slice(key).unwrap().encrypt_inout_detached(&iv, associated, bytes),
        _ => AesGcm::<Aes256, U12>::new_from_slice(key).unwrap().encrypt_inout_detached(&iv, associated, bytes),
    };
    (buffer, tag.unwrap().into())
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// The same numbers everywhere: a counter, stirred by multiplications.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        let mut x = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for multiplier in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64] {
            x = (x ^ x >> 31).wrapping_mul(multiplier);
        }
        x ^ x >> 32
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }

    fn iv(&mut self) -> [u8; 12] {
        self.bytes(12).try_into().unwrap()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn published_values() {
        super::published();
    }

    #[test]
    fn lengths_around_all_boundaries() {
        super::all_lengths();
    }

    #[test]
    fn counters_that_carry() {
        super::counters();
    }

    #[test]
    fn a_hundred_thousand_random_messages() {
        super::random(100_000);
    }

    #[test]
    fn every_changed_bit_is_refused() {
        super::tampering();
    }
}
