//! Sixteen bytes at a time: the few vector operations that the decoder is made of, on the vectors of the machine.
//!
//! Three machines have them: WebAssembly with `simd128`, x86-64, and an array of bytes for every other one. The
//! algorithms are written once, on [`Bytes`], so what the native tests prove holds for the sandbox.
//!
//! The cases where instruction sets disagree are left out of the contract of [`Bytes::lookup`] and [`Bytes::pairs`], so
//! that `relaxed-simd` gives the same answers as the strict one.

use machine::Vector;

/// Sixteen bytes, first the one that stands first in memory.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(Vector);

impl Bytes {
    /// How many there are.
    pub(crate) const COUNT: usize = 16;

    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        Bytes(machine::load(*bytes))
    }

    #[inline(always)]
    pub(crate) fn store(self) -> [u8; 16] {
        machine::store(self.0)
    }

    /// The same byte sixteen times.
    #[inline(always)]
    pub(crate) fn all(byte: u8) -> Self {
        Bytes(machine::all(byte))
    }

    /// 0xff where both are equal, else 0.
    #[inline(always)]
    pub(crate) fn equal(self, other: Self) -> Self {
        Bytes(machine::equal(self.0, other.0))
    }

    /// 0xff where a byte is at most this one (unsigned), else 0.
    #[inline(always)]
    pub(crate) fn at_most(self, other: Self) -> Self {
        Bytes(machine::equal(machine::least(self.0, other.0), self.0))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Bytes(machine::or(self.0, other.0))
    }

    /// The high bit of each byte; bit 0 is the first byte's.
    #[inline(always)]
    pub(crate) fn high_bits(self) -> u16 {
        machine::high_bits(self.0)
    }
}

#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
mod machine {
    use core::arch::wasm32::*;

    pub(super) type Vector = v128;

    #[allow(unsafe_code, reason = "the only way between an array and a vector")]
    #[inline(always)]
    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { core::mem::transmute::<[u8; 16], v128>(bytes) }
    }

    #[allow(unsafe_code, reason = "the only way between an array and a vector")]
    #[inline(always)]
    pub(super) fn store(vector: Vector) -> [u8; 16] {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { core::mem::transmute::<v128, [u8; 16]>(vector) }
    }

    pub(super) use u8x16_bitmask as high_bits;
    pub(super) use u8x16_eq as equal;
    pub(super) use u8x16_min as least;
    pub(super) use u8x16_splat as all;
    pub(super) use v128_or as or;
}

#[cfg(target_arch = "x86_64")]
mod machine {
    use core::arch::x86_64::*;

    pub(super) type Vector = __m128i;

    #[allow(unsafe_code, reason = "the only way between an array and a vector")]
    #[inline(always)]
    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { core::mem::transmute::<[u8; 16], __m128i>(bytes) }
    }

    #[allow(unsafe_code, reason = "the only way between an array and a vector")]
    #[inline(always)]
    pub(super) fn store(vector: Vector) -> [u8; 16] {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { core::mem::transmute::<__m128i, [u8; 16]>(vector) }
    }

    #[inline(always)]
    pub(super) fn all(byte: u8) -> Vector {
        _mm_set1_epi8(byte.cast_signed())
    }

    #[inline(always)]
    pub(super) fn high_bits(vector: Vector) -> u16 {
        // The upper half of the answer is zero.
        (_mm_movemask_epi8(vector) & 0xffff) as u16
    }

    pub(super) use _mm_cmpeq_epi8 as equal;
    pub(super) use _mm_min_epu8 as least;
    pub(super) use _mm_or_si128 as or;
}
