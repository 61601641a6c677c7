//! The mode (NIST SP 800-38D, section 7.2) with an IV of 96 bits: the tag is checked first, over the ciphertext, and
//! nothing is decrypted before it was found right.

use std::sync::OnceLock;

use zeroize::optimization_barrier;

use super::super::super::suite::{IV_BYTES, TAG_BYTES};
use super::super::{Aead, NotAuthentic};
use super::aes::Aes;
use super::counter::{Counter, Lanes, Slices};
use super::ghash::HashKey;
use super::vector::Vector;

/// AES-GCM under one key. What follows from the key is made when it is first needed, and wiped on drop.
pub(crate) struct Gcm {
    aes: Aes,
    /// From the first message on.
    hash: OnceLock<Box<HashKey>>,
    /// From the first long message on.
    lanes: OnceLock<Box<Lanes>>,
}

/// What is decrypted in one piece, and the blocks of that.
const PIECE_BYTES: usize = 256;
const PIECE_BLOCKS: u32 = 16;
/// The first piece has two blocks less: their counters are 0, which is not used, and 1, which the tag is masked with.
const FIRST_BYTES: usize = PIECE_BYTES - 32;
/// A piece of at most so many bytes is decrypted faster by single blocks.
const FEW_BYTES: usize = 12 * 16;
/// Bytes of ciphertext, at most (section 5.2.1.1): the counter has 32 bits.
const MOST_BYTES: u64 = (1 << 36) - 32;

impl Aead for Gcm {
    fn new(key: &[u8]) -> Option<Self> {
        let aes = Aes::new(key)?;
        Some(Gcm { aes, hash: OnceLock::new(), lanes: OnceLock::new() })
    }

    fn open(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        match buffer.len() {
            ..=FIRST_BYTES => self.open_short(iv, associated, buffer, tag),
            length if u64::try_from(length).is_ok_and(|length| length <= MOST_BYTES) => {
                self.open_long(iv, associated, buffer, tag)
            }
            _ => Err(NotAuthentic),
        }
    }
}

impl Gcm {
    /// All blocks at once: the hash key, where this is the first message, the mask of the tag, and the keystream.
    fn open_short(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        // The first block stays zero, which encrypts to the hash key; the others count.
        let mut blocks = [Vector::ZERO; 16];
        let count = buffer.len().div_ceil(16).saturating_add(2);
        for (counter, block) in (0..).zip(&mut blocks).take(count).skip(1) {
            *block = counter_block(iv, counter);
        }
        let known = usize::from(self.hash.get().is_some());
        self.aes.encrypt(blocks.get_mut(known..count).unwrap_or_default());
        let [h, mask, keystream @ ..] = &mut blocks;
        let hash = self.hash.get_or_init(|| HashKey::new(take(h)));
        verify(hash, *mask, associated, buffer, tag)?;
        xor(buffer, keystream);
        Ok(())
    }

    /// Piece by piece.
    fn open_long(
        &self,
        iv: &[u8; IV_BYTES],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), NotAuthentic> {
        let mut pieces = Pieces::new(self, iv);
        let [_, mask, keystream @ ..] = pieces.next();
        verify(self.hash_key(), *mask, associated, buffer, tag)?;
        let (first, rest) = buffer.split_at_mut(FIRST_BYTES);
        xor(first, keystream);
        let (whole, rest) = rest.as_chunks_mut::<PIECE_BYTES>();
        for piece in whole {
            xor(piece, pieces.next());
        }
        xor(rest, pieces.last(rest.len()));
        Ok(())
    }

    fn hash_key(&self) -> &HashKey {
        self.hash.get_or_init(|| {
            let mut block = [Vector::ZERO];
            self.aes.encrypt(&mut block);
            let [h] = &mut block;
            HashKey::new(take(h))
        })
    }
}

/// The keystream, from counter 0 on.
struct Pieces<'a> {
    aes: &'a Aes,
    lanes: &'a Lanes,
    iv: &'a [u8; IV_BYTES],
    /// The first block of the next piece.
    number: u32,
    counter: Counter,
    /// The first half is the piece.
    room: [Slices; 2],
}

impl<'a> Pieces<'a> {
    fn new(key: &'a Gcm, iv: &'a [u8; IV_BYTES]) -> Self {
        let lanes = key.lanes.get_or_init(|| Box::new(Lanes::new(&key.aes)));
        let counter = Counter::new(&key.aes, counter_block(iv, 0));
        Pieces { aes: &key.aes, lanes, iv, number: 0, counter, room: [[Vector::ZERO; 16]; 2] }
    }

    fn next(&mut self) -> &[Vector; 16] {
        let [.., low] = self.number.to_be_bytes();
        if low == 0 && self.number > 0 {
            self.counter = Counter::new(self.aes, counter_block(self.iv, self.number));
        }
        self.lanes.keystream(&self.counter, low, &mut self.room);
        // There are fewer blocks than counters: checked in `open`.
        self.number = self.number.wrapping_add(PIECE_BLOCKS);
        let [blocks, _] = &self.room;
        blocks
    }

    /// For a last piece that is no whole one.
    fn last(&mut self, bytes: usize) -> &[Vector] {
        if bytes > FEW_BYTES {
            return self.next();
        }
        let [blocks, _] = &mut self.room;
        let blocks = blocks.get_mut(..bytes.div_ceil(16)).unwrap_or_default();
        for (number, block) in (self.number..).zip(blocks.iter_mut()) {
            *block = counter_block(self.iv, number);
        }
        self.aes.encrypt(blocks);
        blocks
    }
}

/// The tag is the hash of the associated data, the ciphertext and their lengths in bits, under the mask.
fn verify(
    hash: &HashKey,
    mask: Vector,
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8; TAG_BYTES],
) -> Result<(), NotAuthentic> {
    let blocks = associated.len().div_ceil(16).saturating_add(ciphertext.len().div_ceil(16)).saturating_add(1);
    let mut hash = hash.hash(blocks);
    hash.bytes(associated);
    hash.bytes(ciphertext);
    hash.block(Vector::from_words([bits(associated)?.swap_bytes(), bits(ciphertext)?.swap_bytes()]));
    match (hash.sum() ^ mask ^ Vector::from_bytes(tag)).is_zero() {
        true => Ok(()),
        false => Err(NotAuthentic),
    }
}

/// The hash key, which shall not stay where it was.
fn take(h: &mut Vector) -> Vector {
    let taken = *h;
    *h = Vector::ZERO;
    optimization_barrier(h);
    taken
}

fn bits(bytes: &[u8]) -> Result<u64, NotAuthentic> {
    u64::try_from(bytes.len()).ok().and_then(|bytes| bytes.checked_mul(8)).ok_or(NotAuthentic)
}

fn counter_block(iv: &[u8; IV_BYTES], counter: u32) -> Vector {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *iv;
    let last = u64::from(u32::from_le_bytes([i, j, k, l])) | u64::from(counter.swap_bytes()) << 32;
    Vector::from_words([u64::from_le_bytes([a, b, c, d, e, f, g, h]), last])
}

/// Adds the keystream to as many bytes as there are.
fn xor(bytes: &mut [u8], keystream: &[Vector]) {
    let (blocks, rest) = bytes.as_chunks_mut();
    let mut keystream = keystream.iter();
    for (block, key) in blocks.iter_mut().zip(&mut keystream) {
        *block = (Vector::from_bytes(block) ^ *key).to_bytes();
    }
    if let (false, Some(key)) = (rest.is_empty(), keystream.next()) {
        let mut block = [0; 16];
        let (used, _) = block.split_at_mut(rest.len());
        used.copy_from_slice(rest);
        block = (Vector::from_bytes(&block) ^ *key).to_bytes();
        let (used, _) = block.split_at(rest.len());
        rest.copy_from_slice(used);
    }
}
