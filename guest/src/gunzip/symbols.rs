//! The symbols of a block (RFC 1951, section 3.2.3): bytes, and copies of what was written before.

use super::bits::Bits;
use super::huffman::{END, EXCEPTION, FURTHER, LITERAL, Table};
use super::meanings::{DISTANCE_ENTRIES, LITERAL_ENTRIES};
use crate::vector::Bytes;

/// Room that there must be behind the end before a symbol is read: three bytes, the longest copy, a vector more.
pub(super) const ROOM: usize = 3 + 258 + 2 * COPY;
/// How many bytes are copied at once.
const COPY: usize = Bytes::COUNT;

/// Why reading symbols stopped.
pub(super) enum Stop {
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
pub(super) fn symbols(
    literals: &Table<LITERAL_ENTRIES>,
    distances: &Table<DISTANCE_ENTRIES>,
    bits_left: &mut Bits<'_>,
    output: &mut [u8],
    start: usize,
    written: &mut usize,
) -> Stop {
    let (mut bits, mut end) = (*bits_left, *written);
    // Each turn costs a check for interrupts: two symbols share one.
    let stop = loop {
        if let Some(stop) = symbol(literals, distances, &mut bits, output, start, &mut end) {
            break stop;
        }
        if let Some(stop) = symbol(literals, distances, &mut bits, output, start, &mut end) {
            break stop;
        }
    };
    (*bits_left, *written) = (bits, end);
    stop
}

/// Up to three bytes, or a copy.
#[inline(always)]
fn symbol(
    literals: &Table<LITERAL_ENTRIES>,
    distances: &Table<DISTANCE_ENTRIES>,
    bits: &mut Bits<'_>,
    output: &mut [u8],
    start: usize,
    end: &mut usize,
) -> Option<Stop> {
    if *end > output.len().saturating_sub(ROOM) || output.len() < ROOM {
        return Some(Stop::Full);
    }
    if !bits.fill() {
        return Some(Stop::Error);
    }
    // 56 bits are at hand: enough for two bytes and a length, or a third byte.
    let mut entry = literals.entry(low(bits.peek(), literals.bits()));
    let mut bytes = 0u32;
    while entry & LITERAL != 0 {
        put(output, end, entry);
        bits.drop(entry & 0xff);
        bytes = bytes.wrapping_add(1);
        if bytes == 3 {
            return None;
        }
        entry = literals.entry(low(bits.peek(), literals.bits()));
    }
    if entry & EXCEPTION != 0 {
        if entry & FURTHER != 0 {
            entry = further(literals, bits, entry);
            if entry & LITERAL != 0 {
                put(output, end, entry);
                bits.drop(entry & 0xff);
                return None;
            }
        }
        if entry & EXCEPTION != 0 {
            bits.drop(entry & 0xff);
            return Some(if entry >> 16 == END { Stop::End } else { Stop::Error });
        }
    }
    let length = value(bits, entry);
    bits.fill();
    let mut entry = distances.entry(low(bits.peek(), distances.bits()));
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
    copy(output, *end, distance, length);
    *end = end.wrapping_add(length);
    None
}

/// The entry behind one of a further table, whose bits are taken.
#[inline(always)]
fn further<const SIZE: usize>(table: &Table<SIZE>, bits: &mut Bits<'_>, entry: u32) -> u32 {
    bits.drop(entry & 0xff);
    table.entry((entry as usize >> 16 & 0x7fff).wrapping_add(low(bits.peek(), entry >> 8 & 0x3f)))
}

/// Takes the bits of a length or distance, or of how often a length of the code comes.
#[inline(always)]
pub(super) fn value(bits: &mut Bits<'_>, entry: u32) -> usize {
    let extra = low(bits.peek(), entry & 0xff).wrapping_shr(entry >> 8 & 0x3f);
    bits.drop(entry & 0xff);
    (entry as usize >> 16).wrapping_add(extra)
}

/// The lowest `count` bits, 32 at most.
#[inline(always)]
pub(super) fn low(bits: u64, count: u32) -> usize {
    (bits & 1u64.wrapping_shl(count).wrapping_sub(1)) as usize
}

#[inline(always)]
fn put(output: &mut [u8], end: &mut usize, entry: u32) {
    if let Some(place) = output.get_mut(*end) {
        *place = (entry >> 16) as u8;
    }
    *end = end.wrapping_add(1);
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
    // Whether one vector is enough cannot be foreseen; whether two are, mostly can.
    copy_vector(output, end, distance);
    end = end.wrapping_add(COPY);
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
