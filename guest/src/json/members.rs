//! Members as machines write them: the bulk of an audit document, passed in one short loop.

use super::marks::Marks;

/// Names that are not to be passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<const N: usize> {
    /// A set of lengths.
    lengths: u64,
    /// The first four bytes of each.
    heads: [u32; N],
}

impl<const N: usize> Wanted<N> {
    /// Of names of 4 to 63 bytes.
    pub(super) fn new(names: &[&str; N]) -> Self {
        let lengths = names.iter().fold(0, |lengths, name| lengths | 1u64.wrapping_shl(name.len() as u32));
        Wanted { lengths, heads: names.map(|name| word(name.as_bytes(), 0).unwrap_or(0)) }
    }
}

/// Passes members from the one whose name starts at `at`, as long as
/// - the value is a string without escapes, a whole number up to eight digits, `null`, `true`, `false` or `[]`,
/// - no white space stands in between, but for one blank behind a colon or a comma,
/// - the name has no escape and is not wanted,
/// - and another member follows.
///
/// Answers where the next name starts, that is `at` itself when there was no such member. Everything it passes is sound
/// JSON; what it does not pass may be.
#[inline(never)]
pub(super) fn pass<const N: usize>(text: &[u8], marks: &mut Marks, mut at: usize, wanted: &Wanted<N>) -> usize {
    let mut passed = 0usize;
    if text.get(at) != Some(&b'"') {
        return at;
    }
    // The quotes of name and value, or of two names. What stands behind a quote tells whether it is one.
    while let Some(&[_, name_end, _, value_end]) = marks.ahead(passed) {
        let (name_end, value_end) = (name_end as usize, value_end as usize);
        let length = name_end.wrapping_sub(at).wrapping_sub(1);
        if wanted.lengths.wrapping_shr(length as u32) & 1 != 0
            && word(text, at.wrapping_add(1)).is_none_or(|head| wanted.heads.contains(&head))
        {
            break;
        }
        let Some(behind) = word(text, name_end) else { break };
        let (end, marks) = if behind << 8 == QUOTE_COLON_QUOTE << 8 || behind == QUOTE_COLON_BLANK_QUOTE {
            (value_end.wrapping_add(1), 4)
        } else if behind << 16 == QUOTE_COLON << 16 {
            let start = name_end.wrapping_add(if behind << 8 == QUOTE_COLON_BLANK << 8 { 3 } else { 2 });
            let Some(length) = scalar(text, start) else { break };
            (start.wrapping_add(length), 2)
        } else {
            break;
        };
        // A string's closing quote and what follows, or what follows a scalar.
        let Some(behind) = word(text, end.wrapping_sub(1)) else { break };
        if marks == 4 && behind << 24 != QUOTE << 24 {
            break;
        }
        at = if behind >> 8 << 16 == COMMA_QUOTE << 16 {
            end.wrapping_add(1)
        } else if behind >> 8 == COMMA_BLANK_QUOTE {
            end.wrapping_add(2)
        } else {
            break;
        };
        passed = passed.wrapping_add(marks);
    }
    marks.pass(passed);
    at
}

const QUOTE: u32 = u32::from_le_bytes(*b"\"\0\0\0");
const QUOTE_COLON: u32 = u32::from_le_bytes(*b"\":\0\0");
const QUOTE_COLON_QUOTE: u32 = u32::from_le_bytes(*b"\":\"\0");
const QUOTE_COLON_BLANK: u32 = u32::from_le_bytes(*b"\": \0");
const QUOTE_COLON_BLANK_QUOTE: u32 = u32::from_le_bytes(*b"\": \"");
const COMMA_QUOTE: u32 = u32::from_le_bytes(*b",\"\0\0");
const COMMA_BLANK_QUOTE: u32 = u32::from_le_bytes(*b", \"\0");

/// The length of one of a few short values at `at`.
#[inline(always)]
fn scalar(text: &[u8], at: usize) -> Option<usize> {
    let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
    // The high bit of each byte that is not a digit; the lowest of them is right, whatever the carries do above it.
    const ONES: u64 = 0x0101_0101_0101_0101;
    let differences = word ^ (ONES * 0x30);
    let others = (differences.wrapping_add(ONES * 0x76) | differences) & (ONES * 0x80);
    let digits = (others.trailing_zeros() / 8) as usize;
    let leading_zero = word as u8 == b'0';
    if digits > 0 {
        return (digits < 8 && (digits == 1 || !leading_zero)).then_some(digits);
    }
    let head = word as u32;
    if head == u32::from_le_bytes(*b"null") || head == u32::from_le_bytes(*b"true") {
        Some(4)
    } else if head == u32::from_le_bytes(*b"fals") && (word >> 32) as u8 == b'e' {
        Some(5)
    } else if head as u16 == u16::from_le_bytes(*b"[]") {
        Some(2)
    } else {
        None
    }
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u32> {
    text.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}
