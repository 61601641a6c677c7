//! [`Vector`] as a number of 128 bits: what the operations mean, for tests on any machine. Not in constant time.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "arrays of fixed size, constant indices")]

use std::array::from_fn;
use std::ops::{BitAnd, BitXor};

/// Sixteen bytes, the first one lowest.
#[derive(Clone, Copy)]
pub(crate) struct Vector(u128);

impl Vector {
    /// These bytes.
    pub(crate) const fn new(bytes: [u8; 16]) -> Self {
        Vector(u128::from_le_bytes(bytes))
    }

    /// Sixteen times the same byte.
    pub(crate) fn splat(byte: u8) -> Self {
        Vector::new([byte; 16])
    }

    /// Bytes from memory.
    pub(crate) fn from_bytes(bytes: &[u8; 16]) -> Self {
        Vector::new(*bytes)
    }

    /// Bytes for memory.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// Two little-endian words.
    pub(crate) fn from_words([first, second]: [u64; 2]) -> Self {
        Vector(u128::from(first) | u128::from(second) << 64)
    }

    /// `self` is a table: for each byte of `indices`, the entry at that index. An index is below 16, or has its top
    /// bit set; for that the result is 0.
    pub(crate) fn lookup(self, indices: Vector) -> Vector {
        let table = self.to_bytes();
        Vector::new(indices.to_bytes().map(|index| {
            assert!(!(0x10..0x80).contains(&index), "the relaxed instruction is free to answer anything");
            if index < 0x10 { table[usize::from(index)] } else { 0 }
        }))
    }

    /// The bits of each byte four places down; what comes in at the top is anything.
    pub(crate) fn four_down(self) -> Vector {
        Vector(self.0 >> 4)
    }

    /// The first eight bytes of both, in turns.
    pub(crate) fn zip_low(self, other: Vector) -> Vector {
        let (a, b) = (self.to_bytes(), other.to_bytes());
        Vector::new(from_fn(|i| if i % 2 == 0 { a[i / 2] } else { b[i / 2] }))
    }

    /// The last eight bytes of both, in turns.
    pub(crate) fn zip_high(self, other: Vector) -> Vector {
        let (a, b) = (self.to_bytes(), other.to_bytes());
        Vector::new(from_fn(|i| if i % 2 == 0 { a[8 + i / 2] } else { b[8 + i / 2] }))
    }

    /// The bytes one place up; the last one of `below` comes first.
    pub(crate) fn up(self, below: Vector) -> Vector {
        Vector(self.0 << 8 | below.0 >> 120)
    }

    /// Whether all bytes are zero.
    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl BitXor for Vector {
    type Output = Vector;

    fn bitxor(self, other: Vector) -> Vector {
        Vector(self.0 ^ other.0)
    }
}

impl BitAnd for Vector {
    type Output = Vector;

    fn bitand(self, other: Vector) -> Vector {
        Vector(self.0 & other.0)
    }
}
