//! CRC-32 (RFC 1952, section 8) for machines without an instruction for it: a long text is first folded into a few
//! hundred bytes that have the same checksum, by nothing but exclusive or.
//!
//! A checksum is the remainder of the text, read as a polynomial, modulo another one of degree 32. That one divides the
//! sparse polynomial x^2400 + x^1240 + x^936 + x^712 + 1. So x^2400 and x^1240 + x^936 + x^712 + 1 leave the same
//! remainder: a byte can be taken out if it is added to those that stand 2400 - 1240, 2400 - 936, 2400 - 712 and 2400
//! bits behind it. From the first byte on all are taken out like this, 64 at a time, until a few hundred are left.

use crate::vector::Bytes;

/// The checksum of `bytes`.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    if bytes.len() < LEAST {
        return !by_table(u32::MAX, bytes);
    }
    let whole = bytes.len().saturating_sub(REACH) / BLOCK * BLOCK;
    let (folded, rest) = bytes.split_at_checked(whole).unwrap_or_default();
    let mut sums = [0; REACH + BLOCK];
    sums.iter_mut().zip(rest).for_each(|(sum, byte)| *sum = *byte);
    let window = fold(folded);
    for distance in DISTANCES {
        let moved = window.iter().skip(REACH.wrapping_sub(distance));
        sums.iter_mut().zip(moved).for_each(|(sum, byte)| *sum ^= byte);
    }
    !by_table(0, sums.get(..rest.len()).unwrap_or_default())
}

/// How many bytes behind it a byte is added.
const DISTANCES: [usize; 4] = [145, 183, 211, 300];

/// The furthest of them, in whole vectors.
const REACH: usize = 304;

/// How many bytes are taken out at once: fewer than the shortest distance.
const BLOCK: usize = 64;

/// How many bytes are taken out between two moves of the last `REACH` to the front.
const STRETCH: usize = 4096;

/// Shorter texts are not worth the folding.
const LEAST: usize = 768;

/// Takes out all bytes, which are whole blocks, and answers the last that were taken out, as they were then: what stands
/// behind them is still to be added to. The first four carry what a checksum begins with.
#[inline(never)]
fn fold(bytes: &[u8]) -> [u8; REACH] {
    let mut window = [0; REACH + STRETCH];
    let mut begin = [0; BLOCK];
    begin.iter_mut().take(4).for_each(|byte| *byte = 0xff);
    for stretch in bytes.chunks(STRETCH) {
        let (blocks, _) = stretch.as_chunks::<BLOCK>();
        let mut at = 0usize;
        for block in blocks {
            let place = window.get_mut(at..).and_then(|place| place.first_chunk_mut::<{ REACH + BLOCK }>());
            let Some((past, next)) = place.and_then(|place| place.split_first_chunk_mut::<REACH>()) else { break };
            let [a, b, c, d] = DISTANCES.map(|distance| vectors(past.get(REACH.wrapping_sub(distance)..)));
            let added = a.iter().zip(b).zip(c).zip(d);
            let (next, _) = next.as_chunks_mut::<{ Bytes::COUNT }>();
            let taken = vectors(Some(block)).iter().zip(vectors(Some(&begin)));
            for ((next, (byte, begin)), (((a, b), c), d)) in next.iter_mut().zip(taken).zip(added) {
                let [a, b, c, d] = [a, b, c, d].map(Bytes::load);
                *next = Bytes::load(byte).xor(Bytes::load(begin)).xor(a).xor(b).xor(c).xor(d).store();
            }
            begin = [0; BLOCK];
            at = at.wrapping_add(BLOCK);
        }
        window.copy_within(at..at.wrapping_add(REACH), 0);
    }
    window.first_chunk().copied().unwrap_or([0; REACH])
}

/// A block as vectors.
#[inline(always)]
fn vectors(bytes: Option<&[u8]>) -> &[[u8; Bytes::COUNT]; BLOCK / Bytes::COUNT] {
    const NONE: [[u8; Bytes::COUNT]; BLOCK / Bytes::COUNT] = [[0; Bytes::COUNT]; BLOCK / Bytes::COUNT];
    bytes.and_then(|bytes| bytes.as_chunks().0.first_chunk()).unwrap_or(&NONE)
}

/// Goes on from `crc` over `bytes`, 16 at a time.
fn by_table(mut crc: u32, bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let mut block = *block;
        block.iter_mut().zip(crc.to_le_bytes()).for_each(|(byte, crc)| *byte ^= crc);
        crc = block.iter().zip(TABLES.iter().rev()).fold(0, |crc, (byte, table)| crc ^ entry(table, *byte));
    }
    let [table, ..] = &TABLES;
    rest.iter().fold(crc, |crc, byte| crc >> 8 ^ entry(table, crc as u8 ^ byte))
}

#[inline(always)]
fn entry(table: &[u32; 256], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or(0)
}

/// For each byte the remainder that it leaves with 0 to 15 bytes behind it.
static TABLES: [[u32; 256]; 16] = tables();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn tables() -> [[u32; 256]; 16] {
    let mut tables = [[0; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut behind = 0;
        while behind < 16 {
            remainder = times_x8(remainder);
            tables[behind][byte] = remainder;
            behind += 1;
        }
        byte += 1;
    }
    tables
}

/// A remainder times x^8. The highest power is the lowest bit, as in the order of a byte's bits.
#[allow(clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const fn times_x8(mut remainder: u32) -> u32 {
    let mut bit = 0;
    while bit < 8 {
        let carry = remainder & 1;
        remainder >>= 1;
        if carry == 1 {
            remainder ^= POLYNOMIAL;
        }
        bit += 1;
    }
    remainder
}

/// x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1, and x^32, which is not written.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// The sparse polynomial leaves no remainder.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const _: () = {
    let [a, b, c, furthest] = DISTANCES;
    let (mut power, mut sum, mut bytes) = (1u32 << 31, 0, 0);
    while bytes <= furthest {
        if bytes == 0 || bytes == furthest - c || bytes == furthest - b || bytes == furthest - a || bytes == furthest {
            sum ^= power;
        }
        power = times_x8(power);
        bytes += 1;
    }
    assert!(sum == 0 && BLOCK <= a && furthest <= REACH && REACH <= LEAST);
};
