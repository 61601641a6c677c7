//! AES in counter mode for long input: sixteen blocks at a time, sliced by bytes.
//!
//! Here vector n holds the bytes n of sixteen blocks. Where ShiftRows takes a byte from, and what is next to it in its
//! column, then is a matter of which vector is named, and no instruction moves a byte: a round takes 22.75 of them for
//! sixteen bytes, not 26.
//!
//! The sixteen blocks differ only in the lower half of their last byte. So just this one byte has to go through the
//! first round, and the four that it reaches there through the second. What else there is in these rounds is the same
//! for 256 blocks; it is computed for them once, as one block in one vector, and added.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed size; indices below constants or the number of rounds, which is 10, 12 or 14"
)]

use std::array::from_fn;
use std::hint::black_box;

use zeroize::optimization_barrier;

use super::aes::{Aes, MOST_ROUNDS, coordinates, invert, linear, shift_rows};
use super::field::{INTO_TOWER, LAST, ONCE, THRICE, TWICE};
use super::vector::{Vector, sixteen};

/// Sixteen blocks; vector n holds their bytes n.
pub(super) type Slices = [Vector; 16];

/// The round keys for sixteen blocks: each byte sixteen times. Wiped on drop.
pub(super) struct Lanes {
    /// From the third round on.
    keys: [Slices; MOST_ROUNDS - 2],
    rounds: usize,
}

/// What 256 blocks that differ in the last byte have in common after two rounds.
pub(super) struct Counter {
    /// The last byte of the key before the first round.
    key: Vector,
    /// The first column after the first round, less what the last byte adds to it.
    first_column: [Vector; 4],
    /// All bytes after the second round, less what the first column adds to them.
    second: Slices,
}

impl Lanes {
    pub(super) fn new(aes: &Aes) -> Self {
        let rounds = aes.rounds();
        let mut keys = [[Vector::ZERO; 16]; MOST_ROUNDS - 2];
        for round in 3..=rounds {
            keys[round - 3] = splat_each(aes.round_key(round));
        }
        Lanes { keys, rounds }
    }

    /// The keystream for the last bytes `from`, a multiple of 16, to `from` + 15. It is written to the first half of
    /// `room`; what was there does not matter.
    pub(super) fn keystream(&self, counter: &Counter, from: u8, room: &mut [Slices; 2]) {
        let [state, other] = room;
        counter.two_rounds(from, state);
        // 7, 9 or 11 rounds like this are left: always an odd number.
        let (middle, last) = (&self.keys[..self.rounds - 3], &self.keys[self.rounds - 3]);
        let (pairs, odd) = middle.as_chunks::<2>();
        for [one, two] in pairs {
            round(one, state, other);
            round(two, other, state);
        }
        for key in odd {
            round(key, state, other);
        }
        last_round(last, other, state);
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.keys = [[Vector::ZERO; 16]; MOST_ROUNDS - 2];
        optimization_barrier(self);
    }
}

impl Counter {
    /// For the blocks that are this one but for the last byte.
    pub(super) fn new(aes: &Aes, block: Vector) -> Self {
        let key = aes.round_key(0);
        let first = aes.round(1, (coordinates(block, INTO_TOWER) ^ key) & ALL_BUT_LAST_BYTE);
        let second = aes.round(2, first & ALL_BUT_FIRST_COLUMN);
        let ([.., key], [a, b, c, d, ..]) = (splat_each(key), splat_each(first));
        Counter { key, first_column: [a, b, c, d], second: splat_each(second) }
    }

    fn two_rounds(&self, from: u8, state: &mut Slices) {
        let last_byte = coordinates(Vector::splat(from) ^ NUMBERS, INTO_TOWER) ^ self.key;
        // ShiftRows takes it from the end of the last column to the end of the first,
        let added = column_of(last_byte, 3);
        for row in 0..4 {
            // and then each byte of the first column to a column of its own.
            let column = 4 * ((4 - row) % 4);
            let added = column_of(self.first_column[row] ^ added[row], row);
            for to in 0..4 {
                state[column + to] = self.second[column + to] ^ added[to];
            }
        }
    }
}

const NUMBERS: Vector = Vector::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
const ALL_BUT_LAST_BYTE: Vector = Vector::new([!0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, 0]);
const ALL_BUT_FIRST_COLUMN: Vector = Vector::new([0, 0, 0, 0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0, !0]);

/// What a byte in this row adds to its column in a round.
#[inline(always)]
fn column_of(byte: Vector, row: usize) -> [Vector; 4] {
    let inverse = invert(byte);
    let (once, twice) = (linear(ONCE, inverse), linear(TWICE, inverse));
    let added = [twice, once ^ twice, once, once];
    from_fn(|to| added[(4 + row - to) % 4])
}

/// Any round but the last. Each column is written to memory before the next one is begun: the compiler of the sandbox
/// computes what is not written as late as it can, and would have more in hand than there are registers.
#[inline(never)]
fn round(key: &Slices, from: &Slices, to: &mut Slices) {
    column::<0>(key, from, to);
    column::<1>(key, from, to);
    column::<2>(key, from, to);
    column::<3>(key, from, to);
}

/// SubBytes, ShiftRows, MixColumns and AddRoundKey for one column. With a to d as its bytes after SubBytes, the first
/// one becomes 2 a + 3 b + c + d = (3 a + 2 b) + (a + b + c + d). The sum of all four is also that of the four
/// brackets, since 3 + 2 = 1.
#[inline(always)]
fn column<const COLUMN: usize>(key: &Slices, from: &Slices, to: &mut Slices) {
    let inverses: [_; 4] = from_fn(|row| invert(from[shift_rows(4 * COLUMN + row)]));
    let brackets: [_; 4] = from_fn(|row| linear(THRICE, inverses[row]) ^ linear(TWICE, inverses[(row + 1) % 4]));
    let sum = (brackets[0] ^ brackets[1]) ^ (brackets[2] ^ brackets[3]);
    for row in 0..4 {
        to[4 * COLUMN + row] = brackets[row] ^ sum ^ key[4 * COLUMN + row];
    }
}

/// The last round, and each block in a vector of its own again.
#[inline(never)]
fn last_round(key: &Slices, from: &Slices, blocks: &mut [Vector; 16]) {
    *blocks = transpose(sixteen!(|n: usize| linear(LAST, invert(from[shift_rows(n)])) ^ key[n]));
}

/// Byte m of vector n becomes byte n of vector m.
#[inline(always)]
pub(super) fn transpose(vectors: [Vector; 16]) -> [Vector; 16] {
    // The place of a byte is a number of eight bits: four for the vector, then four in it. Each step rotates this
    // number by one bit, four of them swap its halves.
    step(step(step(step(vectors))))
}

#[inline(always)]
fn step([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [Vector; 16]) -> [Vector; 16] {
    let zip = |x: Vector, y: Vector| [x.zip_low(y), x.zip_high(y)];
    let pairs = [zip(a, i), zip(b, j), zip(c, k), zip(d, l), zip(e, m), zip(f, n), zip(g, o), zip(h, p)];
    let [[a, b], [c, d], [e, f], [g, h], [i, j], [k, l], [m, n], [o, p]] = pairs;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Each byte sixteen times.
fn splat_each(bytes: Vector) -> Slices {
    // From memory, where the processor repeats a byte while it loads it.
    let bytes = black_box(bytes.to_bytes());
    sixteen!(|n: usize| Vector::splat(bytes[n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_swaps_rows_and_columns() {
        let rows: [Vector; 16] = from_fn(|row| Vector::new(from_fn(|column| (16 * row + column) as u8)));
        for (column, vector) in transpose(rows).into_iter().enumerate() {
            assert_eq!(vector.to_bytes(), from_fn(|row| (16 * row + column) as u8));
        }
    }

    #[test]
    fn sixteen_blocks_are_what_the_block_cipher_makes_of_them() {
        for length in [16, 24, 32] {
            let aes = Aes::new(&[0x5a; 32][..length]).unwrap();
            let lanes = Lanes::new(&aes);
            let block = |last: u8| Vector::new([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, last]);
            let counter = Counter::new(&aes, block(0xff));
            for from in (0..=0xf0).step_by(16) {
                let mut expected: [Vector; 16] = from_fn(|lane| block(from + lane as u8));
                aes.encrypt(&mut expected);
                let mut room = [[Vector::ZERO; 16]; 2];
                lanes.keystream(&counter, from, &mut room);
                assert_eq!(room[0].map(Vector::to_bytes), expected.map(Vector::to_bytes), "{length} {from}");
            }
        }
    }
}
