//! Sixteen bytes at a time: the few vector operations that the decoder is made of, on the vectors of the machine.
//!
//! Three machines have them: WebAssembly with `simd128`, x86-64, and for every other one an array of bytes, which also
//! says what each operation means. Algorithms are written once, on [`Bytes`]: what the native tests prove holds in the
//! sandbox. `relaxed-simd` is used only where it cannot differ from the strict one.

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod machine;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
#[path = "wasm.rs"]
mod machine;
#[allow(dead_code, reason = "each machine needs what its own instructions cannot do")]
mod portable;

#[cfg(not(any(all(target_family = "wasm", target_feature = "simd128"), target_arch = "x86_64")))]
use portable as machine;

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
