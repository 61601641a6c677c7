//! Deflate streams (RFC 1951), whole and in one go: input and output lie in memory from end to end, so there is no
//! window, no state between calls, and a copy is one from the output to itself.

use super::bits::Bits;
use super::coded::Coded;
use super::huffman::{EXCEPTION, Table};
use super::meanings::{AGAIN, DISTANCES, LENGTHS, LITERALS, Lengths};
use super::output::Output;
use super::symbols::{Codes, ROOM, Stop, symbols, value};

/// The tables of the last block, which take a while to make room for.
pub(super) struct Inflate {
    codes: Codes,
    lengths: Lengths,
    /// Of the codes for literals and distances, as read; some more may be written.
    read: [u8; MOST_LENGTHS + SPLAT],
    coded: Coded,
    /// The tables are those of the fixed codes.
    fixed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    Truncated,
    Corrupt,
    TooLarge,
}

impl Inflate {
    pub(super) fn new() -> Box<Self> {
        let codes = Codes { literals: Table::new(), distances: Table::new() };
        let (lengths, read) = (Table::new(), [0; MOST_LENGTHS + SPLAT]);
        Box::new(Inflate { codes, lengths, read, coded: Coded::new(), fixed: false })
    }

    /// Inflates the stream at the start of `input` behind what was written before; how many bytes of input it had.
    pub(super) fn stream(&mut self, input: &[u8], output: &mut Output<'_>) -> Result<usize, Error> {
        let start = output.end;
        let mut bits = Bits::new(input);
        loop {
            if !bits.fill_last() {
                return Err(Error::Truncated);
            }
            let is_last = bits.take(1) == 1;
            match bits.take(2) {
                0 => stored(&mut bits, output)?,
                1 => {
                    self.fixed_tables().ok_or(Error::Corrupt)?;
                    self.block(&mut bits, output, start)?;
                }
                2 => {
                    self.read_tables(&mut bits).ok_or_else(|| bits.error())?;
                    self.block(&mut bits, output, start)?;
                }
                _ => return Err(bits.error()),
            }
            if output.end > output.most {
                return Err(Error::TooLarge);
            }
            if is_last {
                return if bits.position() > input.len() { Err(Error::Truncated) } else { Ok(bits.position()) };
            }
        }
    }

    /// The symbols of a block, up to its end.
    fn block(&self, bits: &mut Bits<'_>, output: &mut Output<'_>, start: usize) -> Result<(), Error> {
        loop {
            let mut stop = symbols::<false>(&self.codes, bits, output.bytes, start, &mut output.end);
            if let Stop::NearlyRead = stop {
                stop = symbols::<true>(&self.codes, bits, output.bytes, start, &mut output.end);
            }
            match stop {
                Stop::End => return Ok(()),
                Stop::Error | Stop::NearlyRead => return Err(bits.error()),
                Stop::Full => output.grow(ROOM)?,
            }
        }
    }

    /// The tables of the fixed codes (section 3.2.6).
    fn fixed_tables(&mut self) -> Option<()> {
        if !self.fixed {
            let mut lengths = [8; 288];
            lengths.get_mut(144..256)?.fill(9);
            lengths.get_mut(256..280)?.fill(7);
            self.codes.literals.build(self.coded.sort(&lengths)?, &LITERALS)?;
            self.codes.distances.build(self.coded.sort(&[5; 32])?, &DISTANCES)?;
            self.fixed = true;
        }
        Some(())
    }

    /// The tables of a block with codes of its own (section 3.2.7).
    fn read_tables(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        self.fixed = false;
        let literals = bits.take(5).wrapping_add(257);
        let distances = bits.take(5).wrapping_add(1);
        let count = bits.take(4).wrapping_add(4);
        if literals > 286 || distances > 30 {
            return None;
        }
        let mut lengths = [0; 19];
        for (index, symbol) in LENGTH_ORDER.iter().take(count).enumerate() {
            if index % 16 == 0 {
                bits.fill_last();
            }
            *lengths.get_mut(*symbol)? = bits.take(3) as u8;
        }
        self.lengths.build(self.coded.sort(&lengths)?, &LENGTHS)?;
        // Unlike the other codes, this one has to be complete.
        if self.lengths.is_incomplete() {
            return None;
        }
        let count = literals.wrapping_add(distances);
        read_lengths(&self.lengths, bits, &mut self.read, count)?;
        let (literals, distances) = self.read.get(..count)?.split_at_checked(literals)?;
        // A block that cannot end.
        if literals.get(256) == Some(&0) {
            return None;
        }
        self.codes.literals.build(self.coded.sort(literals)?, &LITERALS)?;
        self.codes.distances.build(self.coded.sort(distances)?, &DISTANCES)
    }
}

/// Reads the lengths of that many symbols, with the code for lengths (section 3.2.7).
#[inline(never)]
fn read_lengths(
    codes: &Lengths,
    bits_left: &mut Bits<'_>,
    lengths: &mut [u8; MOST_LENGTHS + SPLAT],
    count: usize,
) -> Option<()> {
    let (mut bits, mut at, mut last) = (*bits_left, 0usize, 0u8);
    'lengths: while at < count && bits.fill_last() {
        // 56 bits are at hand: enough for four.
        for _ in 0..4 {
            let entry = codes.entry(bits.peek());
            // The first one has none before it.
            if entry & EXCEPTION != 0 || entry & AGAIN != 0 && at == 0 {
                break 'lengths;
            }
            last = if entry & AGAIN != 0 { last } else { (entry >> 24) as u8 };
            let end = at.wrapping_add(value(&mut bits, entry & 0x00ff_ffff));
            // Mostly it is one, and never is it known beforehand: what is written too much is overwritten by what
            // follows.
            while at < end {
                *lengths.get_mut(at..)?.first_chunk_mut()? = [last; SPLAT];
                at = at.wrapping_add(SPLAT);
            }
            at = end;
            if at >= count {
                break 'lengths;
            }
        }
    }
    *bits_left = bits;
    (at == count).then_some(())
}

/// The lengths of as many literals and distances as there can be.
const MOST_LENGTHS: usize = 286 + 30;
/// How many of the same length are written at once.
const SPLAT: usize = 16;

/// A block of bytes as they are (section 3.2.4).
fn stored(bits: &mut Bits<'_>, output: &mut Output<'_>) -> Result<(), Error> {
    let (header, rest) = bits.whole_bytes().split_first_chunk::<4>().ok_or(Error::Truncated)?;
    let [a, b, c, d] = *header;
    if [a, b] != [!c, !d] {
        return Err(Error::Corrupt);
    }
    let bytes = rest.get(..usize::from(u16::from_le_bytes([a, b]))).ok_or(Error::Truncated)?;
    if bytes.len() > output.most.saturating_sub(output.end) {
        return Err(Error::TooLarge);
    }
    let end = output.end.wrapping_add(bytes.len());
    output.grow(bytes.len().wrapping_add(ROOM))?;
    output.bytes.get_mut(output.end..end).ok_or(Error::TooLarge)?.copy_from_slice(bytes);
    output.end = end;
    bits.skip_bytes(header.len().wrapping_add(bytes.len()));
    Ok(())
}

/// The order in which the lengths of the code for lengths come.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
