//! Sixteen bytes at a time: the few vector operations that the decoder is made of, on the vectors of the machine.
//!
//! Three machines have them: WebAssembly with `simd128`, x86-64, and for every other one an array of bytes, which also
//! says what each operation means. Algorithms are written once, on [`Bytes`]: what the native tests prove holds in the
//! sandbox. `relaxed-simd` is used only where it cannot differ from the strict one.

/// Sixteen bytes, the one that stands first in memory first.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(machine::Vector);

impl Bytes {
    /// How many there are.
    pub(crate) const COUNT: usize = 16;

    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        Bytes(machine::load(*bytes))
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

    /// The smaller of each two.
    #[inline(always)]
    pub(crate) fn least(self, other: Self) -> Self {
        Bytes(machine::least(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Bytes(machine::or(self.0, other.0))
    }

    /// Bit `BIT` of each byte; the first byte's is the lowest.
    #[inline(always)]
    pub(crate) fn bits<const BIT: u32>(self) -> u16 {
        machine::bits::<BIT>(self.0)
    }

    #[inline(always)]
    pub(crate) fn is_zero(self) -> bool {
        machine::is_zero(self.0)
    }
}

#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
mod machine {
    use core::arch::wasm32::{i16x8_shl, u8x16_bitmask, v128, v128_any_true};
    pub(super) use core::arch::wasm32::{u8x16_eq as equal, u8x16_min as least, u8x16_splat as all, v128_or as or};
    use core::mem::transmute;

    pub(super) type Vector = v128;

    #[allow(unsafe_code, reason = "the only way from an array to a vector")]
    #[inline(always)]
    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { transmute::<[u8; 16], v128>(bytes) }
    }

    #[inline(always)]
    pub(super) fn bits<const BIT: u32>(vector: Vector) -> u16 {
        // What comes out of the neighbour in a lane of two bytes does not reach the high bit.
        u8x16_bitmask(i16x8_shl(vector, 7 - BIT))
    }

    #[inline(always)]
    pub(super) fn is_zero(vector: Vector) -> bool {
        !v128_any_true(vector)
    }
}

#[cfg(target_arch = "x86_64")]
mod machine {
    #![allow(unsafe_code, reason = "vector instructions of x86-64 are unsafe to name, not to use")]
    // SAFETY, for all of the module: these are instructions of SSE2, which every x86-64 processor has, and a vector is
    // sixteen bytes without any rule about their values.

    use core::arch::x86_64::*;
    use core::mem::transmute;

    pub(super) type Vector = __m128i;

    #[inline(always)]
    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        unsafe { transmute::<[u8; 16], __m128i>(bytes) }
    }

    #[inline(always)]
    pub(super) fn all(byte: u8) -> Vector {
        unsafe { _mm_set1_epi8(byte.cast_signed()) }
    }

    #[inline(always)]
    pub(super) fn equal(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_cmpeq_epi8(a, b) }
    }

    #[inline(always)]
    pub(super) fn least(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_min_epu8(a, b) }
    }

    #[inline(always)]
    pub(super) fn or(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_or_si128(a, b) }
    }

    #[inline(always)]
    pub(super) fn bits<const BIT: u32>(vector: Vector) -> u16 {
        // What comes out of the neighbour in a lane of two bytes does not reach the high bit.
        let bits = unsafe { _mm_movemask_epi8(_mm_sll_epi16(vector, _mm_cvtsi32_si128(const { 7 - BIT as i32 }))) };
        let [low, high, ..] = bits.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    #[inline(always)]
    pub(super) fn is_zero(vector: Vector) -> bool {
        bits::<7>(equal(vector, all(0))) == 0xffff
    }
}

#[cfg(not(any(all(target_family = "wasm", target_feature = "simd128"), target_arch = "x86_64")))]
use portable as machine;

/// What the operations mean, one byte after the other.
#[allow(dead_code, reason = "each machine needs what its own instructions cannot do")]
mod portable {
    pub(super) type Vector = [u8; 16];

    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        bytes
    }

    pub(super) fn all(byte: u8) -> Vector {
        [byte; 16]
    }

    pub(super) fn equal(a: Vector, b: Vector) -> Vector {
        zip(a, b, |a, b| if a == b { 0xff } else { 0 })
    }

    pub(super) fn least(a: Vector, b: Vector) -> Vector {
        zip(a, b, u8::min)
    }

    pub(super) fn or(a: Vector, b: Vector) -> Vector {
        zip(a, b, |a, b| a | b)
    }

    pub(super) fn bits<const BIT: u32>(vector: Vector) -> u16 {
        vector.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(byte >> BIT & 1))
    }

    pub(super) fn is_zero(vector: Vector) -> bool {
        vector == [0; 16]
    }

    fn zip(mut a: Vector, b: Vector, operation: fn(u8, u8) -> u8) -> Vector {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = operation(*a, b));
        a
    }
}
