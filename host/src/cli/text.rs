//! Text from records on a terminal: one line, and nothing that the terminal would obey.

/// At most `width` characters of `text`, with control characters escaped; an ellipsis stands for the rest.
pub(super) fn one_line(text: &str, width: usize) -> String {
    let mut line: String = text.chars().take(width + 1).flat_map(printable).take(width + 1).collect();
    if line.chars().count() > width {
        line = line.chars().take(width.saturating_sub(1)).chain(['…']).collect();
    }
    line
}

/// A character as it can be shown. Also without the marks that turn the writing direction around.
pub(super) fn printable(sign: char) -> impl Iterator<Item = char> {
    let obeyed = sign.is_control()
        || matches!(sign, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = obeyed.then(|| sign.escape_default());
    escaped.into_iter().flatten().chain((!obeyed).then_some(sign))
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_and_harmless() {
        assert_eq!(one_line("SELECT\n1", 20), "SELECT\\n1");
        assert_eq!(one_line("\u{1b}[31mred\u{202e}", 40), "\\u{1b}[31mred\\u{202e}");
        assert_eq!(one_line("監査ログ", 4), "監査ログ");
        assert_eq!(one_line("監査ログx", 4), "監査ロ…");
        assert_eq!(one_line("", 4), "");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
