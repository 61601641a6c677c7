//! Copies of every length from every distance that some rule tells apart, in streams written symbol by symbol with the
//! fixed codes (RFC 1951, section 3.2.6); what they say is worked out byte by byte.

use flate2::{Decompress, FlushDecompress};

use super::stream::{MOST, crc, data, inflate};
use crate::error::Reason;

#[test]
fn every_length_from_near_and_far() {
    for distance in (1..=330).chain([511, 512, 513, 4000, 32767, 32768]) {
        let mut written = data(distance);
        let mut bits = Bits::stored(&written);
        // Copies alone, and behind one literal, two and more, which are read in one step with them.
        for length in 3..=258 {
            bits.copy(length, distance);
            (0..length).for_each(|_| written.push(written[written.len() - distance]));
            for literal in 0..length % 5 {
                bits.literal(literal as u8 + 140);
                written.push(literal as u8 + 140);
            }
        }
        let deflated = bits.end();
        let mut expected = Vec::with_capacity(written.len());
        Decompress::new(false).decompress_vec(&deflated, &mut expected, FlushDecompress::Finish).unwrap();
        assert!(expected == written, "zlib, distance {distance}");
        assert!(inflate(&gzip(&deflated, &written), MOST).as_ref() == Ok(&written), "distance {distance}");
    }
}

#[test]
fn a_copy_begins_in_its_own_member() {
    for before in [1, 31, 32, 33, 287, 288, 289, 1000] {
        let first = data(before);
        let mut bits = Bits::stored(&first);
        bits.copy(3, before + 1);
        assert_eq!(inflate(&gzip(&bits.end(), &first), MOST), Err(Reason::Corrupt), "behind {before} bytes");
        // Bytes of the member before are at hand, but not for this one.
        let mut bits = Bits::stored(b"");
        bits.copy(3, 1);
        let both = [gzip(&Bits::stored(&first).end(), &first), gzip(&bits.end(), b"")].concat();
        assert_eq!(inflate(&both, MOST), Err(Reason::Corrupt), "behind a member of {before} bytes");
    }
}

fn gzip(deflated: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&header, deflated, &crc(data).to_le_bytes(), &length.to_le_bytes()].concat()
}

/// A deflate stream as it is written.
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are written.
    used: u32,
}

impl Bits {
    /// The bytes as they are, and then a block with the fixed codes.
    fn stored(data: &[u8]) -> Self {
        let mut bits = Bits { bytes: Vec::new(), used: 8 };
        for block in data.chunks(65535) {
            bits.put(0, 3);
            bits.used = 8;
            let length = u16::try_from(block.len()).unwrap();
            bits.bytes.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
            bits.bytes.extend(block);
        }
        bits.put(0b011, 3);
        bits
    }

    fn end(mut self) -> Vec<u8> {
        self.symbol(256);
        self.bytes
    }

    fn literal(&mut self, byte: u8) {
        self.symbol(byte.into());
    }

    fn copy(&mut self, length: usize, distance: usize) {
        if length == 258 {
            self.symbol(285);
        } else {
            let (symbol, extra, rest) = split(length - 3, 4);
            self.symbol(257 + symbol);
            self.put(rest, extra);
        }
        let (symbol, extra, rest) = split(distance - 1, 2);
        self.code(symbol, 5);
        self.put(rest, extra);
    }

    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    /// A code, its highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }

    /// A number, its lowest bit first.
    fn put(&mut self, number: u32, count: u32) {
        for bit in 0..count {
            if self.used == 8 {
                self.bytes.push(0);
                self.used = 0;
            }
            *self.bytes.last_mut().unwrap() |= ((number >> bit & 1) as u8) << self.used;
            self.used += 1;
        }
    }
}

/// The symbol of a length or distance, counted from 0, and its extra bits: of lengths four symbols have as many, of
/// distances two; the first ones twice as many have none (section 3.2.5).
fn split(value: usize, each: usize) -> (u32, u32, u32) {
    let (mut symbol, mut smallest) = (0u32, 0);
    loop {
        let extra = (symbol as usize / each).saturating_sub(1) as u32;
        if value < smallest + (1 << extra) {
            return (symbol, extra, (value - smallest) as u32);
        }
        smallest += 1 << extra;
        symbol += 1;
    }
}
