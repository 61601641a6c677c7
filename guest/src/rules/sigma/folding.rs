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

    proptest! {
        #[test]
        fn folded_is_every_character_folded(text in "[a-zA-ZÀ-ÿİẞΣ😀 ]{0,80}", before in ".{0,4}") {
            let mut folded = before.clone();
            fold_into(&text, &mut folded);
            prop_assert_eq!(folded, before + &text.chars().map(fold).collect::<String>());
        }
    }
}
