//! Numbers, `true`, `false` and `null` (RFC 8259, sections 3 and 6).

use super::{Error, What};

/// Where the number or literal at `at` ends.
#[inline(always)]
pub(super) fn end(text: &[u8], at: usize) -> Result<usize, Error> {
    match text.get(at) {
        Some(b'n') => literal(text, at, b"null"),
        Some(b'-' | b'0'..=b'9') => number(text, at),
        Some(b't') => literal(text, at, b"true"),
        Some(b'f') => literal(text, at, b"false"),
        _ => Err(expected(at, "a value")),
    }
}

#[inline(always)]
fn literal<const N: usize>(text: &[u8], at: usize, word: &[u8; N]) -> Result<usize, Error> {
    let end = at.wrapping_add(N);
    if text.get(at..end) == Some(word) { Ok(end) } else { Err(expected(at, "true, false or null")) }
}

/// `-`? (`0` | digit 1-9, digits) (`.` digits)? (`e` sign? digits)?
#[inline(always)]
fn number(text: &[u8], mut at: usize) -> Result<usize, Error> {
    if text.get(at) == Some(&b'-') {
        at = at.wrapping_add(1);
    }
    at = match text.get(at) {
        Some(b'0') => at.wrapping_add(1),
        _ => digits(text, at)?,
    };
    match text.get(at) {
        Some(b'.' | b'e' | b'E') => fraction_and_exponent(text, at),
        _ => Ok(at),
    }
}

#[inline(never)]
fn fraction_and_exponent(text: &[u8], mut at: usize) -> Result<usize, Error> {
    if text.get(at) == Some(&b'.') {
        at = digits(text, at.wrapping_add(1))?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at = at.wrapping_add(1);
        if let Some(b'+' | b'-') = text.get(at) {
            at = at.wrapping_add(1);
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// One digit or more.
#[inline(always)]
fn digits(text: &[u8], start: usize) -> Result<usize, Error> {
    let mut at = start;
    while let Some(b'0'..=b'9') = text.get(at) {
        at = at.wrapping_add(1);
    }
    if at == start { Err(expected(at, "a digit")) } else { Ok(at) }
}

#[cold]
fn expected(at: usize, what: &'static str) -> Error {
    Error { at, what: What::Expected(what) }
}
