//! Deflate streams (RFC 1951), whole and in one go: input and output lie in memory from end to end, so there is no
//! window, no state between calls, and a copy is one from the output to itself.

use super::bits::Bits;
use super::huffman::{END, EXCEPTION, FURTHER, LITERAL, Table};
use crate::shape::LARGE;
use crate::vector::Bytes;

/// The tables of the last block, which take a while to make room for.
pub(super) struct Inflate {
    literals: Table<LITERAL_ENTRIES>,
    distances: Table<DISTANCE_ENTRIES>,
    lengths: Table<LENGTH_ENTRIES>,
    /// The tables are those of the fixed codes.
    fixed: bool,
}

/// What was written, in a buffer with room behind it.
pub(super) struct Output<'a> {
    bytes: &'a mut Vec<u8>,
    /// How many bytes of `bytes` were written.
    end: usize,
    /// How many may be.
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    Truncated,
    Corrupt,
    TooLarge,
}

/// Further tables and all, for codes of up to 15 bits: 286 symbols and an index of 11 bits, 30 and 8, 19 and 7.
const LITERAL_ENTRIES: usize = 2400;
const DISTANCE_ENTRIES: usize = 512;
const LENGTH_ENTRIES: usize = 128;
const LITERAL_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 8;
const LENGTH_BITS: u32 = 7;

/// Room behind the expected end, so that there is always enough for a symbol.
pub(super) const SLACK: usize = 320;

/// Room that there must be behind the end before a symbol is read: three bytes, the longest copy, a vector more.
const ROOM: usize = 3 + 258 + 2 * COPY;
/// How many bytes are copied at once.
const COPY: usize = Bytes::COUNT;

impl<'a> Output<'a> {
    /// At most `most` bytes, into a buffer that has room for `expected`.
    pub(super) fn new(bytes: &'a mut Vec<u8>, expected: usize, most: usize) -> Self {
        // Lines are made of a large document in its own buffer, and are longer.
        let expected = expected.min(most);
        let spare = if expected < LARGE { 0 } else { expected / 4 };
        if bytes.capacity() < expected {
            // What it holds is of no use: given back first, it is neither copied nor held beside the new one.
            *bytes = Vec::with_capacity(expected.saturating_add(spare).saturating_add(SLACK));
        }
        let mut output = Output { bytes, end: 0, most };
        output.reserve(expected.saturating_add(SLACK));
        output
    }

    /// What was written from `start` on.
    pub(super) fn written(&self, start: usize) -> &[u8] {
        self.bytes.get(start..self.end).unwrap_or_default()
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Room for `room` more bytes, or as many as there may be.
    fn grow(&mut self, room: usize) -> Result<(), Error> {
        if self.end > self.most {
            return Err(Error::TooLarge);
        }
        let wanted = self.end.saturating_add(room);
        if wanted > self.bytes.len() {
            let doubled = self.bytes.len().saturating_mul(2);
            self.reserve(wanted.max(doubled).min(self.most.saturating_add(SLACK)));
        }
        Ok(())
    }

    fn reserve(&mut self, length: usize) {
        if self.bytes.capacity() < length {
            self.bytes.reserve_exact(length.saturating_sub(self.bytes.len()));
        }
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }
}

impl Inflate {
    pub(super) fn new() -> Box<Self> {
        let (literals, distances, lengths) = (Table::new(), Table::new(), Table::new());
        Box::new(Inflate { literals, distances, lengths, fixed: false })
    }

    /// Inflates the stream at the start of `input` behind what was written before; how many bytes of input it had.
    pub(super) fn stream(&mut self, input: &[u8], output: &mut Output<'_>) -> Result<usize, Error> {
        let start = output.end;
        let mut bits = Bits::new(input);
        loop {
            if !bits.fill() {
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
            let stop = symbols(&self.literals, &self.distances, bits, output.bytes, start, &mut output.end);
            match stop {
                Stop::End => return Ok(()),
                Stop::Error => return Err(bits.error()),
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
            self.literals.build(&lengths, &LITERALS, LITERAL_BITS)?;
            self.distances.build(&[5; 32], &DISTANCES, DISTANCE_BITS)?;
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
                bits.fill();
            }
            *lengths.get_mut(*symbol)? = bits.take(3) as u8;
        }
        self.lengths.build(&lengths, &LENGTHS, LENGTH_BITS)?;
        // Unlike the other codes, this one has to be complete.
        if self.lengths.is_incomplete() {
            return None;
        }
        let mut lengths = [0u8; 286 + 30];
        let lengths = lengths.get_mut(..literals.wrapping_add(distances))?;
        self.read_lengths(bits, lengths)?;
        let (literals, distances) = lengths.split_at_checked(literals)?;
        // A block that cannot end.
        if literals.get(256) == Some(&0) {
            return None;
        }
        self.literals.build(literals, &LITERALS, LITERAL_BITS)?;
        self.distances.build(distances, &DISTANCES, DISTANCE_BITS)
    }

    fn read_lengths(&self, bits: &mut Bits<'_>, lengths: &mut [u8]) -> Option<()> {
        let (mut at, mut last) = (0usize, None);
        while at < lengths.len() {
            if !bits.fill() {
                return None;
            }
            let entry = self.lengths.entry(low(bits.peek(), self.lengths.bits()));
            if entry & EXCEPTION != 0 {
                return None;
            }
            bits.drop(entry & 0xff);
            let (length, times) = match entry >> 16 {
                16 => (last?, bits.take(2).wrapping_add(3)),
                17 => (0, bits.take(3).wrapping_add(3)),
                18 => (0, bits.take(7).wrapping_add(11)),
                length => (length as u8, 1),
            };
            let end = at.wrapping_add(times);
            lengths.get_mut(at..end)?.fill(length);
            (at, last) = (end, Some(length));
        }
        Some(())
    }
}

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

/// Why reading symbols stopped.
enum Stop {
    /// The block ended.
    End,
    /// There is no room for another symbol.
    Full,
    /// What comes next is no symbol, or there is nothing.
    Error,
}

/// Reads symbols and writes what they say to `output`, from `end` on, as long as there is room. Copies begin at `start` or
/// later.
#[inline(never)]
fn symbols(
    literals: &Table<LITERAL_ENTRIES>,
    distances: &Table<DISTANCE_ENTRIES>,
    bits_left: &mut Bits<'_>,
    output: &mut [u8],
    start: usize,
    written: &mut usize,
) -> Stop {
    let (mut bits, mut end) = (*bits_left, *written);
    let last = output.len().saturating_sub(ROOM);
    let stop = loop {
        if end > last || output.len() < ROOM {
            break Stop::Full;
        }
        if !bits.fill() {
            break Stop::Error;
        }
        // 56 bits are at hand: enough for two bytes and a length, or a third byte.
        let mut entry = literals.entry(low(bits.peek(), literals.bits()));
        let mut bytes = 0u32;
        while entry & LITERAL != 0 {
            put(output, end, entry);
            end = end.wrapping_add(1);
            bits.drop(entry & 0xff);
            bytes = bytes.wrapping_add(1);
            if bytes == 3 {
                break;
            }
            entry = literals.entry(low(bits.peek(), literals.bits()));
        }
        if bytes == 3 {
            continue;
        }
        if entry & EXCEPTION != 0 {
            if entry & FURTHER != 0 {
                entry = further(literals, &mut bits, entry);
                if entry & LITERAL != 0 {
                    put(output, end, entry);
                    end = end.wrapping_add(1);
                    bits.drop(entry & 0xff);
                    continue;
                }
            }
            if entry & EXCEPTION != 0 {
                bits.drop(entry & 0xff);
                break if entry >> 16 == END { Stop::End } else { Stop::Error };
            }
        }
        let length = value(&mut bits, entry);
        bits.fill();
        let mut entry = distances.entry(low(bits.peek(), distances.bits()));
        if entry & EXCEPTION != 0 {
            if entry & FURTHER != 0 {
                entry = further(distances, &mut bits, entry);
            }
            if entry & EXCEPTION != 0 {
                break Stop::Error;
            }
        }
        let distance = value(&mut bits, entry);
        if distance > end.wrapping_sub(start) {
            break Stop::Error;
        }
        copy(output, end, distance, length);
        end = end.wrapping_add(length);
    };
    (*bits_left, *written) = (bits, end);
    stop
}

/// The entry behind one of a further table, whose bits are taken.
#[inline(always)]
fn further<const SIZE: usize>(table: &Table<SIZE>, bits: &mut Bits<'_>, entry: u32) -> u32 {
    bits.drop(entry & 0xff);
    table.entry((entry as usize >> 16 & 0x7fff).wrapping_add(low(bits.peek(), entry >> 8 & 0x3f)))
}

/// Takes the bits of a length or distance.
#[inline(always)]
fn value(bits: &mut Bits<'_>, entry: u32) -> usize {
    let extra = low(bits.peek(), entry & 0xff).wrapping_shr(entry >> 8 & 0x3f);
    bits.drop(entry & 0xff);
    (entry as usize >> 16).wrapping_add(extra)
}

/// The lowest `count` bits, 32 at most.
#[inline(always)]
fn low(bits: u64, count: u32) -> usize {
    (bits & 1u64.wrapping_shl(count).wrapping_sub(1)) as usize
}

#[inline(always)]
fn put(output: &mut [u8], at: usize, entry: u32) {
    if let Some(place) = output.get_mut(at) {
        *place = (entry >> 16) as u8;
    }
}

/// Copies `length` bytes from `distance` bytes before `end` to `end`, and some more that do not count.
#[inline(always)]
fn copy(output: &mut [u8], mut end: usize, mut distance: usize, length: usize) {
    let behind = end.wrapping_add(length);
    if distance < COPY {
        // What repeats after a few bytes also repeats after twice as many.
        while distance < COPY {
            copy_vector(output, end, distance);
            end = end.wrapping_add(distance);
            distance = distance.wrapping_mul(2);
        }
        if end >= behind {
            return;
        }
    }
    copy_vector(output, end, distance);
    end = end.wrapping_add(COPY);
    while end < behind {
        copy_vector(output, end, distance);
        end = end.wrapping_add(COPY);
    }
}

#[inline(always)]
fn copy_vector(output: &mut [u8], end: usize, distance: usize) {
    let Some(source) = output.get(end.wrapping_sub(distance)..).and_then(|bytes| bytes.first_chunk()) else { return };
    let vector = Bytes::load(source);
    let Some(place) = output.get_mut(end..).and_then(|bytes| bytes.first_chunk_mut()) else { return };
    *place = vector.store();
}

/// The order in which the lengths of the code for lengths come.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What the symbols mean: bytes, the end, lengths, and two that mean nothing.
static LITERALS: [u32; 288] = literals();
static DISTANCES: [u32; 32] = distances();
static LENGTHS: [u32; 19] = lengths();

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

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn lengths() -> [u32; 19] {
    let mut meanings = [0; 19];
    let mut symbol = 0;
    while symbol < 19 {
        meanings[symbol] = (symbol as u32) << 16;
        symbol += 1;
    }
    meanings
}
