//! Short texts as numbers: equal texts in lower case have equal numbers, whatever their case was.

/// A text of at most sixteen bytes, all ASCII, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    length: usize,
    halves: [u64; 2],
}

impl Key {
    /// Of a text; none when it is longer or not all ASCII.
    #[inline]
    pub(crate) fn of(text: &str) -> Option<Key> {
        let text = text.as_bytes();
        let halves = match text.len() {
            length @ 9..=16 => [head(text), tail(text).wrapping_shr(bits(16usize.wrapping_sub(length)))],
            8 => [head(text), 0],
            length @ 4..8 => {
                let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
                let last = u64::from(u32::from_le_bytes(*last)).wrapping_shl(bits(length.wrapping_sub(4)));
                [u64::from(u32::from_le_bytes(*first)) | last, 0]
            }
            0..4 => [text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0],
            _ => return None,
        };
        let [first, second] = halves;
        ((first | second) & HIGH_BITS == 0).then(|| Key { length: text.len(), halves: halves.map(lower) })
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = ONES * 0x80;
/// What carries a byte from `A` on into its highest bit, and one behind `Z`.
const FROM_A: u64 = ONES * (0x80 - b'A' as u64);
const BEHIND_Z: u64 = ONES * (0x7f - b'Z' as u64);

/// Eight ASCII bytes in lower case.
#[inline(always)]
fn lower(word: u64) -> u64 {
    let from_a = word.wrapping_add(FROM_A);
    let behind_z = word.wrapping_add(BEHIND_Z);
    // The bit in which the cases differ is two below the highest.
    word | (from_a & !behind_z & HIGH_BITS) >> 2
}

#[inline(always)]
fn head(text: &[u8]) -> u64 {
    text.first_chunk().map_or(0, |head| u64::from_le_bytes(*head))
}

#[inline(always)]
fn tail(text: &[u8]) -> u64 {
    text.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail))
}

fn bits(bytes: usize) -> u32 {
    (bytes as u32).wrapping_mul(8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_equal_where_texts_are(one in "[aA@Z\\[z\0é]{0,18}", other in "[aA@Z\\[z\0]{0,18}") {
            let has_key = |text: &str| text.is_ascii() && text.len() <= 16;
            prop_assert_eq!(Key::of(&one).is_some(), has_key(&one));
            prop_assert_eq!(Key::of(&other).is_some(), has_key(&other));
            if let (Some(a), Some(b)) = (Key::of(&one), Key::of(&other)) {
                prop_assert_eq!(a == b, one.eq_ignore_ascii_case(&other));
            }
            if let Some(key) = Key::of(&other) {
                prop_assert_eq!(Some(key), Key::of(&other.to_ascii_uppercase()));
                prop_assert_ne!(Some(key), Key::of(&format!("{other}\0")));
            }
        }
    }
}
