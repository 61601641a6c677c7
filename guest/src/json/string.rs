//! String bodies: comparison and unescaping of what the scanner has checked.

use std::borrow::Cow;

/// The raw string body `raw` stands for exactly `text`.
pub(crate) fn equals(raw: &str, text: &str) -> bool {
    raw == text || (raw.contains('\\') && unescape(raw) == text)
}

/// What a raw string body stands for. Borrowed when it has no escape. A lone surrogate, which JSON can write and
/// UTF-8 cannot, becomes U+FFFD.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    let Some((plain, mut rest)) = raw.split_once('\\') else { return Cow::Borrowed(raw) };
    let mut text = String::with_capacity(raw.len());
    text.push_str(plain);
    loop {
        let mut chars = rest.chars();
        match chars.next() {
            Some('u') => rest = push_code_unit(chars.as_str(), &mut text),
            escape => {
                text.extend(escape.map(simple));
                rest = chars.as_str();
            }
        }
        let Some((plain, behind)) = rest.split_once('\\') else {
            text.push_str(rest);
            return Cow::Owned(text);
        };
        text.push_str(plain);
        rest = behind;
    }
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

/// Takes the four digits after `\u`, and the second half of a surrogate pair where there is one.
fn push_code_unit<'a>(digits: &'a str, text: &mut String) -> &'a str {
    let Some((unit, rest)) = code_unit(digits) else { return digits };
    let low = || rest.strip_prefix("\\u").and_then(code_unit).filter(|(low, _)| (0xDC00..0xE000).contains(low));
    if (0xD800..0xDC00).contains(&unit)
        && let Some((low, behind)) = low()
    {
        text.extend(char::decode_utf16([unit, low]).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        return behind;
    }
    text.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    u16::from_str_radix(digits, 16).ok().map(|unit| (unit, rest))
}
