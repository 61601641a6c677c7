//! Lower case, character by character: values and texts of rules are compared in it unless a rule says `cased`.

use crate::vector::Bytes;

/// The lower case of a character. One that has several characters in lower case (`İ`) stays as it is, so that `?` means
/// one character on both sides.
pub(super) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}

/// `K`, in UTF-8: the only character outside of ASCII that [`fold`] brings into it.
pub(super) const KELVIN: [u8; 3] = [0xe2, 0x84, 0xaa];

/// A text as it stands in the event, the body of a JSON text, starts in lower case with `start`, which is in lower case.
/// None when its lower case has to be made to know it.
#[inline]
pub(super) fn body_starts_with(body: &str, start: &str) -> Option<bool> {
    let (body, start) = (body.as_bytes(), start.as_bytes());
    for (at, expected) in start.iter().enumerate() {
        match body.get(at) {
            _ if !expected.is_ascii() => return None,
            None => return Some(false),
            Some(b'\\') => return None,
            Some(found) if found.to_ascii_lowercase() == *expected => {}
            Some(0..0x80) => return Some(false),
            Some(_) => return (!body.get(at..)?.starts_with(&KELVIN)).then_some(false),
        }
    }
    Some(true)
}

/// Appends `text` in lower case. Most of it is ASCII, even where not all is.
pub(super) fn fold_into(text: &str, folded: &mut String) {
    let mut rest = text;
    loop {
        let (plain, others) = rest.split_at_checked(ascii_run(rest.as_bytes())).unwrap_or((rest, ""));
        let start = folded.len();
        folded.push_str(plain);
        if let Some(copy) = folded.get_mut(start..) {
            copy.make_ascii_lowercase();
        }
        let mut others = others.chars();
        let Some(character) = others.next() else { return };
        folded.push(fold(character));
        rest = others.as_str();
    }
}

/// How many bytes at the start are ASCII.
fn ascii_run(text: &[u8]) -> usize {
    let mut at = 0usize;
    while let Some(part) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = Bytes::load(part).bits::<7>();
        if others != 0 {
            return at.wrapping_add(others.trailing_zeros() as usize);
        }
        at = at.wrapping_add(Bytes::COUNT);
    }
    let tail = text.get(at..).unwrap_or_default();
    at.wrapping_add(tail.iter().position(|byte| !byte.is_ascii()).unwrap_or(tail.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::unescape;

    #[test]
    fn one_character_comes_into_ascii() {
        let others = ('\u{80}'..=char::MAX).filter(|character| fold(*character).is_ascii());
        assert_eq!(others.collect::<String>().as_bytes(), KELVIN);
    }

    proptest! {
        #[test]
        fn a_body_starts_in_lower_case(
            body in "([abkKAB@`É]|K|é|\\\\n|\\\\\\\\|\\\\u006[12b]){0,5}",
            start in "[abk@`é\\\\n]{0,4}",
        ) {
            let folded: String = unescape(&body).chars().map(fold).collect();
            let known = body_starts_with(&body, &start);
            prop_assert!(known.is_none_or(|starts| starts == folded.starts_with(&start)), "{:?}", known);
            let is_simple = start.is_ascii() && !body.contains(['\\', '\u{212a}']);
            prop_assert!(known.is_some() || !is_simple);
        }

        #[test]
        fn folded_is_every_character_folded(text in "[a-zA-ZÀ-ÿİẞΣ😀 ]{0,80}", before in ".{0,4}") {
            let mut folded = before.clone();
            fold_into(&text, &mut folded);
            prop_assert_eq!(folded, before + &text.chars().map(fold).collect::<String>());
        }
    }
}
