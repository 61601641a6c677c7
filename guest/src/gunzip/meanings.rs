//! What the symbols of deflate's three codes mean (RFC 1951, section 3.2.5), as entries of [`super::huffman::Table`].

use super::huffman::{END, EXCEPTION, LITERAL, Table};

/// Of the codes for literals and lengths, for distances, and for the lengths of codes: with 11, 8 and 7 bits as the first
/// index, all further tables of 286, 30 and 19 symbols with up to 15, 15 and 7 bits have room.
pub(super) type Literals = Table<2048, 352>;
pub(super) type Distances = Table<256, 256>;
pub(super) type Lengths = Table<128, 0>;

/// What the symbols mean: bytes, the end, lengths, and two that mean nothing.
pub(super) static LITERALS: [u32; 288] = literals();
pub(super) static DISTANCES: [u32; 32] = distances();
pub(super) static LENGTHS: [u32; 19] = lengths();

/// Each length or distance has the smallest value behind the one before; extra bits make more of it.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn literals() -> [u32; 288] {
    let mut meanings = [EXCEPTION; 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol] = LITERAL | (symbol as u32) << 16;
        symbol += 1;
    }
    meanings[256] = EXCEPTION | END << 16;
    let mut smallest = 3;
    while symbol < 284 {
        symbol += 1;
        let extra = if symbol < 265 { 0 } else { (symbol as u32 - 261) / 4 };
        meanings[symbol] = smallest << 16 | extra;
        smallest += 1 << extra;
    }
    meanings[285] = 258 << 16;
    meanings
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn distances() -> [u32; 32] {
    let mut meanings = [EXCEPTION; 32];
    let (mut symbol, mut smallest) = (0, 1);
    while symbol < 30 {
        let extra = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        meanings[symbol] = smallest << 16 | extra;
        smallest += 1 << extra;
        symbol += 1;
    }
    meanings
}

/// How often a length comes, as above; in the uppermost byte the length itself, or [`AGAIN`] (section 3.2.7).
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn lengths() -> [u32; 19] {
    let mut meanings = [0; 19];
    let mut symbol = 0;
    while symbol < 16 {
        meanings[symbol] = (symbol as u32) << 24 | 1 << 16;
        symbol += 1;
    }
    meanings[16] = AGAIN | 3 << 16 | 2;
    meanings[17] = 3 << 16 | 3;
    meanings[18] = 11 << 16 | 7;
    meanings
}

/// The length is that of the symbol before.
pub(super) const AGAIN: u32 = 1 << 30;
