//! SQL text without its literals: strings, numbers, dollar-quoted text, hex and bit strings, comments and passwords
//! become `?`, and everything else stays as it was written.
//!
//! The danger is to lose step: whoever takes the inside of one string for SQL prints it. So a text counts only when
//! it can be read in exactly one way. One that cannot be read to its end (a cut string, a stray character), and one
//! that two settings of the server would read differently, are not printed at all.
//!
//! What it cannot know: a bare word that SQL Server takes for a string (`EXEC p word`) stays, but for the procedures
//! that take passwords. MySQL's `NO_BACKSLASH_ESCAPES` is noticed where it makes a difference, unless the text is cut.
//!
//! A scanner of our own: `sqlparser`'s tokenizer allocates a string per token, gives lines and columns instead of byte
//! positions, and loses step on some inputs (it takes a backslash in `X'..'` for an escape in every dialect, and
//! forgives a stray `\`). It is the oracle of the tests.

mod comments;
mod dialect;
mod encoded;
mod passwords;
mod scan;
mod secret;
mod strings;
#[cfg(test)]
mod tests;

pub(crate) use dialect::Dialect;
use scan::{Backslash, Scanner, Unreadable};

/// Appends `sql` to `out` with every literal replaced, as the body of a JSON text. `is_plain`: nothing in `sql` needs
/// an escape there. On failure `out` is as it was.
pub(crate) fn write(
    sql: &str,
    is_plain: bool,
    dialect: Dialect,
    buffer: &mut String,
    out: &mut String,
) -> Result<(), Unreadable> {
    let before = out.len();
    let written = match write_reading(sql, is_plain, dialect, out) {
        // A `\` between tokens: Aurora MySQL writes statements with their quotes escaped.
        Err(Unreadable::Backslash) if dialect == Dialect::MySql => {
            out.truncate(before);
            buffer.clear();
            encoded::decode(sql, buffer).and_then(|()| write_reading(buffer, false, dialect, out))
        }
        other => other,
    };
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write_reading(sql: &str, is_plain: bool, dialect: Dialect, out: &mut String) -> Result<(), Unreadable> {
    let mut scanner = Scanner::new(sql, dialect, Backslash::of(dialect));
    let push =
        |text: &str, out: &mut String| if is_plain { out.push_str(text) } else { super::json::push_body(text, out) };
    let mut clean = 0;
    while let Some(literal) = scanner.next_literal()? {
        push(sql.get(clean..literal.start).unwrap_or_default(), out);
        out.push('?');
        clean = literal.end;
    }
    push(sql.get(clean..).unwrap_or_default(), out);
    match scanner.doubtful() && is_readable(sql, dialect, Backslash::Letter) {
        true => Err(Unreadable::Ambiguous),
        false => Ok(()),
    }
}

/// The text can be read to its end when backslashes mean this.
fn is_readable(sql: &str, dialect: Dialect, backslash: Backslash) -> bool {
    let mut scanner = Scanner::new(sql, dialect, backslash);
    loop {
        match scanner.next_literal() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
