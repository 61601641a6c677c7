//! Members as machines write them: the bulk of an audit document, passed in one short loop.

use super::marks::Marks;
use super::names::{Names, Place};

/// Passes members from the one whose name starts at `at`, as long as
/// - the value is a string without escapes, a whole number up to eight digits, `null`, `true`, `false` or `[]`,
/// - no white space stands in between, but for one blank behind a colon or a comma,
/// - the name has no escape,
/// - and another member follows, or the object ends.
///
/// The places of the values of wanted members go into `places`. Answers where the next name or the brace at the end of
/// the object stands, that is `at` itself when there was no such member. Everything it passes is sound JSON; what it does
/// not pass may be.
#[inline(never)]
pub(super) fn pass(text: &[u8], marks: &mut Marks, mut at: usize, wanted: &Names, places: &mut [Place]) -> usize {
    if text.get(at) != Some(&b'"') {
        return at;
    }
    let mut ahead = marks.ahead();
    // The quotes of name and value, or of two names. What stands behind a quote tells whether it is one.
    while let [name, name_end, rest @ ..] = ahead
        && let [_, value_end, behind_value @ ..] = rest
    {
        let (name, name_end, value_end) = (*name as usize, *name_end as usize, *value_end as usize);
        let Some(behind) = word(text, name_end) else { break };
        let (start, end, left) = if behind << 8 == QUOTE_COLON_QUOTE << 8 {
            (name_end.wrapping_add(2), value_end.wrapping_add(1), behind_value)
        } else if behind == QUOTE_COLON_BLANK_QUOTE {
            (name_end.wrapping_add(3), value_end.wrapping_add(1), behind_value)
        } else if behind << 16 == QUOTE_COLON << 16 {
            let start = name_end.wrapping_add(if behind << 8 == QUOTE_COLON_BLANK << 8 { 3 } else { 2 });
            let Some(length) = scalar(text, start) else { break };
            (start, start.wrapping_add(length), rest)
        } else {
            break;
        };
        // A string's closing quote and what follows, or what follows a scalar.
        let Some(behind) = word(text, end.wrapping_sub(1)) else { break };
        if left.len() == behind_value.len() && behind << 24 != QUOTE << 24 {
            break;
        }
        let (next, is_last) = if behind >> 8 << 16 == COMMA_QUOTE << 16 {
            (end.wrapping_add(1), false)
        } else if behind >> 8 == COMMA_BLANK_QUOTE {
            (end.wrapping_add(2), false)
        } else if behind >> 8 << 24 == BRACE << 24 {
            (end, true)
        } else {
            break;
        };
        let name = name.wrapping_add(1);
        let length = name_end.wrapping_sub(name);
        if wanted.may_have(length)
            && let Some(number) = wanted.number_at(text, name, length)
            && let Some(place) = places.get_mut(number)
        {
            *place = [start as u32, end as u32];
        }
        at = next;
        ahead = left;
        if is_last {
            break;
        }
    }
    let left = ahead.len();
    marks.leave(left);
    at
}

const QUOTE: u32 = u32::from_le_bytes(*b"\"\0\0\0");
const QUOTE_COLON: u32 = u32::from_le_bytes(*b"\":\0\0");
const QUOTE_COLON_QUOTE: u32 = u32::from_le_bytes(*b"\":\"\0");
const QUOTE_COLON_BLANK: u32 = u32::from_le_bytes(*b"\": \0");
const QUOTE_COLON_BLANK_QUOTE: u32 = u32::from_le_bytes(*b"\": \"");
const COMMA_QUOTE: u32 = u32::from_le_bytes(*b",\"\0\0");
const COMMA_BLANK_QUOTE: u32 = u32::from_le_bytes(*b", \"\0");
const BRACE: u32 = u32::from_le_bytes(*b"}\0\0\0");

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
