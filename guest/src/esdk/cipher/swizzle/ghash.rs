//! GHASH (NIST SP 800-38D, section 6.4): the sum of all blocks, each times a power of the hash key H.
//!
//! A block is a polynomial over GF(2) modulo x^128 + x^7 + x^2 + x + 1, with the coefficient of x^0 in the top bit of
//! its first byte. So byte p is two nibbles, upper + x^4 lower, times x^(8 p).
//!
//! The product of a nibble and a power K of H has 16 values. Byte c of them is a table that fits into a vector, and
//! one instruction looks it up for all nibbles of a block: for byte p it gives what belongs to byte p + c of the
//! product. There is a table for upper nibbles and one, times x^4, for lower ones; with 16 bytes c a block takes 32
//! lookups. Moving the results into place is done once for many blocks: their lookups for the same c are added first.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed size, indices below constants"
)]

use std::array::from_fn;
use std::sync::OnceLock;

use zeroize::optimization_barrier;

use super::counter::transpose;
use super::vector::{Vector, sixteen};

/// H, as tables of its powers. Wiped on drop.
pub(super) struct HashKey {
    /// H^4 to H^1.
    powers: [Vector; 4],
    pub(super) near: Tables,
    /// For H^8 to H^5, made when they pay.
    far: OnceLock<Box<Tables>>,
}

/// For each byte c, for each of four powers: the tables for upper and for lower nibbles.
pub(super) struct Tables([[[Vector; 2]; 4]; 16]);

/// A sum in the making.
pub(super) struct Hash<'a> {
    near: &'a Tables,
    far: Option<&'a Tables>,
    sum: Vector,
    /// A group of blocks: four, or eight with the far powers.
    group: [Vector; 8],
    count: usize,
    rows: Rows,
}

/// The sums of the lookups for each c, in the middle of a row of zeros. What stands c bytes before the middle is the
/// sum moved up by c bytes, and 16 bytes on follows what thereby leaves it at the top.
pub(super) type Rows = [[u8; 48]; 16];

/// Blocks from which on the far powers pay.
const MANY: usize = 96;

impl HashKey {
    pub(super) fn new(h: Vector) -> Box<Self> {
        let mut key = Box::new(HashKey { powers: [h; 4], near: Tables::new(), far: OnceLock::new() });
        let mut rows = [[0; 48]; 16];
        key.near.set(3, h);
        for slot in [2, 1, 0] {
            key.powers[slot] = key.near.product(3, key.powers[slot + 1], &mut rows);
            key.near.set(slot, key.powers[slot]);
        }
        key
    }

    /// The hash of so many blocks, which are to be given one by one.
    pub(super) fn hash(&self, blocks: usize) -> Hash<'_> {
        let far = (blocks >= MANY).then(|| self.far.get_or_init(|| self.far()).as_ref());
        let size = if far.is_some() { 8 } else { 4 };
        // Zeros before the first block change nothing, and make the last group a full one.
        let count = (size - blocks % size) % size;
        Hash { near: &self.near, far, sum: Vector::ZERO, group: [Vector::ZERO; 8], count, rows: [[0; 48]; 16] }
    }

    fn far(&self) -> Box<Tables> {
        let (mut far, mut rows) = (Box::new(Tables::new()), [[0; 48]; 16]);
        for slot in 0..4 {
            far.set(slot, self.near.product(0, self.powers[slot], &mut rows));
        }
        far
    }
}

impl Drop for HashKey {
    fn drop(&mut self) {
        self.powers = [Vector::ZERO; 4];
        optimization_barrier(&self.powers);
    }
}

impl Hash<'_> {
    /// Adds bytes, the last block filled up with zeros.
    #[inline(always)]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (mut blocks, rest) = bytes.as_chunks();
        if let Some(far) = self.far {
            // Up to the end of a group, and then group by group.
            let (first, others) = blocks.split_at_checked((8 - self.count) % 8).unwrap_or((blocks, &[]));
            first.iter().for_each(|block| self.block(Vector::from_bytes(block)));
            let (groups, left) = others.as_chunks::<8>();
            for group in groups {
                self.group = from_fn(|place| Vector::from_bytes(&group[place]));
                self.eight(far);
            }
            blocks = left;
        }
        for block in blocks {
            self.block(Vector::from_bytes(block));
        }
        if !rest.is_empty() {
            let mut block = [0; 16];
            block[..rest.len()].copy_from_slice(rest);
            self.block(Vector::from_bytes(&block));
        }
    }

    #[inline(always)]
    pub(super) fn block(&mut self, block: Vector) {
        self.group[self.count % 8] = block;
        self.count += 1;
        match self.far {
            None if self.count == 4 => self.four(),
            Some(far) if self.count == 8 => self.eight(far),
            _ => {}
        }
    }

    /// The sum of the blocks given.
    pub(super) fn sum(self) -> Vector {
        self.sum
    }

    fn four(&mut self) {
        let [first, b, c, d, ..] = self.group;
        self.near.look_up(&[first ^ self.sum, b, c, d], &mut self.rows);
        self.sum = add_up(&self.rows);
        self.count = 0;
    }

    fn eight(&mut self, far: &Tables) {
        let [first, b, c, d, e, f, g, h] = self.group;
        self.near.look_up(&[e, f, g, h], &mut self.rows);
        far.look_up_more(&[first ^ self.sum, b, c, d], &mut self.rows);
        self.sum = add_up(&self.rows);
        self.count = 0;
    }
}

impl Tables {
    pub(super) fn new() -> Self {
        Tables([[[Vector::ZERO; 2]; 4]; 16])
    }

    pub(super) fn set(&mut self, slot: usize, power: Vector) {
        let mut power = u128::from_be_bytes(power.to_bytes());
        for half in 0..2 {
            // Times 1, x, x^2, x^3, and for lower nibbles x^4 to x^7. The first of four is a nibble's highest bit.
            let mut next = || {
                let words = [power as u64, (power >> 64) as u64];
                power = times_x(power);
                Vector::from_words(words)
            };
            // These were the words of a big-endian number: byte c of the block has come to be byte 15 - c.
            let tables = transpose(multiples([next(), next(), next(), next()]));
            sixteen!(|c: usize| self.0[15 - c][slot][half] = tables[c]);
        }
    }

    /// Looks four blocks up, the first by the highest power. Each sum is written to memory before the next one is
    /// begun: see `counter.rs`.
    #[inline(never)]
    pub(super) fn look_up(&self, blocks: &[Vector; 4], rows: &mut Rows) {
        let nibbles = blocks.map(Vector::nibbles);
        sixteen!(|c: usize| *middle(&mut rows[c]) = products(&self.0[c], nibbles).to_bytes());
    }

    /// Adds the lookups of four more blocks.
    #[inline(never)]
    pub(super) fn look_up_more(&self, blocks: &[Vector; 4], rows: &mut Rows) {
        let nibbles = blocks.map(Vector::nibbles);
        sixteen!(|c: usize| {
            let sum = middle(&mut rows[c]);
            *sum = (Vector::from_bytes(sum) ^ products(&self.0[c], nibbles)).to_bytes();
        });
    }

    /// One block times one power.
    pub(super) fn product(&self, slot: usize, block: Vector, rows: &mut Rows) -> Vector {
        let nibbles = block.nibbles();
        sixteen!(|c: usize| *middle(&mut rows[c]) = product(self.0[c][slot], nibbles).to_bytes());
        add_up(rows)
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.0 = [[[Vector::ZERO; 2]; 4]; 16];
        optimization_barrier(self);
    }
}

#[inline(always)]
fn product([upper, lower]: [Vector; 2], (low, high): (Vector, Vector)) -> Vector {
    upper.lookup(high) ^ lower.lookup(low)
}

#[inline(always)]
fn products(tables: &[[Vector; 2]; 4], [a, b, c, d]: [(Vector, Vector); 4]) -> Vector {
    (product(tables[0], a) ^ product(tables[1], b)) ^ (product(tables[2], c) ^ product(tables[3], d))
}

#[inline(always)]
fn middle(row: &mut [u8; 48]) -> &mut [u8; 16] {
    &mut row.as_chunks_mut().0[1]
}

/// Moves the lookups for each c into place, adds them up, and reduces the sum.
#[inline(always)]
pub(super) fn add_up(rows: &Rows) -> Vector {
    let moved = |c: usize, from: usize| Vector::from_bytes(rows[c][from - c..].first_chunk().unwrap_or(&[0; 16]));
    let (mut low, mut high) = (Vector::ZERO, Vector::ZERO);
    sixteen!(|c: usize| {
        low ^= moved(c, 16);
        high ^= moved(c, 32);
    });
    // x^128 = 1 + x + x^2 + x^7. A byte of `high` times this stays below x^15: some of it adds to the same byte of
    // `low`, and some to the next one. `high` has 15 bytes, so there is a next one to each.
    let nibbles = high.nibbles();
    low ^ product(STAYS.map(Vector::new), nibbles) ^ product(MOVES_ON.map(Vector::new), nibbles).up(Vector::ZERO)
}

/// An upper and a lower nibble times 1 + x + x^2 + x^7: the byte that it is in, and the next one.
const STAYS: [[u8; 16]; 2] = [folded(4, 0), folded(0, 0)];
const MOVES_ON: [[u8; 16]; 2] = [folded(4, 1), folded(0, 1)];

const fn folded(shift: u32, byte: usize) -> [u8; 16] {
    let (mut table, mut n) = ([0; 16], 0u16);
    while n < 16 {
        let polynomial = n << shift << 8;
        let product = polynomial ^ polynomial >> 1 ^ polynomial >> 2 ^ polynomial >> 7;
        table[n as usize] = product.to_be_bytes()[byte];
        n += 1;
    }
    table
}

/// All sums of four vectors: the bits of the index, from the highest, say which take part.
#[inline(always)]
fn multiples([a, b, c, d]: [Vector; 4]) -> [Vector; 16] {
    let zero = Vector::ZERO.unknown();
    let (ab, cd) = (a ^ b, c ^ d);
    let with = |sum: Vector| [sum, sum ^ d, sum ^ c, sum ^ cd];
    let [[e, f, g, h], [i, j, k, l], [m, n, o, p]] = [with(b), with(a), with(ab)];
    [zero, d, c, cd, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// A polynomial times x; its first coefficient is the highest bit.
fn times_x(polynomial: u128) -> u128 {
    // A mask instead of a branch: the last coefficient is secret.
    let last = 0u128.wrapping_sub(polynomial & 1);
    (polynomial >> 1) ^ (last & (0b1110_0001 << 120))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product bit by bit, as in NIST SP 800-38D, section 6.3.
    pub(super) fn product(a: u128, b: u128) -> u128 {
        (0..128).fold((0, b), |(sum, b), i| (if a << i >> 127 == 0 { sum } else { sum ^ b }, times_x(b))).0
    }

    #[test]
    fn the_sum_is_that_of_the_standard() {
        for h in [0, 1, 1 << 127, u128::MAX, 0x66e9_4bd4_ef8a_2c3b_884c_fa59_ca34_2b2e] {
            let key = HashKey::new(Vector::new(h.to_be_bytes()));
            for count in (0..40).chain([MANY - 1, MANY, MANY + 1, 100]) {
                let mut hash = key.hash(count);
                let mut expected = 0;
                for i in 0..count {
                    let block = (u128::MAX / 211 * (i as u128 + 1)) ^ h.rotate_left(i as u32);
                    hash.block(Vector::new(block.to_be_bytes()));
                    expected = product(expected ^ block, h);
                }
                assert_eq!(u128::from_be_bytes(hash.sum().to_bytes()), expected, "{h:x} {count}");
            }
        }
    }

    #[test]
    fn each_nibble_is_multiplied_right_in_each_place() {
        let h = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;
        let key = HashKey::new(Vector::new(u128::to_be_bytes(h)));
        for block in (0..32).flat_map(|place| (1..16u128).map(move |nibble| nibble << (4 * place))) {
            for slot in 0..4 {
                let power = u128::from_be_bytes(key.powers[slot].to_bytes());
                let found = key.near.product(slot, Vector::new(block.to_be_bytes()), &mut [[0; 48]; 16]);
                assert_eq!(u128::from_be_bytes(found.to_bytes()), product(block, power), "{block:x} {slot}");
            }
        }
    }
}
