//! Lower case, character by character: values and texts of rules are compared in it unless a rule says `cased`.

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

/// Appends `text` in lower case.
pub(super) fn fold_into(text: &str, folded: &mut String) {
    let start = folded.len();
    if text.is_ascii() {
        folded.push_str(text);
        if let Some(copy) = folded.get_mut(start..) {
            copy.make_ascii_lowercase();
        }
    } else {
        folded.extend(text.chars().map(fold));
    }
}
