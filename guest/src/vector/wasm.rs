//! The vectors of WebAssembly, with `simd128`.

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
