//! A text that another one has to contain: looked for in lower case, or in any case in a text as it stands in the event.

use memchr::memmem::Finder;

use super::folding;
use crate::json::has_escape;
use crate::vector::Bytes;

/// A text to look for.
#[derive(Clone, Debug)]
pub(super) struct Part {
    finder: Finder<'static>,
    /// Where each of its characters stands for itself, in the body of a JSON text, too.
    pair: Option<Pair>,
    /// It has a `k`: another character becomes that in lower case.
    has_kelvin: bool,
}

/// Two bytes of a text: what stands around both is compared.
#[derive(Clone, Copy, Debug)]
struct Pair([Rare; 2]);

/// A byte of the text and where it stands.
#[derive(Clone, Copy, Debug)]
struct Rare {
    position: usize,
    byte: u8,
    /// The bit in which its cases differ; zero where it has none.
    case: u8,
}

/// What a search came past.
struct Seen {
    found: bool,
    backslash: bool,
}

impl Part {
    /// Of a text, in lower case where it is looked for in any case.
    pub(super) fn new(text: &str) -> Self {
        // What has an escape of its own in JSON may be written in two ways.
        let stands_for_itself = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'/' | b'\\');
        Part {
            finder: Finder::new(text.as_bytes()).into_owned(),
            pair: if text.bytes().all(stands_for_itself) { Pair::of(text.as_bytes()) } else { None },
            has_kelvin: text.contains('k'),
        }
    }

    /// It stands in `text`, to the byte.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.finder.find(text.as_bytes()).is_some()
    }

    /// It stands in what the body of a JSON text stands for when both are in lower case. None when that has to be made
    /// to know it.
    pub(super) fn is_in_body(&self, body: &str) -> Option<bool> {
        let pair = self.pair?;
        let (text, sought) = (body.as_bytes(), self.finder.needle());
        let seen = pair.look(text, sought.len(), |found| found.eq_ignore_ascii_case(sought));
        if seen.found {
            // What follows a backslash is not what it looks like.
            return (!has_escape(body)).then_some(true);
        }
        // Only these two can be characters of what is sought and not look like them.
        let is_hidden = (seen.backslash && has_code_point_of(sought, text)) || (self.has_kelvin && has_kelvin(text));
        (!is_hidden).then_some(false)
    }
}

impl Pair {
    /// The two bytes of a text that are rarest in statements.
    fn of(text: &[u8]) -> Option<Pair> {
        const COMMON: &[u8] = b" etaoinsrlcdmup_hgfb.,'ywk=vxqjz";
        let rarity = |byte: u8| COMMON.iter().position(|common| *common == byte).unwrap_or(COMMON.len());
        let mut all: Vec<(usize, u8)> = text.iter().map(u8::to_ascii_lowercase).enumerate().collect();
        all.sort_by_key(|(_, byte)| std::cmp::Reverse(rarity(*byte)));
        let rare = |(position, byte): (usize, u8)| {
            let case = if byte.is_ascii_lowercase() { 0x20 } else { 0 };
            Rare { position, byte, case }
        };
        let first = rare(*all.first()?);
        Some(Pair([first, all.get(1).map_or(first, |second| rare(*second))]))
    }

    /// Looks for a place in `text` from which on `length` bytes are what is sought.
    #[inline(always)]
    fn look(self, text: &[u8], length: usize, is_sought: impl Fn(&[u8]) -> bool) -> Seen {
        let Pair([one, other]) = self;
        let is_at = |at: usize| text.get(at..at.wrapping_add(length)).is_some_and(&is_sought);
        let (mut at, mut backslashes) = (0usize, Bytes::all(0));
        while let (Some(first), Some(second)) = (one.load(text, at), other.load(text, at)) {
            let mut places = one.stands_in(first).and(other.stands_in(second)).bits::<7>();
            while places != 0 {
                if is_at(at.wrapping_add(places.trailing_zeros() as usize)) {
                    return Seen { found: true, backslash: true };
                }
                places &= places.wrapping_sub(1);
            }
            backslashes = backslashes.or(first.equal(Bytes::all(b'\\')));
            at = at.wrapping_add(Bytes::COUNT);
        }
        let found = length <= text.len() && (at..=text.len().wrapping_sub(length)).any(is_at);
        // What was loaded first lies behind the start and before the end.
        let [start, end] = [text.get(..one.position), text.get(at..)].map(Option::unwrap_or_default);
        Seen { found, backslash: !backslashes.is_zero() || start.contains(&b'\\') || end.contains(&b'\\') }
    }
}

impl Rare {
    const fn exact(position: usize, byte: u8) -> Self {
        Rare { position, byte, case: 0 }
    }

    #[inline(always)]
    fn load(self, text: &[u8], at: usize) -> Option<Bytes> {
        text.get(at.wrapping_add(self.position)..)?.first_chunk().map(Bytes::load)
    }

    #[inline(always)]
    fn stands_in(self, bytes: Bytes) -> Bytes {
        bytes.or(Bytes::all(self.case)).equal(Bytes::all(self.byte))
    }
}

/// The start of an escape that may stand for any character.
const CODE_POINT: Pair = Pair([Rare::exact(0, b'\\'), Rare::exact(1, b'u')]);
const CODE_POINT_BYTES: usize = r"\u0041".len();
/// The end of the one character outside of ASCII whose lower case is in it.
const KELVIN: Pair = Pair([Rare::exact(1, 0x84), Rare::exact(2, 0xaa)]);

/// An escape in `text` stands for a character of what is sought.
#[inline(never)]
fn has_code_point_of(sought: &[u8], text: &[u8]) -> bool {
    let is_of_sought = |found: &[u8]| {
        let digits = found.strip_prefix(b"\\u").and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let folded = unit.and_then(char::from_u32).map(folding::fold);
        folded.and_then(|folded| u8::try_from(folded).ok()).is_some_and(|byte| sought.contains(&byte))
    };
    CODE_POINT.look(text, CODE_POINT_BYTES, is_of_sought).found
}

#[inline(never)]
fn has_kelvin(text: &[u8]) -> bool {
    KELVIN.look(text, folding::KELVIN.len(), |found| found == folding::KELVIN).found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::folding::fold;
    use super::*;
    use crate::json::unescape;

    /// Bodies whose characters are near those that are sought, escaped in every way.
    const BODIES: &str = "([abkKAB@`\\[{ ]|K|é|\\\\n|\\\\\\\\|\\\\\"|\\\\/|\\\\u006[12bB]|\\\\u212a){0,50}";
    const PARTS: &str = "[abkn@`\\[{ 06u]{1,4}|[abk]{1,20}|[ab\\\\/\"]{1,3}|é";

    proptest! {
        #[test]
        fn in_a_body_is_in_lower_case(body in BODIES, sought in PARTS) {
            let folded: String = unescape(&body).chars().map(fold).collect();
            let part = Part::new(&sought);
            prop_assert_eq!(part.is_in(&folded), folded.contains(&sought));
            let known = part.is_in_body(&body);
            prop_assert!(known.is_none_or(|found| found == folded.contains(&sought)), "{:?}", known);
            // Of what machines write it is known.
            let is_simple = sought.bytes().all(|byte| byte.is_ascii() && !b"\"\\/".contains(&byte));
            let hides_some = body.contains('\\') || (body.contains('\u{212a}') && sought.contains('k'));
            prop_assert!(known.is_some() || !is_simple || hides_some);
        }
    }
}
