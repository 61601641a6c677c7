//! The stream as bits, the lowest of each byte first (RFC 1951, section 3.1.1).

use super::inflate::Error;

/// A stream of bits, up to 63 of them at hand.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The bytes that are at hand or taken. May lie behind the end: there stand zeros that nobody may take.
    at: usize,
    /// Bits at hand; what lies above `count` is no matter.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, at: 0, buffer: 0, count: 0 }
    }

    /// Puts at least 56 bits at hand. False if more were taken than there are.
    #[inline(always)]
    pub(super) fn fill(&mut self) -> bool {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(word) => {
                // Bits above `count` are these very ones, if any.
                self.buffer |= u64::from_le_bytes(*word).wrapping_shl(self.count);
                self.at = self.at.wrapping_add((63 ^ self.count) as usize >> 3);
                self.count |= 56;
                true
            }
            None => {
                *self = self.filled_last();
                self.position() <= self.bytes.len()
            }
        }
    }

    /// By value, so that what is called all the time can keep the bits in registers.
    #[inline(never)]
    fn filled_last(mut self) -> Self {
        // What lies above `count` may be bits that are put there again.
        self.buffer &= 1u64.wrapping_shl(self.count).wrapping_sub(1);
        while self.count < 56 {
            let byte = self.bytes.get(self.at).copied().unwrap_or(0);
            self.buffer |= u64::from(byte).wrapping_shl(self.count);
            self.at = self.at.wrapping_add(1);
            self.count = self.count.wrapping_add(8);
        }
        self
    }

    /// The bits at hand.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes bits that are at hand.
    #[inline(always)]
    pub(super) fn drop(&mut self, count: u32) {
        self.buffer = self.buffer.wrapping_shr(count);
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes a number of up to 16 bits that are at hand.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        let number = self.buffer & 1u64.wrapping_shl(count).wrapping_sub(1);
        self.drop(count);
        number as usize
    }

    /// The first byte of which no bit was taken.
    pub(super) fn position(&self) -> usize {
        self.at.wrapping_sub(self.count as usize >> 3)
    }

    /// The whole bytes that come next; what is left of a byte before them is dropped.
    pub(super) fn whole_bytes(&mut self) -> &'a [u8] {
        self.drop(self.count & 7);
        self.bytes.get(self.position()..).unwrap_or_default()
    }

    /// Takes whole bytes.
    pub(super) fn skip_bytes(&mut self, count: usize) {
        *self = Bits { bytes: self.bytes, at: self.position().wrapping_add(count), buffer: 0, count: 0 };
    }

    /// Why what comes next makes no sense: it was cut off, or it was never right.
    pub(super) fn error(&self) -> Error {
        if self.at > self.bytes.len() { Error::Truncated } else { Error::Corrupt }
    }
}
