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
    let Some(text) = Words::of(text) else { return at };
    let mut ahead = marks.ahead();
    // The quotes of name and value, or of two names. What stands behind a quote tells whether it is one.
    while let [name, name_end, rest @ ..] = ahead
        && let [_, value_end, behind_value @ ..] = rest
    {
        let (name, name_end, value_end) = (*name as usize, *name_end as usize, *value_end as usize);
        let Some(behind) = text.four(name_end) else { break };
        let (start, end, left, behind) = if behind << 8 == QUOTE_COLON_QUOTE << 8 || behind == QUOTE_COLON_BLANK_QUOTE {
            let start = name_end.wrapping_add(if behind == QUOTE_COLON_BLANK_QUOTE { 3 } else { 2 });
            let Some(behind) = text.four(value_end) else { break };
            if behind << 24 != QUOTE << 24 {
                break;
            }
            (start, value_end.wrapping_add(1), behind_value, behind >> 8)
        } else if behind << 16 == QUOTE_COLON << 16 {
            let start = name_end.wrapping_add(if behind << 8 == QUOTE_COLON_BLANK << 8 { 3 } else { 2 });
            let Some(end) = text.eight(start).and_then(scalar).map(|length| start.wrapping_add(length)) else { break };
            let Some(behind) = text.four(end) else { break };
            (start, end, rest, behind)
        } else {
            break;
        };
        let (next, is_last) = if behind << 16 == COMMA_QUOTE << 16 {
            (end.wrapping_add(1), false)
        } else if behind << 8 == COMMA_BLANK_QUOTE << 8 {
            (end.wrapping_add(2), false)
        } else if behind << 24 == BRACE << 24 {
            (end, true)
        } else {
            break;
        };
        let name = name.wrapping_add(1);
        let length = name_end.wrapping_sub(name);
        if wanted.may_have(length)
            && let Some(number) = wanted.number_at(text.bytes, name, length)
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

/// The length of one of a few short values, of which these are the first eight bytes.
#[inline(always)]
fn scalar(word: u64) -> Option<usize> {
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

/// A text of at least eight bytes, read by words. Those of its last seven bytes are none, so that one comparison tells
/// whether there is a word.
#[derive(Clone, Copy)]
struct Words<'a> {
    bytes: &'a [u8],
    last: usize,
}

impl<'a> Words<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        bytes.len().checked_sub(8).map(|last| Words { bytes, last })
    }

    #[inline(always)]
    fn eight(self, at: usize) -> Option<u64> {
        if at > self.last {
            return None;
        }
        self.bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
    }

    #[inline(always)]
    fn four(self, at: usize) -> Option<u32> {
        if at > self.last {
            return None;
        }
        self.bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
    }
}
