//! 64 bytes of JSON as sets of positions: a word for each kind of byte, a bit for each byte of that kind.

use crate::vector::Bytes;

/// How many bytes a block has.
pub(super) const BYTES: usize = 64;

/// The bytes of a block by kind, inside strings and outside alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Any of the six kinds below.
    pub(super) special: u64,
    pub(super) quotes: u64,
    /// Blanks; no other white space.
    pub(super) blanks: u64,
    pub(super) colons: u64,
    pub(super) commas: u64,
    /// `{` and `[`.
    pub(super) opening: u64,
    /// `}` and `]`.
    pub(super) closing: u64,
    /// There is a backslash or a control character. Some control characters count as one of the kinds above: only the
    /// four that are white space are to be trusted.
    pub(super) has_others: bool,
}

/// What few blocks have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Others {
    pub(super) backslashes: u64,
    /// Control characters.
    pub(super) controls: u64,
    /// Those that are white space: tabs and line breaks.
    pub(super) spaces: u64,
    /// Line feeds and carriage returns.
    pub(super) breaks: u64,
}

impl Block {
    /// With bit 5 set, which makes `[` and `{` one and `]` and `}` one, each of the six kinds has a low half of its
    /// own. So one lookup by the low half gives the only byte that it can be, and three bits of it tell the kinds
    /// apart:
    ///
    /// | blank `20` | quote `22` | colon `3a` | opening `7b` | comma `2c` | closing `7d` |
    /// |------------|------------|------------|--------------|------------|--------------|
    /// | 0000       | 0010       | 1010       | 1011         | 1100       | 1101         |
    #[inline(always)]
    pub(super) fn read(bytes: &[u8; BYTES]) -> Self {
        const KINDS: [u8; 16] = [b' ', 0, b'"', 0, 0, 0, 0, 0, 0, 0, b':', b'{', b',', b'}', 0, 0];
        let kinds = Bytes::load(&KINDS);
        let special = set(bytes, |part| {
            let only = kinds.lookup(part.and(Bytes::all(0x0f)));
            only.equal(part.or(Bytes::all(0x20))).bits::<7>()
        });
        let (bit0, bit1, bit3) = (
            set(bytes, |part| part.bits::<0>()),
            set(bytes, |part| part.bits::<1>()),
            set(bytes, |part| part.bits::<3>()),
        );
        let (low, high) = (special & !bit3, special & bit3);
        let (commas_closing, colons_opening) = (high & !bit1, high & bit1);
        Block {
            special,
            quotes: low & bit1,
            blanks: low & !bit1,
            colons: colons_opening & !bit0,
            opening: colons_opening & bit0,
            commas: commas_closing & !bit0,
            closing: commas_closing & bit0,
            has_others: has_others(bytes),
        }
    }
}

impl Others {
    #[cold]
    pub(super) fn read(bytes: &[u8; BYTES]) -> Self {
        let equal = |byte| set(bytes, |part| part.equal(Bytes::all(byte)).bits::<7>());
        let breaks = equal(b'\n') | equal(b'\r');
        Others {
            backslashes: equal(b'\\'),
            breaks,
            spaces: breaks | equal(b'\t'),
            controls: set(bytes, |part| part.equal(part.least(Bytes::all(0x1f))).bits::<7>()),
        }
    }
}

#[inline(always)]
fn has_others(bytes: &[u8; BYTES]) -> bool {
    let [a, b, c, d] = parts(bytes);
    let least = a.least(b).least(c.least(d));
    let backslash = Bytes::all(b'\\');
    let backslashes = a.equal(backslash).or(b.equal(backslash)).or(c.equal(backslash).or(d.equal(backslash)));
    !backslashes.or(least.equal(least.least(Bytes::all(0x1f)))).is_zero()
}

/// The set that `of` finds in each part.
#[inline(always)]
fn set(bytes: &[u8; BYTES], of: impl Fn(Bytes) -> u16) -> u64 {
    let [a, b, c, d] = parts(bytes).map(|part| u64::from(of(part)));
    a | b << 16 | c << 32 | d << 48
}

#[inline(always)]
fn parts(bytes: &[u8; BYTES]) -> [Bytes; 4] {
    let (parts, _) = bytes.as_chunks::<{ Bytes::COUNT }>();
    let mut vectors = [Bytes::all(0); 4];
    vectors.iter_mut().zip(parts).for_each(|(vector, part)| *vector = Bytes::load(part));
    vectors
}
