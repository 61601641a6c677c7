//! String bodies: comparison and unescaping of what the scanner has checked.

use std::borrow::Cow;

use crate::vector::Bytes;

/// The raw string body `raw` stands for exactly `text`.
pub(crate) fn equals(raw: &str, text: &str) -> bool {
    let unescaped = || {
        let rest = Pieces(raw).try_fold(text, |rest, piece| match piece {
            Piece::Plain(part) => rest.strip_prefix(part),
            Piece::Escaped(character) => rest.strip_prefix(character),
        });
        rest == Some("")
    };
    // An escape is longer than what it stands for, and never stands for itself.
    match raw.len() > text.len() {
        true => has_escape(raw) && unescaped(),
        false => raw == text && !has_escape(raw),
    }
}

/// The raw string body `raw` holds an escape.
#[inline]
pub(crate) fn has_escape(raw: &str) -> bool {
    plain_run(raw.as_bytes()) < raw.len()
}

/// How many bytes stand before the first backslash.
#[inline]
fn plain_run(raw: &[u8]) -> usize {
    let mut at = 0usize;
    while let Some(part) = raw.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = Bytes::load(part).equal(Bytes::all(b'\\')).bits::<7>();
        if found != 0 {
            return at.wrapping_add(found.trailing_zeros() as usize);
        }
        at = at.wrapping_add(Bytes::COUNT);
    }
    let tail = raw.get(at..).unwrap_or_default();
    at.wrapping_add(tail.iter().position(|byte| *byte == b'\\').unwrap_or(tail.len()))
}

/// What a raw string body stands for. Borrowed when it has no escape. A lone surrogate, which JSON can write and
/// UTF-8 cannot, becomes U+FFFD.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    if !has_escape(raw) {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    unescape_into(raw, &mut text);
    Cow::Owned(text)
}

/// Appends what a raw string body stands for.
pub(crate) fn unescape_into(raw: &str, text: &mut String) {
    for piece in Pieces(raw) {
        match piece {
            Piece::Plain(part) => text.push_str(part),
            Piece::Escaped(character) => text.push(character),
        }
    }
}

/// The rest of a raw string body, taken apart from the front.
struct Pieces<'a>(&'a str);

enum Piece<'a> {
    Plain(&'a str),
    Escaped(char),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(escape) = self.0.strip_prefix('\\') {
            let mut rest = escape.chars();
            let letter = rest.next()?;
            self.0 = rest.as_str();
            return Some(Piece::Escaped(if letter == 'u' { self.code_point() } else { simple(letter) }));
        }
        let (plain, rest) = self.0.split_at_checked(plain_run(self.0.as_bytes()))?;
        self.0 = rest;
        (!plain.is_empty()).then_some(Piece::Plain(plain))
    }
}

impl Pieces<'_> {
    /// Takes the four digits after `\u`, and the second half of a surrogate pair where there is one.
    fn code_point(&mut self) -> char {
        let Some((unit, rest)) = code_unit(self.0) else { return char::REPLACEMENT_CHARACTER };
        self.0 = rest;
        if (0xD800..0xDC00).contains(&unit)
            && let Some((low, rest)) = rest.strip_prefix("\\u").and_then(code_unit)
            && let Some(Ok(pair)) = char::decode_utf16([unit, low]).next()
        {
            self.0 = rest;
            return pair;
        }
        char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    u16::from_str_radix(digits, 16).ok().map(|unit| (unit, rest))
}

fn simple(escape: char) -> char {
    match escape {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        itself => itself,
    }
}
