//! UTF-8 (RFC 3629), checked 64 bytes at a time: with one look where all of them are ASCII, else with three lookups for
//! each pair of neighbours.
//!
//! Almost all that can be wrong shows in two neighbours, told by the two halves of the first and the upper half of the
//! second: [`KINDS`]. What remains is a continuation byte behind a continuation byte: it has to be there if the
//! character began two or three bytes before it with a byte for so many, and must not be there else.

use std::str::Utf8Error;

use crate::vector::{self, Bytes};

#[cfg(test)]
mod tests;

/// The text that the bytes are.
///
/// # Errors
/// The first place where they are none.
pub(crate) fn from_utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    #[cfg(feature = "native")]
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(text);
    }
    if vector::HAS_LOOKUP && is_utf8(bytes) {
        #[allow(unsafe_code, reason = "the standard library's own check costs more than the JSON of the same text")]
        // SAFETY: `is_utf8` accepts nothing else.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes)
}

const BLOCK: usize = 64;

fn is_utf8(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut check = Check { last: Bytes::all(0), wrong: Bytes::all(0), is_open: false };
    blocks.iter().for_each(|block| check.block(block));
    // Behind the text stand zeros: what is not complete there never will be.
    let mut block = [0; BLOCK];
    block.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    check.block(&block);
    check.wrong.is_zero()
}

struct Check {
    /// The vector before.
    last: Bytes,
    /// Anything but zeros: what was seen is not UTF-8.
    wrong: Bytes,
    /// The vector before was not all ASCII.
    is_open: bool,
}

impl Check {
    #[inline(always)]
    fn block(&mut self, block: &[u8; BLOCK]) {
        let (parts, _) = block.as_chunks::<{ Bytes::COUNT }>();
        let mut vectors = [Bytes::all(0); BLOCK / Bytes::COUNT];
        vectors.iter_mut().zip(parts).for_each(|(vector, part)| *vector = Bytes::load(part));
        let [a, b, c, d] = vectors;
        if self.is_open || !a.or(b).or(c.or(d)).is_ascii() {
            // Not a loop: in the sandbox each turn costs a check for interrupts.
            self.wrong = self.wrong.or(wrong(self.last, a).or(wrong(a, b))).or(wrong(b, c).or(wrong(c, d)));
            self.last = d;
            self.is_open = !d.is_ascii();
        }
    }
}

/// Anything but zeros if `vector`, behind `last`, is not UTF-8.
#[inline(always)]
fn wrong(last: Bytes, vector: Bytes) -> Bytes {
    let (one, two, three) = (vector.behind::<1>(last), vector.behind::<2>(last), vector.behind::<3>(last));
    let first = Bytes::load(&FIRST_HIGH).lookup(one.high_halves());
    let first = first.and(Bytes::load(&FIRST_LOW).lookup(one.and(Bytes::all(0x0f))));
    let kinds = first.and(Bytes::load(&SECOND_HIGH).lookup(vector.high_halves()));
    // The high bit: two bytes before began a character of three or four, or three bytes before one of four.
    let third = two.less(Bytes::all(0xe0 - 0x80)).or(three.less(Bytes::all(0xf0 - 0x80)));
    kinds.xor(third.and(Bytes::all(0x80)))
}

/// What is wrong with two neighbours: sets of what the upper half of the first, its lower half, and the upper half of the
/// second must be. The last kind is wrong only where no third or fourth byte is due.
const KINDS: [[u16; 3]; 8] = [
    // A byte that begins a character of several, and no continuation.
    [BEGINS, ANY, !CONTINUES],
    // A continuation behind a whole character.
    [ASCII, ANY, CONTINUES],
    // Two bytes, three or four for what fewer can say; half of a surrogate pair; beyond U+10FFFF.
    [1 << 0xc, 0b11, CONTINUES],
    [1 << 0xe, 1 << 0x0, 1 << 0x8 | 1 << 0x9],
    [1 << 0xe, 1 << 0xd, 1 << 0xa | 1 << 0xb],
    [1 << 0xf, ANY << 0x4, 1 << 0x9 | 1 << 0xa | 1 << 0xb],
    [1 << 0xf, ANY << 0x5 | 1 << 0x0, 1 << 0x8],
    [CONTINUES, ANY, CONTINUES],
];

const ANY: u16 = 0xffff;
const ASCII: u16 = 0x00ff;
const CONTINUES: u16 = 0x0f00;
const BEGINS: u16 = 0xf000;

const FIRST_HIGH: [u8; 16] = kinds(0);
const FIRST_LOW: [u8; 16] = kinds(1);
const SECOND_HIGH: [u8; 16] = kinds(2);

/// For each half the kinds that it can be part of, a bit each.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn kinds(part: usize) -> [u8; 16] {
    let mut table = [0; 16];
    let mut at = 0;
    while at < 128 {
        let (half, kind) = (at / 8, at % 8);
        table[half] |= ((KINDS[kind][part] >> half & 1) as u8) << kind;
        at += 1;
    }
    table
}
