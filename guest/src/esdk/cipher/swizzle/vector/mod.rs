//! Sixteen bytes at a time: the few operations that the cipher is made of.
//!
//! Two implementations with the same functions: WebAssembly's instructions, and arrays, with which the same algorithms
//! are tested natively.

#[cfg(not(all(target_family = "wasm", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
mod wasm;

#[cfg(not(all(target_family = "wasm", target_feature = "simd128")))]
pub(super) use portable::Vector;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
pub(super) use wasm::Vector;

use std::ops::BitXorAssign;

impl Vector {
    /// All bytes zero.
    pub(crate) const ZERO: Vector = Vector::new([0; 16]);

    /// The same, but the compiler does not know what. It turns known moves of bytes into others, which the compiler of
    /// the sandbox then takes three instructions for instead of one.
    #[inline(always)]
    pub(crate) fn unknown(self) -> Vector {
        std::hint::black_box(self)
    }

    /// The lower and the upper four bits of each byte.
    #[inline(always)]
    pub(crate) fn nibbles(self) -> (Vector, Vector) {
        let mask = Vector::new([0x0f; 16]);
        (self & mask, self.four_down() & mask)
    }
}

impl BitXorAssign for Vector {
    #[inline(always)]
    fn bitxor_assign(&mut self, other: Vector) {
        *self = *self ^ other;
    }
}

/// An array of sixteen values, from a closure that takes the index. Where a loop would do: in the sandbox every
/// branch back looks at the time, and around that look the vectors go from their registers to memory and back.
#[rustfmt::skip]
macro_rules! sixteen {
    ($value:expr) => {{
        #[allow(unused_mut, reason = "some closures change what they captured")]
        let mut value = $value;
        [
            value(0), value(1), value(2), value(3), value(4), value(5), value(6), value(7), value(8), value(9),
            value(10), value(11), value(12), value(13), value(14), value(15),
        ]
    }};
}
pub(super) use sixteen;

#[cfg(test)]
mod tests {
    use super::Vector;

    const UP: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    #[test]
    fn lookup_gives_zero_for_an_index_with_the_top_bit() {
        let table = Vector::new(UP.map(|n| n + 100));
        let indices = Vector::new([0, 15, 0x80, 0x8f, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        let expected = [100, 115, 0, 0, 0, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111];
        assert_eq!(table.lookup(indices).to_bytes(), expected);
    }

    #[test]
    fn nibbles_are_both_halves_of_each_byte() {
        let (low, high) = Vector::new(UP.map(|n| n << 4 | (15 - n))).nibbles();
        assert_eq!((low.to_bytes(), high.to_bytes()), (UP.map(|n| 15 - n), UP));
    }

    #[test]
    fn bytes_move_as_the_names_say() {
        let (a, b) = (Vector::new(UP), Vector::new(UP.map(|n| n + 16)));
        assert_eq!(a.zip_low(b).to_bytes(), [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23]);
        assert_eq!(a.zip_high(b).to_bytes(), [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31]);
        assert_eq!(b.up(a).to_bytes(), [15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
        assert_eq!(Vector::from_bytes(&UP).to_bytes(), UP);
        assert_eq!((a ^ b).to_bytes(), [16; 16]);
        assert_eq!((a & Vector::splat(8)).to_bytes(), UP.map(|n| n & 8));
    }

    #[test]
    fn words_are_little_endian() {
        assert_eq!(Vector::from_words([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]).to_bytes(), UP);
    }

    #[test]
    fn zero_is_zero_in_all_bytes() {
        assert!(Vector::ZERO.is_zero() && Vector::ZERO.unknown().is_zero());
        for place in 0..16 {
            let mut bytes = [0; 16];
            bytes[place] = 0x10;
            assert!(!Vector::new(bytes).is_zero());
        }
    }
}
