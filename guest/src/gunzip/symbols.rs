//! The symbols of a block (RFC 1951, section 3.2.3): bytes, and copies of what was written before.

use super::bits::Bits;
use super::copy::{FAR, copy};
use super::huffman::{END, EXCEPTION, FURTHER, LITERAL, Table, low};
use super::meanings::{Distances, Literals};

/// The codes of a block.
pub(super) struct Codes {
    pub(super) literals: Literals,
    pub(super) distances: Distances,
}

/// Room that there must be behind the end before a symbol is read: two bytes and a copy.
pub(super) const ROOM: usize = 2 + FAR;

/// Why reading symbols stopped.
pub(super) enum Stop {
    /// The block ended.
    End,
    /// There is no room for another symbol.
    Full,
    /// What is left of the input is less than is filled at once.
    NearlyRead,
    /// What comes next is no symbol, or there is nothing.
    Error,
}

/// Reads symbols and writes what they say to `output`, from `end` on, as long as there is room. Copies begin at `start` or
/// later. `LAST`: also those in the last bytes of the input; else nothing is called in the loop that is needed all the
/// time, so that what it needs can stay in registers.
#[inline(never)]
pub(super) fn symbols<const LAST: bool>(
    codes: &Codes,
    bits_left: &mut Bits<'_>,
    output: &mut [u8],
    start: usize,
    written: &mut usize,
) -> Stop {
    let (mut bits, mut end) = (*bits_left, *written);
    let stop = loop {
        if let Some(stop) = symbol::<LAST>(codes, &mut bits, output, start, &mut end) {
            break stop;
        }
    };
    (*bits_left, *written) = (bits, end);
    stop
}

/// Up to three bytes, or up to two and a copy.
#[inline(always)]
fn symbol<const LAST: bool>(
    Codes { literals, distances }: &Codes,
    bits: &mut Bits<'_>,
    output: &mut [u8],
    start: usize,
    end: &mut usize,
) -> Option<Stop> {
    if !fill::<LAST>(bits) {
        return Some(if LAST { Stop::Error } else { Stop::NearlyRead });
    }
    let Some(room) = output.get_mut(*end..).and_then(|room| room.first_chunk_mut::<ROOM>()) else {
        return Some(Stop::Full);
    };

    // 56 bits are at hand: enough for a length and a distance, or for three bytes.
    let mut entry = literals.entry(bits.peek());
    if entry & LITERAL != 0 {
        room[0] = byte(bits, entry);
        entry = literals.entry(bits.peek());
        let mut bytes = 1usize;
        if entry & LITERAL != 0 {
            room[1] = byte(bits, entry);
            entry = literals.entry(bits.peek());
            bytes = 2;
            if entry & LITERAL != 0 {
                room[2] = byte(bits, entry);
                *end = end.wrapping_add(3);
                return None;
            }
        }
        *end = end.wrapping_add(bytes);
        if !fill::<LAST>(bits) {
            return Some(if LAST { Stop::Error } else { Stop::NearlyRead });
        }
    }
    if entry & EXCEPTION != 0 {
        if entry & FURTHER != 0 {
            entry = further(literals, bits, entry);
            if entry & LITERAL != 0 {
                if let Some(place) = output.get_mut(*end) {
                    *place = byte(bits, entry);
                }
                *end = end.wrapping_add(1);
                return None;
            }
        }
        if entry & EXCEPTION != 0 {
            bits.drop(entry);
            return Some(if entry >> 16 == END { Stop::End } else { Stop::Error });
        }
    }
    let length = value(bits, entry);

    let mut entry = distances.entry(bits.peek());
    if entry & EXCEPTION != 0 {
        if entry & FURTHER != 0 {
            entry = further(distances, bits, entry);
        }
        if entry & EXCEPTION != 0 {
            return Some(Stop::Error);
        }
    }
    let distance = value(bits, entry);
    if distance > end.wrapping_sub(start) {
        return Some(Stop::Error);
    }
    // There was room. Were this to go on nevertheless, the sandbox would compute the length a second time.
    if copy(output, *end, distance, length).is_none() {
        return Some(Stop::Error);
    }
    *end = end.wrapping_add(length);
    None
}

#[inline(always)]
fn fill<const LAST: bool>(bits: &mut Bits<'_>) -> bool {
    if LAST { bits.fill_last() } else { bits.fill() }
}

/// Takes the bits of a byte.
#[inline(always)]
fn byte(bits: &mut Bits<'_>, entry: u32) -> u8 {
    bits.drop(entry);
    (entry >> 16) as u8
}

/// The entry of a further table, behind the bits of the one that says where it is.
#[inline(always)]
fn further<const FIRST: usize, const MORE: usize>(table: &Table<FIRST, MORE>, bits: &mut Bits<'_>, entry: u32) -> u32 {
    bits.drop(entry);
    table.further(entry, bits.peek())
}

/// Takes the bits of a length or distance, or of how often a length of the code comes.
#[inline(always)]
pub(super) fn value(bits: &mut Bits<'_>, entry: u32) -> usize {
    let extra = low(bits.peek(), entry).wrapping_shr(entry >> 8 & 0x3f);
    bits.drop(entry);
    (entry as usize >> 16).wrapping_add(extra)
}
