//! The vectors of x86-64: SSE2, and SSSE3 where the build may use it.

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
pub(super) fn store(vector: Vector) -> [u8; 16] {
    unsafe { transmute::<__m128i, [u8; 16]>(vector) }
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
pub(super) fn and(a: Vector, b: Vector) -> Vector {
    unsafe { _mm_and_si128(a, b) }
}

#[inline(always)]
pub(super) fn or(a: Vector, b: Vector) -> Vector {
    unsafe { _mm_or_si128(a, b) }
}

#[inline(always)]
pub(super) fn xor(a: Vector, b: Vector) -> Vector {
    unsafe { _mm_xor_si128(a, b) }
}

#[cfg(target_feature = "ssse3")]
#[inline(always)]
pub(super) fn lookup(table: Vector, indices: Vector) -> Vector {
    unsafe { _mm_shuffle_epi8(table, indices) }
}

#[cfg(not(target_feature = "ssse3"))]
#[inline(always)]
pub(super) fn lookup(table: Vector, indices: Vector) -> Vector {
    load(super::portable::lookup(store(table), store(indices)))
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

#[inline(always)]
pub(super) fn add(a: Vector, b: Vector) -> Vector {
    unsafe { _mm_add_epi8(a, b) }
}

#[inline(always)]
pub(super) fn less(a: Vector, b: Vector) -> Vector {
    unsafe { _mm_subs_epu8(a, b) }
}

#[inline(always)]
pub(super) fn behind<const COUNT: usize>(vector: Vector, last: Vector) -> Vector {
    unsafe {
        match COUNT {
            1 => _mm_or_si128(_mm_slli_si128::<1>(vector), _mm_srli_si128::<15>(last)),
            2 => _mm_or_si128(_mm_slli_si128::<2>(vector), _mm_srli_si128::<14>(last)),
            3 => _mm_or_si128(_mm_slli_si128::<3>(vector), _mm_srli_si128::<13>(last)),
            _ => vector,
        }
    }
}

#[inline(always)]
pub(super) fn high_halves(vector: Vector) -> Vector {
    unsafe { _mm_and_si128(_mm_srli_epi16::<4>(vector), _mm_set1_epi8(0x0f)) }
}

#[cfg(target_feature = "ssse3")]
#[inline(always)]
pub(super) fn join_sextets(sextets: Vector) -> Vector {
    // Twelve bits in each lane of two bytes, then 24 in each lane of four, the first number the highest.
    unsafe {
        let fours = _mm_madd_epi16(_mm_maddubs_epi16(sextets, _mm_set1_epi16(0x0140)), _mm_set1_epi32(0x0001_1000));
        _mm_shuffle_epi8(fours, _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1))
    }
}

#[cfg(not(target_feature = "ssse3"))]
#[inline(always)]
pub(super) fn join_sextets(sextets: Vector) -> Vector {
    load(super::portable::join_sextets(store(sextets)))
}
