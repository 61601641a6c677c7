//! The constants of AES in a form for lookups of four bits, derived at compile time from field arithmetic alone.
//!
//! The one step of AES that is not linear is the inverse in GF(2^8), polynomials over GF(2) modulo
//! x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4.2). A table of its 256 values would be read at addresses that depend
//! on the key. A table of 16 entries fits into one vector, where a single instruction looks all bytes up at once; so
//! the inverse has to be put together from functions of four bits.
//!
//! **The tower.** Inside GF(2^8) lies GF(2^4): the 16 elements with e^16 = e. Take some z outside of it for which
//! c = z^2 + z is inside. Then every element of GF(2^8) is i + k z in exactly one way, i and k in GF(2^4). Bytes of
//! the cipher's state are kept in these coordinates, k in the upper four bits and i in the lower ones. The change of
//! coordinates is linear over GF(2), as are all steps of AES but the inverse: each becomes some other linear map.
//!
//! **The inverse.** The roots of y^2 + y + c are z and z + 1, so raising to the 16th power, which swaps them and
//! leaves GF(2^4) alone, takes x = i + k z to j + k z with j = i + k. The product of the two lies in GF(2^4):
//!
//! > N = (i + k z)(j + k z) = i j + k z (i + j) + k^2 z^2 = i j + c k^2, hence 1/x = (j + k z) / N.
//!
//! The products of two unknowns in N are no functions of four bits. But chains of reciprocals and sums are:
//!
//! > u = j + 1/(1/i + 1/(c k)) = (i j + c k (i + j)) / (i + c k) = N / (i + c k), and v = i + 1/(1/j + 1/(c k)) =
//! > N / (j + c k).
//!
//! Both hold all that is needed: 1/u + 1/v = (i + j)/N = k/N, and j/N = 1/v + c k/N = 1/v + c (1/u + 1/v), so
//!
//! > 1/x = j/N + z k/N = (c + z)/u + (c + z + 1)/v.
//!
//! Five lookups give u and v; each linear map of 1/x is then one lookup by u and one by v, added.
//!
//! **Infinity.** The reciprocal of 0 is written as [`INFINITY`], a byte with the top bit set. Adding anything to it
//! keeps the bit, and a lookup of such a byte gives 0, the reciprocal of infinity. That is right wherever one of i, j
//! and k is 0. Where x = 0 all are: 1/i and 1/(c k) are both infinite and their sum is 0, whose reciprocal is infinite
//! again, so u and v are, and the result is 0, which is what AES wants as inverse of 0.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "evaluated by the compiler: whatever fails, fails the build"
)]

use super::vector::Vector;

/// The value of n for each n that four bits can hold: the form of every lookup.
pub(super) type Table = [u8; 16];

/// Stands for the reciprocal of 0.
const INFINITY: u8 = 0x80;

/// 1/n in GF(2^4).
pub(super) const RECIPROCAL: Table = table!(|n| if n == 0 { INFINITY } else { bits(inverse(element(n))) });
/// 1/(c n) in GF(2^4).
pub(super) const RECIPROCAL_C: Table = table!(|n| if n == 0 { INFINITY } else { bits(inverse(mul(C, element(n)))) });

/// The S-box without its constant, in tower coordinates: by u and by v.
pub(super) const ONCE: [Table; 2] = [table!(|u| to_tower(by_u(u))), table!(|v| to_tower(by_v(v)))];
/// The same times 2, the factors of MixColumns (FIPS 197, section 5.1.3).
pub(super) const TWICE: [Table; 2] = [table!(|u| to_tower(mul(2, by_u(u)))), table!(|v| to_tower(mul(2, by_v(v))))];
/// The same times 3.
pub(super) const THRICE: [Table; 2] = [table!(|u| to_tower(mul(3, by_u(u)))), table!(|v| to_tower(mul(3, by_v(v))))];
/// The S-box without its constant, in AES's own coordinates: for the last round, which has no MixColumns.
pub(super) const LAST: [Table; 2] = [table!(|u| by_u(u)), table!(|v| by_v(v))];

/// From AES's coordinates to the tower's: by the lower and by the upper four bits.
pub(super) const INTO_TOWER: [Table; 2] = [table!(|n| to_tower(n)), table!(|n| to_tower(n << 4))];
/// And back.
pub(super) const OUT_OF_TOWER: [Table; 2] = [table!(|n| from_tower(n)), table!(|n| from_tower(n << 4))];

/// The constant of the S-box (FIPS 197, section 5.1.1). The four factors of MixColumns add up to 1, so a constant in
/// all bytes passes through it unchanged: it is added to the round key once and for all.
pub(super) const AFFINE: u8 = 0x63;

/// The round constants of the key expansion in tower coordinates, four times each, with the constant of the S-box.
pub(super) const ROUND_CONSTANTS: [Vector; 10] = {
    let mut constants = [Vector::ZERO; 10];
    let (mut i, mut power) = (0, 1);
    while i < constants.len() {
        let [a, b] = [to_tower(AFFINE ^ power), to_tower(AFFINE)];
        constants[i] = Vector::new([a, b, b, b, a, b, b, b, a, b, b, b, a, b, b, b]);
        power = mul(power, 2);
        i += 1;
    }
    constants
};

/// A byte of AES in tower coordinates.
pub(super) const fn to_tower(byte: u8) -> u8 {
    let mut found = 0;
    while from_tower(found) != byte {
        found += 1;
    }
    found
}

/// A byte in tower coordinates as AES has it.
const fn from_tower(byte: u8) -> u8 {
    element(byte & 15) ^ mul(element(byte >> 4), Z)
}

/// What u adds to the S-box: the linear part of (c + z)/u.
const fn by_u(u: u8) -> u8 {
    sbox_linear(mul(C ^ Z, inverse(element(u))))
}

/// What v adds to the S-box: the linear part of (c + z + 1)/v.
const fn by_v(v: u8) -> u8 {
    sbox_linear(mul(C ^ Z ^ 1, inverse(element(v))))
}

/// The matrix of the S-box: each bit is the sum of five neighbours, in a circle.
const fn sbox_linear(b: u8) -> u8 {
    b ^ b.rotate_left(1) ^ b.rotate_left(2) ^ b.rotate_left(3) ^ b.rotate_left(4)
}

/// Generates GF(2^4): the first root of y^4 + y + 1. Its powers 1, g, g^2, g^3 are the four bits of an element.
const G: u8 = {
    let mut g = 2;
    while power(g, 4) ^ g ^ 1 != 0 {
        g += 1;
    }
    g
};

/// The z of the tower: the first element outside of GF(2^4) for which z^2 + z is inside.
const Z: u8 = {
    let mut z = 2;
    while is_small(z) || !is_small(mul(z, z) ^ z) {
        z += 1;
    }
    z
};

const C: u8 = mul(Z, Z) ^ Z;

/// Whether this is an element of GF(2^4).
const fn is_small(e: u8) -> bool {
    power(e, 16) == e
}

/// The element of GF(2^4) with these four bits.
const fn element(bits: u8) -> u8 {
    let mut sum = 0;
    let mut bit = 0;
    while bit < 4 {
        if bits >> bit & 1 == 1 {
            sum ^= power(G, bit);
        }
        bit += 1;
    }
    sum
}

/// The four bits of an element of GF(2^4).
const fn bits(of: u8) -> u8 {
    let mut bits = 0;
    while element(bits) != of {
        bits += 1;
    }
    bits
}

/// 1/e, and 0 for 0: the group of GF(2^8) has 255 elements.
const fn inverse(e: u8) -> u8 {
    power(e, 254)
}

const fn power(e: u8, exponent: u32) -> u8 {
    let mut product = 1;
    let mut i = 0;
    while i < exponent {
        product = mul(product, e);
        i += 1;
    }
    product
}

/// The product in AES's field (FIPS 197, section 4.2).
const fn mul(a: u8, b: u8) -> u8 {
    let (mut shifted, mut sum, mut bit) = (a, 0, 0);
    while bit < 8 {
        if b >> bit & 1 == 1 {
            sum ^= shifted;
        }
        let carry = if shifted & 0x80 == 0 { 0 } else { 0x1b };
        shifted = (shifted << 1) ^ carry;
        bit += 1;
    }
    sum
}

/// A [`Table`] from its formula. (A constant cannot call a closure, but it can contain its body.)
macro_rules! table {
    (|$n:ident| $value:expr) => {{
        let mut table = [0; 16];
        let mut $n = 0u8;
        while $n < 16 {
            table[$n as usize] = $value;
            $n += 1;
        }
        table
    }};
}
use table;
