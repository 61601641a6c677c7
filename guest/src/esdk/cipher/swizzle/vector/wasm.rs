//! [`Vector`] as WebAssembly's `v128`.

#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::i8x16_relaxed_swizzle as swizzle;
#[cfg(not(target_feature = "relaxed-simd"))]
use std::arch::wasm32::i8x16_swizzle as swizzle;
use std::arch::wasm32::{
    i8x16_shuffle, u8x16, u8x16_splat, u64x2, u64x2_shr, v128, v128_and, v128_any_true, v128_load, v128_store, v128_xor,
};
use std::ops::{BitAnd, BitXor};

/// Sixteen bytes, the first one lowest.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Vector(v128);

impl Vector {
    /// These bytes.
    #[inline(always)]
    pub(crate) const fn new([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [u8; 16]) -> Self {
        Vector(u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p))
    }

    /// Sixteen times the same byte.
    #[inline(always)]
    pub(crate) fn splat(byte: u8) -> Self {
        Vector(u8x16_splat(byte))
    }

    /// Bytes from memory.
    #[inline(always)]
    #[allow(unsafe_code, reason = "one instruction instead of sixteen")]
    pub(crate) fn from_bytes(bytes: &[u8; 16]) -> Self {
        // SAFETY: a reference to sixteen bytes may be read; the instruction takes any alignment.
        Vector(unsafe { v128_load(bytes.as_ptr().cast()) })
    }

    /// Bytes for memory.
    #[inline(always)]
    #[allow(unsafe_code, reason = "one instruction instead of sixteen")]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // SAFETY: an exclusive reference to sixteen bytes may be written; the instruction takes any alignment.
        unsafe { v128_store(bytes.as_mut_ptr().cast(), self.0) };
        bytes
    }

    /// Two little-endian words.
    #[inline(always)]
    pub(crate) fn from_words([first, second]: [u64; 2]) -> Self {
        Vector(u64x2(first, second))
    }

    /// `self` is a table: for each byte of `indices`, the entry at that index. An index is below 16, or has its top
    /// bit set; for that the result is 0. (On these the strict and the relaxed instruction agree.)
    #[inline(always)]
    pub(crate) fn lookup(self, indices: Vector) -> Vector {
        Vector(swizzle(self.0, indices.0))
    }

    /// The bits of each byte four places down; what comes in at the top is anything.
    #[inline(always)]
    pub(crate) fn four_down(self) -> Vector {
        Vector(u64x2_shr(self.0, 4))
    }

    /// The first eight bytes of both, in turns.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Vector) -> Vector {
        Vector(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(self.0, other.0))
    }

    /// The last eight bytes of both, in turns.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Vector) -> Vector {
        Vector(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(self.0, other.0))
    }

    /// The bytes one place up; the last one of `below` comes first.
    #[inline(always)]
    pub(crate) fn up(self, below: Vector) -> Vector {
        Vector(i8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(below.0, self.0))
    }

    /// Whether all bytes are zero.
    #[inline(always)]
    pub(crate) fn is_zero(self) -> bool {
        !v128_any_true(self.0)
    }
}

impl BitXor for Vector {
    type Output = Vector;

    #[inline(always)]
    fn bitxor(self, other: Vector) -> Vector {
        Vector(v128_xor(self.0, other.0))
    }
}

impl BitAnd for Vector {
    type Output = Vector;

    #[inline(always)]
    fn bitand(self, other: Vector) -> Vector {
        Vector(v128_and(self.0, other.0))
    }
}
