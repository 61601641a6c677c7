//! Sixteen bytes at a time: the few vector operations that the decoder is made of, on the vectors of the machine.
//!
//! Three machines have them: WebAssembly with `simd128`, x86-64, and for every other one an array of bytes, which also
//! says what each operation means. Algorithms are written once, on [`Bytes`]: what the native tests prove holds in the
//! sandbox. `relaxed-simd` is used only where it cannot differ from the strict one.

/// Tables are looked up by an instruction. Where not, plain code is faster than what is made of lookups; the tests run it
/// everywhere.
pub(crate) const HAS_LOOKUP: bool =
    cfg!(any(test, all(target_family = "wasm", target_feature = "simd128"), target_feature = "ssse3"));

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

    /// The smaller of each two.
    #[inline(always)]
    pub(crate) fn least(self, other: Self) -> Self {
        Bytes(machine::least(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Bytes(machine::and(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Bytes(machine::or(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Bytes(machine::xor(self.0, other.0))
    }

    /// These bytes as a table: for each index the byte that stands there. Indices are below 16.
    #[inline(always)]
    pub(crate) fn lookup(self, indices: Self) -> Self {
        Bytes(machine::lookup(self.0, indices.0))
    }

    /// The sum of each two, modulo 256.
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Bytes(machine::add(self.0, other.0))
    }

    /// What is left of each byte when the other one is taken from it; zero where that one is larger.
    #[inline(always)]
    pub(crate) fn less(self, other: Self) -> Self {
        Bytes(machine::less(self.0, other.0))
    }

    /// The vector `COUNT` bytes further to the front of a text in which this one stands behind `last`.
    #[inline(always)]
    pub(crate) fn behind<const COUNT: usize>(self, last: Self) -> Self {
        Bytes(machine::behind::<COUNT>(self.0, last.0))
    }

    /// The upper four bits of each byte.
    #[inline(always)]
    pub(crate) fn high_halves(self) -> Self {
        Bytes(machine::high_halves(self.0))
    }

    /// Sixteen numbers of six bits, put together: twelve bytes, and four zeros behind them.
    #[inline(always)]
    pub(crate) fn join_sextets(self) -> Self {
        Bytes(machine::join_sextets(self.0))
    }

    /// Bit `BIT` of each byte; the first byte's is the lowest.
    #[inline(always)]
    pub(crate) fn bits<const BIT: u32>(self) -> u16 {
        machine::bits::<BIT>(self.0)
    }

    /// All bytes are below 128.
    #[inline(always)]
    pub(crate) fn is_ascii(self) -> bool {
        self.bits::<7>() == 0
    }

    #[inline(always)]
    pub(crate) fn is_zero(self) -> bool {
        machine::is_zero(self.0)
    }
}

#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
mod machine {
    #[cfg(target_feature = "relaxed-simd")]
    pub(super) use core::arch::wasm32::i8x16_relaxed_swizzle as lookup;
    #[cfg(not(target_feature = "relaxed-simd"))]
    pub(super) use core::arch::wasm32::i8x16_swizzle as lookup;
    use core::arch::wasm32::{
        i16x8_shl, i32x4_dot_i16x8, u8x16_bitmask, u8x16_shr, u8x16_shuffle, u8x16_splat, u16x8_shr, u16x8_splat,
        u32x4_splat, v128, v128_and, v128_any_true, v128_or,
    };
    pub(super) use core::arch::wasm32::{
        u8x16_add as add, u8x16_eq as equal, u8x16_min as least, u8x16_splat as all, u8x16_sub_sat as less,
        v128_and as and, v128_or as or, v128_xor as xor,
    };
    use core::mem::transmute;

    pub(super) type Vector = v128;

    #[allow(unsafe_code, reason = "the only way from an array to a vector")]
    #[inline(always)]
    pub(super) fn load(bytes: [u8; 16]) -> Vector {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { transmute::<[u8; 16], v128>(bytes) }
    }

    #[allow(unsafe_code, reason = "the only way from a vector to an array")]
    #[inline(always)]
    pub(super) fn store(vector: Vector) -> [u8; 16] {
        // SAFETY: both are sixteen bytes without any rule about their values.
        unsafe { transmute::<v128, [u8; 16]>(vector) }
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

    #[inline(always)]
    pub(super) fn high_halves(vector: Vector) -> Vector {
        u8x16_shr(vector, 4)
    }

    #[inline(always)]
    pub(super) fn behind<const COUNT: usize>(vector: Vector, last: Vector) -> Vector {
        match COUNT {
            1 => u8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(last, vector),
            2 => u8x16_shuffle::<14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29>(last, vector),
            3 => u8x16_shuffle::<13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28>(last, vector),
            _ => vector,
        }
    }

    #[inline(always)]
    pub(super) fn join_sextets(sextets: Vector) -> Vector {
        // Twelve bits in each lane of two bytes, then 24 in each lane of four, the first number the highest.
        let pairs = v128_or(v128_and(i16x8_shl(sextets, 6), u16x8_splat(0x0fc0)), u16x8_shr(sextets, 8));
        let fours = i32x4_dot_i16x8(pairs, u32x4_splat(0x0001_1000));
        u8x16_shuffle::<2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 16, 16, 16, 16>(fours, u8x16_splat(0))
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

    pub(super) fn store(vector: Vector) -> [u8; 16] {
        vector
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

    pub(super) fn and(a: Vector, b: Vector) -> Vector {
        zip(a, b, |a, b| a & b)
    }

    pub(super) fn or(a: Vector, b: Vector) -> Vector {
        zip(a, b, |a, b| a | b)
    }

    pub(super) fn xor(a: Vector, b: Vector) -> Vector {
        zip(a, b, |a, b| a ^ b)
    }

    pub(super) fn lookup(table: Vector, indices: Vector) -> Vector {
        indices.map(|index| table.get(usize::from(index)).copied().unwrap_or(0))
    }

    pub(super) fn bits<const BIT: u32>(vector: Vector) -> u16 {
        vector.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(byte >> BIT & 1))
    }

    pub(super) fn is_zero(vector: Vector) -> bool {
        vector == [0; 16]
    }

    pub(super) fn add(a: Vector, b: Vector) -> Vector {
        zip(a, b, u8::wrapping_add)
    }

    pub(super) fn less(a: Vector, b: Vector) -> Vector {
        zip(a, b, u8::saturating_sub)
    }

    pub(super) fn behind<const COUNT: usize>(vector: Vector, last: Vector) -> Vector {
        let mut bytes = last.into_iter().skip(const { 16 - COUNT }).chain(vector);
        [0; 16].map(|_| bytes.next().unwrap_or(0))
    }

    pub(super) fn high_halves(vector: Vector) -> Vector {
        vector.map(|byte| byte >> 4)
    }

    pub(super) fn join_sextets(sextets: Vector) -> Vector {
        let mut joined = [0; 16];
        for ([a, b, c, d], three) in sextets.as_chunks::<4>().0.iter().zip(joined.as_chunks_mut::<3>().0) {
            *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        }
        joined
    }

    fn zip(mut a: Vector, b: Vector, operation: fn(u8, u8) -> u8) -> Vector {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = operation(*a, b));
        a
    }
}
