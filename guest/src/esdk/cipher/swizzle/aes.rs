//! AES (FIPS 197) with keys of 128, 192 and 256 bits: a block in a vector, up to eight of them at a time.
//!
//! A round takes 26 instructions a block: 13 for the u and v of `field.rs`, two lookups each for the S-box and for
//! twice the S-box, and MixColumns, which adds these up with what follows them in the column.
//!
//! ShiftRows is never carried out. The bytes stay where they are, and MixColumns and the round key look for them where
//! they have stayed. Four times ShiftRows is no change, so there are four orders, and round n has order n mod 4.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed size; indices below constants or the number of rounds, which is 10, 12 or 14"
)]

use std::array::from_fn;

use aes_gcm::aes::cipher::consts::{U8, U16};
use aes_gcm::aes::cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, InOut, ParBlocks,
    ParBlocksSizeUser,
};
use zeroize::optimization_barrier;

use super::field::{
    AFFINE, INTO_TOWER, LAST, ONCE, OUT_OF_TOWER, RECIPROCAL, RECIPROCAL_C, ROUND_CONSTANTS, TWICE, Table, to_tower,
};
use super::vector::Vector;

/// Rounds of AES-256.
pub(super) const MOST_ROUNDS: usize = 14;

/// The round keys that follow from a key. Wiped on drop.
pub(crate) struct Aes {
    /// Each in the order of its round. All but the last in tower coordinates, all but the first with the constant of
    /// the S-box added.
    keys: [Vector; MOST_ROUNDS + 1],
    rounds: usize,
}

impl Aes {
    /// None when AES has no keys of this length.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        let (mut schedule, rounds) = match key.len() {
            16 => (expand::<4>(key), 10),
            24 => (expand::<6>(key), 12),
            32 => (expand::<8>(key), 14),
            _ => return None,
        };
        let keys = from_fn(|round| {
            let key = Vector::from_bytes(&schedule[round]);
            let key = match round {
                0 => key,
                _ if round < rounds => key ^ Vector::splat(const { to_tower(AFFINE) }),
                _ => coordinates(key, OUT_OF_TOWER) ^ Vector::splat(AFFINE),
            };
            key.lookup(BYTES[round % 4])
        });
        schedule = [[0; 16]; MOST_ROUNDS + 2];
        optimization_barrier(&schedule);
        Some(Aes { keys, rounds })
    }

    pub(super) fn rounds(&self) -> usize {
        self.rounds
    }

    /// The key of a round, in the order of FIPS 197.
    pub(super) fn round_key(&self, round: usize) -> Vector {
        self.keys[round].lookup(PLACES[round % 4])
    }

    /// A round of one block, in the order of FIPS 197 and in tower coordinates; not for the last round. Bytes that are
    /// 0 add nothing to others.
    pub(super) fn round(&self, round: usize, state: Vector) -> Vector {
        let [next, last] = NEIGHBOURS[0];
        mix_columns(invert(state.lookup(PLACES[1])), next, last) ^ self.round_key(round)
    }

    /// Encrypts any number of blocks, eight at a time.
    pub(super) fn encrypt(&self, blocks: &mut [Vector]) {
        let (eights, rest) = blocks.as_chunks_mut::<8>();
        for eight in eights {
            self.encrypt_together(eight);
        }
        match rest.len() {
            0 => {}
            1..=2 => self.encrypt_few::<2>(rest),
            3..=4 => self.encrypt_few::<4>(rest),
            _ => self.encrypt_few::<8>(rest),
        }
    }

    fn encrypt_few<const N: usize>(&self, blocks: &mut [Vector]) {
        let mut together = from_fn(|n| blocks.get(n).copied().unwrap_or(Vector::ZERO));
        self.encrypt_together::<N>(&mut together);
        for (block, encrypted) in blocks.iter_mut().zip(together) {
            *block = encrypted;
        }
    }

    /// The steps of a block wait for each other, those of several do not: eight keep the processor busy.
    #[inline(never)]
    fn encrypt_together<const N: usize>(&self, blocks: &mut [Vector; N]) {
        let mut state = blocks.map(|block| coordinates(block, INTO_TOWER) ^ self.keys[0]);
        for round in 1..self.rounds {
            let [next, last] = NEIGHBOURS[round % 4];
            for block in &mut state {
                *block = mix_columns(invert(*block), next, last) ^ self.keys[round];
            }
        }
        let places = PLACES[self.rounds % 4];
        *blocks = state.map(|block| (linear(LAST, invert(block)) ^ self.keys[self.rounds]).lookup(places));
    }
}

impl Drop for Aes {
    fn drop(&mut self) {
        self.keys = [Vector::ZERO; MOST_ROUNDS + 1];
        optimization_barrier(self);
    }
}

/// The inverse of each byte, as the u and v of `field.rs`.
#[inline(always)]
pub(super) fn invert(state: Vector) -> (Vector, Vector) {
    let (i, k) = state.nibbles();
    let j = i ^ k;
    let reciprocal = Vector::new(RECIPROCAL);
    let of_ck = Vector::new(RECIPROCAL_C).lookup(k);
    let u = j ^ reciprocal.lookup(reciprocal.lookup(i) ^ of_ck);
    let v = i ^ reciprocal.lookup(reciprocal.lookup(j) ^ of_ck);
    (u, v)
}

/// A linear map of the inverse.
#[inline(always)]
pub(super) fn linear([by_u, by_v]: [Table; 2], (u, v): (Vector, Vector)) -> Vector {
    Vector::new(by_u).lookup(u) ^ Vector::new(by_v).lookup(v)
}

/// A linear map of the bytes themselves.
#[inline(always)]
pub(super) fn coordinates(bytes: Vector, [by_low, by_high]: [Table; 2]) -> Vector {
    let (low, high) = bytes.nibbles();
    Vector::new(by_low).lookup(low) ^ Vector::new(by_high).lookup(high)
}

/// SubBytes and MixColumns: 2 a + 3 b + c + d for a byte a and those that follow it in its column. `next` says where b
/// is, `last` where d is.
#[inline(always)]
fn mix_columns(inverse: (Vector, Vector), next: Vector, last: Vector) -> Vector {
    let once = linear(ONCE, inverse);
    let sum = linear(TWICE, inverse) ^ once.lookup(next); // 2 a + b, and at b it is 2 b + c
    sum ^ sum.lookup(next) ^ once.lookup(last)
}

/// The key expansion (FIPS 197, section 5.2) of a key of so many words, in tower coordinates. A turn makes that many
/// new words: four are in `first`, the others in `second`.
#[inline(always)]
fn expand<const WORDS: usize>(key: &[u8]) -> [[u8; 16]; MOST_ROUNDS + 2] {
    let mut schedule = [[0; 16]; MOST_ROUNDS + 2];
    schedule.as_flattened_mut()[..key.len()].copy_from_slice(key);
    let [mut first, mut second] = [0, 1].map(|n| coordinates(Vector::from_bytes(&schedule[n]), INTO_TOWER));
    let [turned_last, last] = [1, 0].map(|turn| word_in_all_places(if WORDS == 6 && turn == 1 { 1 } else { 3 }, turn));
    let turns = if WORDS == 4 {
        10
    } else if WORDS == 6 {
        8
    } else {
        7
    };
    for turn in 0..=turns {
        if turn > 0 {
            let from = if WORDS == 4 { first } else { second };
            first = running_sum(first) ^ s_box(from).lookup(turned_last) ^ ROUND_CONSTANTS[turn - 1];
            second = running_sum(second)
                ^ match WORDS {
                    8 => (s_box(first) ^ Vector::splat(const { to_tower(AFFINE) })).lookup(last),
                    _ => first.lookup(last),
                };
        }
        let words = &mut schedule.as_flattened_mut()[4 * WORDS * turn..];
        words[..16].copy_from_slice(&first.to_bytes());
        if WORDS > 4 {
            words[16..32].copy_from_slice(&second.to_bytes());
        }
    }
    schedule
}

/// SubBytes less its constant.
#[inline(always)]
fn s_box(bytes: Vector) -> Vector {
    linear(ONCE, invert(bytes))
}

/// Each word becomes the sum of itself and those before it.
#[inline(always)]
fn running_sum(words: Vector) -> Vector {
    let twos = words ^ words.lookup(words_up(1).unknown());
    twos ^ twos.lookup(words_up(2).unknown())
}

const fn words_up(by: u8) -> Vector {
    let (mut table, mut n) = ([0x80; 16], 4 * by);
    while n < 16 {
        table[n as usize] = n - 4 * by;
        n += 1;
    }
    Vector::new(table)
}

/// One word four times, with its bytes turned by so many.
#[inline(always)]
fn word_in_all_places(word: u8, turn: u8) -> Vector {
    Vector::new(from_fn(|n| 4 * word + (n as u8 + turn) % 4)).unknown()
}

/// Where ShiftRows takes byte n from: n mod 4 is its row, n / 4 its column (FIPS 197, section 5.1.2).
pub(super) const fn shift_rows(n: usize) -> usize {
    (n / 4 + n % 4) % 4 * 4 + n % 4
}

/// For each order: the place of each byte.
static PLACES: [Vector; 4] = [places(0), places(1), places(2), places(3)];
/// For each order: the byte in each place.
static BYTES: [Vector; 4] = [bytes(0), bytes(1), bytes(2), bytes(3)];
/// For each order and place: the place of the next byte of the column, and that of the last but one after it.
static NEIGHBOURS: [[Vector; 2]; 4] = [
    [neighbours(1, 0), neighbours(3, 0)],
    [neighbours(1, 1), neighbours(3, 1)],
    [neighbours(1, 2), neighbours(3, 2)],
    [neighbours(1, 3), neighbours(3, 3)],
];

const fn place(n: usize, order: usize) -> usize {
    let (mut place, mut i) = (n, 0);
    while i < order {
        place = shift_rows(place);
        i += 1;
    }
    place
}

const fn places(order: usize) -> Vector {
    let (mut table, mut n) = ([0; 16], 0);
    while n < 16 {
        table[n] = place(n, order) as u8;
        n += 1;
    }
    Vector::new(table)
}

const fn bytes(order: usize) -> Vector {
    let (mut table, mut n) = ([0; 16], 0);
    while n < 16 {
        table[place(n, order)] = n as u8;
        n += 1;
    }
    Vector::new(table)
}

const fn neighbours(distance: usize, order: usize) -> Vector {
    let (mut table, mut n) = ([0; 16], 0);
    while n < 16 {
        table[place(n, order)] = place(n / 4 * 4 + (n + distance) % 4, order) as u8;
        n += 1;
    }
    Vector::new(table)
}

impl BlockSizeUser for Aes {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for Aes {
    type ParBlocksSize = U8;
}

/// What makes it a block cipher for the modes of the RustCrypto project.
impl BlockCipherEncrypt for Aes {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        f.call(self);
    }
}

impl BlockCipherEncBackend for Aes {
    fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
        let mut vectors = [Vector::from_bytes(block.get_in().as_ref())];
        self.encrypt(&mut vectors);
        *block.get_out() = vectors[0].to_bytes().into();
    }

    fn encrypt_par_blocks(&self, mut blocks: InOut<'_, '_, ParBlocks<Self>>) {
        let mut vectors: [Vector; 8] = from_fn(|i| Vector::from_bytes(blocks.get_in()[i].as_ref()));
        self.encrypt_together(&mut vectors);
        for (block, vector) in blocks.get_out().iter_mut().zip(vectors) {
            *block = vector.to_bytes().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C.
    #[test]
    fn the_examples_of_the_standard() {
        let key: [u8; 32] = from_fn(|i| i as u8);
        let plaintext = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128;
        for (length, ciphertext) in [
            (16, 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128),
            (24, 0xdda9_7ca4_864c_dfe0_6eaf_70a0_ec0d_7191),
            (32, 0x8ea2_b7ca_5167_45bf_eafc_4990_4b49_6089),
        ] {
            let aes = Aes::new(&key[..length]).unwrap();
            for count in 1..20 {
                let mut blocks = vec![Vector::new(plaintext.to_be_bytes()); count];
                aes.encrypt(&mut blocks);
                assert!(blocks.iter().all(|block| block.to_bytes() == ciphertext.to_be_bytes()), "{length} {count}");
            }
        }
        assert!((0..40).filter(|n| ![16, 24, 32].contains(n)).all(|n| Aes::new(&vec![0; n]).is_none()));
    }

    /// FIPS 197, section 5.1.1, from the definition: the reciprocal, found by trying, and the matrix.
    #[test]
    fn the_s_box_is_the_one_of_the_standard() {
        let product = |a: u8, b: u8| {
            (0..8).rev().fold(0, |sum: u8, bit| {
                (sum << 1) ^ (if sum & 0x80 == 0 { 0 } else { 0x1b }) ^ (if b >> bit & 1 == 0 { 0 } else { a })
            })
        };
        for byte in 0..=255 {
            let reciprocal = (0..=255).find(|&other| product(byte, other) == 1).unwrap_or(0);
            let expected = (0..8).fold(0, |sum: u8, bit: u32| {
                let bits = [0, 4, 5, 6, 7].map(|distance| reciprocal >> ((bit + distance) % 8) & 1);
                sum | (bits.iter().fold(0x63 >> bit & 1, |sum, bit| sum ^ bit)) << bit
            });
            let inverse = invert(coordinates(Vector::splat(byte), INTO_TOWER));
            assert_eq!(linear(LAST, inverse).to_bytes(), [expected ^ AFFINE; 16], "{byte:02x}");
            let twice = coordinates(linear(TWICE, inverse), OUT_OF_TOWER);
            assert_eq!(twice.to_bytes(), [product(2, expected ^ AFFINE); 16], "{byte:02x}");
        }
    }
}
