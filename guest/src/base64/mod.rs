//! Base64 (RFC 4648, section 4): padded, canonical, nothing else in between.
//!
//! Sixteen characters at a time, without a branch for any of them: what is wrong is gathered, and looked at in the end.

use crate::vector::{self, Bytes};

#[cfg(test)]
mod tests;

/// The text is not padded standard base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64;

/// Decodes `text` into `bytes`, whose content is replaced; after a failure it is empty.
pub(crate) fn decode(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotBase64> {
    #[cfg(feature = "native")]
    let length = decode_native(text.as_bytes(), bytes);
    #[cfg(not(feature = "native"))]
    let length = decode_into(text.as_bytes(), bytes);
    bytes.truncate(length.unwrap_or(0));
    length.map(|_| ()).ok_or(NotBase64)
}

/// The same by another library, with the processor's own instructions.
#[cfg(feature = "native")]
fn decode_native(text: &[u8], bytes: &mut Vec<u8>) -> Option<usize> {
    let room = text.len().div_ceil(4).saturating_mul(GROUP);
    if bytes.len() < room {
        bytes.resize(room, 0);
    }
    let place = bytes.get_mut(..room)?;
    base64_simd::STANDARD.decode(text, base64_simd::AsOut::as_out(place)).ok().map(|decoded| decoded.len())
}

/// The bytes of four characters.
const GROUP: usize = 3;
/// The characters of a vector, and their bytes.
const VECTOR: usize = Bytes::COUNT;
const DECODED: usize = VECTOR / 4 * GROUP;
/// How many vectors are decoded at once.
const BATCH: usize = 4;
/// Their bytes; a vector is stored with four zeros behind its bytes.
const PLACE: usize = BATCH * DECODED + 4;

/// Decodes to the front of `bytes`, which may have more; how many.
fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> Option<usize> {
    let (groups, []) = text.as_chunks::<4>() else { return None };
    let Some((last, groups)) = groups.split_last() else { return Some(0) };
    // Only ever longer: what is there from the last time is written over.
    let room = (text.len() / 4).saturating_mul(GROUP).saturating_add(PLACE);
    if bytes.len() < room {
        bytes.resize(room, 0);
    }
    let (batches, groups) = match vector::HAS_LOOKUP {
        true => groups.as_chunks::<{ BATCH * VECTOR / 4 }>(),
        false => (&[][..], groups),
    };
    let mut free = bytes.as_mut_slice();
    let mut wrong = Bytes::all(0);
    for batch in batches {
        let (vectors, _) = batch.as_flattened().as_chunks::<VECTOR>();
        let place = free.first_chunk_mut::<PLACE>()?;
        for (index, vector) in vectors.iter().enumerate() {
            let (decoded, invalid) = decode_vector(Bytes::load(vector));
            wrong = wrong.or(invalid);
            *place.get_mut(index.wrapping_mul(DECODED)..)?.first_chunk_mut()? = decoded.store();
        }
        free = free.get_mut(BATCH * DECODED..)?;
    }
    let mut wrong = u8::from(!wrong.is_zero()) << 7;
    for group in groups {
        let (decoded, values) = decode_group(group);
        wrong |= values;
        *free.first_chunk_mut()? = decoded;
        free = free.get_mut(GROUP..)?;
    }
    let length = decode_last(last, free.first_chunk_mut()?)?;
    (wrong < 64).then_some((text.len() / 4).wrapping_sub(1).wrapping_mul(GROUP).wrapping_add(length))
}

/// Twelve bytes and four zeros; and anything but zeros where a character is none of the alphabet.
#[inline(always)]
fn decode_vector(text: Bytes) -> (Bytes, Bytes) {
    let (low, high) = (text.and(Bytes::all(0x0f)), text.high_halves());
    let invalid = Bytes::load(&ALPHABET.low).lookup(low).and(Bytes::load(&ALPHABET.high).lookup(high));
    // The slash has another distance than the plus sign, the only other character with its high half: one column less.
    let column = high.add(text.equal(Bytes::all(b'/')));
    let values = text.add(Bytes::load(&ALPHABET.distance).lookup(column));
    (values.join_sextets(), invalid)
}

/// The alphabet by the high and low halves of its characters.
struct Alphabet {
    /// What must be added to a character to make its value; for the slash in the column before its own.
    distance: [u8; 16],
    /// For each half a set of columns: a character is none of the alphabet if its two sets have one in common.
    high: [u8; 16],
    low: [u8; 16],
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
const ALPHABET: Alphabet = {
    let mut alphabet = Alphabet { distance: [0; 16], high: [1; 16], low: [0xff; 16] };
    let mut value = 0;
    while value < 64 {
        let character = CHARACTERS[value];
        let (high, low) = ((character >> 4) as usize, (character & 0x0f) as usize);
        // Bit 0 is for the columns without any character: every low half has it. Columns 2 to 7 have a bit each.
        alphabet.high[high] = 1 << (high - 1);
        alphabet.low[low] &= !(1 << (high - 1));
        let column = if character == b'/' { high - 1 } else { high };
        alphabet.distance[column] = (value as u8).wrapping_sub(character);
        value += 1;
    }
    alphabet
};

const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Three bytes, and the values with a bit too many where a character is none of the alphabet.
#[inline(always)]
fn decode_group(group: &[u8; 4]) -> ([u8; GROUP], u8) {
    let [a, b, c, d] = group.map(value);
    ([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d], a | b | c | d)
}

/// The last group may be padded, and the bits behind its last byte are zeros. How many bytes it has.
fn decode_last(group: &[u8; 4], place: &mut [u8; GROUP]) -> Option<usize> {
    let (length, unused, padded) = match *group {
        [a, b, b'=', b'='] => (1, 0x0f, [a, b, b'A', b'A']),
        [a, b, c, b'='] => (2, 0x03, [a, b, c, b'A']),
        whole => (3, 0, whole),
    };
    let (decoded, values) = decode_group(&padded);
    *place = decoded;
    let last = padded.get(length).copied().map_or(0, value);
    (values < 64 && last & unused == 0).then_some(length)
}

#[inline(always)]
fn value(character: u8) -> u8 {
    VALUES.get(usize::from(character)).copied().unwrap_or(u8::MAX)
}

/// The value of each character, 0xff for what is none of the alphabet.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
static VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 64 {
        values[CHARACTERS[value] as usize] = value as u8;
        value += 1;
    }
    values
};
