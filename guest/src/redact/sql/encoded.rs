//! Statements of Aurora MySQL, whose audit log escapes the quotes of the whole statement.
//!
//! What else it escapes depends on who wrote it: AWS shows quotes only, the audit plugins for MySQL whose source is
//! public escape backslashes, too, and the newer of them line breaks. A line break that stands there as it is means
//! one in each of these ways.
//!
//! A `\` never stands between two tokens of MySQL, so one that does tells that the statement is encoded.

use super::scan::Unreadable;

/// Appends the statement that `sql` encodes. A text that nothing has encoded is refused: in an encoded one no single
/// quote and no backslash stands alone.
pub(super) fn decode(sql: &str, out: &mut String) -> Result<(), Unreadable> {
    let (mut escaped_double_quotes, mut double_quotes) = (false, false);
    let mut characters = sql.chars();
    while let Some(character) = characters.next() {
        let decoded = match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('0') => '\0',
                Some('Z') => '\u{1a}',
                Some('"') => {
                    escaped_double_quotes = true;
                    '"'
                }
                Some(quote @ ('\'' | '\\')) => quote,
                _ => return Err(Unreadable::Backslash),
            },
            '\'' => return Err(Unreadable::Backslash),
            '"' => {
                double_quotes = true;
                '"'
            }
            other => other,
        };
        out.push(decoded);
    }
    // `\"` inside double quotes: either a quote of the statement or the end of its string.
    match (escaped_double_quotes && double_quotes) || out.contains("\\\"") {
        true => Err(Unreadable::Ambiguous),
        false => Ok(()),
    }
}
