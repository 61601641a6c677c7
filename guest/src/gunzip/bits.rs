//! The stream as bits, the lowest of each byte first (RFC 1951, section 3.1.1).

use super::inflate::Error;

/// A stream of bits, up to 63 of them at hand.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// What is neither at hand nor taken.
    rest: &'a [u8],
    /// How many zeros stand behind the end that are at hand or taken. Nobody may take them.
    beyond: usize,
    /// Bits at hand; what lies above them is no matter.
    buffer: u64,
    /// How many, in the lowest six bits; what lies above those is no matter.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, rest: bytes, beyond: 0, buffer: 0, count: 0 }
    }

    /// Puts at least 56 bits at hand. False, and nothing happened, if there are not eight bytes to put there.
    #[inline(always)]
    pub(super) fn fill(&mut self) -> bool {
        let Some(word) = self.rest.first_chunk() else { return false };
        // Bits above `count` are these very ones, if any.
        self.buffer |= u64::from_le_bytes(*word).wrapping_shl(self.count);
        self.rest = self.rest.get((!self.count & 63) as usize >> 3..).unwrap_or_default();
        self.count |= 56;
        true
    }

    /// The same where there may be less, with zeros behind the end. False if more bits were taken than there are.
    pub(super) fn fill_last(&mut self) -> bool {
        self.fill() || {
            // What lies above `count` may be bits that are put there again.
            let mut count = self.count & 63;
            self.buffer &= 1u64.wrapping_shl(count).wrapping_sub(1);
            while count < 56 {
                match self.rest.split_first() {
                    Some((byte, rest)) => {
                        self.buffer |= u64::from(*byte).wrapping_shl(count);
                        self.rest = rest;
                    }
                    None => self.beyond = self.beyond.wrapping_add(1),
                }
                count = count.wrapping_add(8);
            }
            self.count = count;
            self.position() <= self.bytes.len()
        }
    }

    /// The bits at hand.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes bits that are at hand: as many as the lowest six bits of `count` say.
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
        let at = self.bytes.len().wrapping_sub(self.rest.len()).wrapping_add(self.beyond);
        at.wrapping_sub((self.count & 63) as usize >> 3)
    }

    /// The whole bytes that come next; what is left of a byte before them is dropped.
    pub(super) fn whole_bytes(&mut self) -> &'a [u8] {
        self.drop(self.count & 7);
        self.bytes.get(self.position()..).unwrap_or_default()
    }

    /// Takes whole bytes.
    pub(super) fn skip_bytes(&mut self, count: usize) {
        let rest = self.bytes.get(self.position().wrapping_add(count)..).unwrap_or_default();
        *self = Bits { bytes: self.bytes, rest, beyond: 0, buffer: 0, count: 0 };
    }

    /// Why what comes next makes no sense: it was cut off, or it was never right.
    pub(super) fn error(&self) -> Error {
        if self.beyond > 0 { Error::Truncated } else { Error::Corrupt }
    }
}
