//! Where a string may end: quotes, backslashes and control characters, found 64 bytes at a time.

use crate::vector::Bytes;

/// The marks of one block of 64 bytes, those that were passed taken out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Where the block starts.
    block: usize,
    /// One bit for each byte of the block.
    bits: u64,
}

/// A block.
const BYTES: usize = 64;

impl Marks {
    /// Those from `at` on.
    pub(super) fn at(text: &[u8], at: usize) -> Self {
        Marks { block: at, bits: bits(text, at) }
    }

    /// Takes the next mark.
    #[inline(always)]
    pub(super) fn next(&mut self, text: &[u8]) -> Option<usize> {
        while self.bits == 0 {
            self.block = self.block.wrapping_add(BYTES);
            if self.block >= text.len() {
                self.block = text.len();
                return None;
            }
            self.bits = bits(text, self.block);
        }
        let index = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits.wrapping_sub(1);
        Some(self.block.wrapping_add(index))
    }
}

/// The marks of the block at `start`.
#[inline(always)]
fn bits(text: &[u8], start: usize) -> u64 {
    let Some(rest) = text.get(start..) else { return 0 };
    match rest.first_chunk() {
        Some(block) => block_bits(block),
        None => last_bits(rest),
    }
}

#[inline(always)]
fn block_bits(block: &[u8; BYTES]) -> u64 {
    let (parts, _) = block.as_chunks::<{ Bytes::COUNT }>();
    let mut bits = 0;
    for (index, part) in parts.iter().enumerate() {
        bits |= u64::from(part_bits(Bytes::load(part))) << (index * Bytes::COUNT);
    }
    bits
}

#[inline(always)]
fn part_bits(part: Bytes) -> u16 {
    let quotes = part.equal(Bytes::all(b'"'));
    let backslashes = part.equal(Bytes::all(b'\\'));
    let controls = part.equal(part.least(Bytes::all(0x1f)));
    quotes.or(backslashes).or(controls).bits::<7>()
}

/// A block that the text ends in.
#[cold]
fn last_bits(rest: &[u8]) -> u64 {
    let mut block = [b' '; BYTES];
    if let Some(start) = block.get_mut(..rest.len()) {
        start.copy_from_slice(rest);
    }
    block_bits(&block)
}
