//! Passwords that stand as bare words or quoted identifiers, where [`super::secret`] expects one.

use super::Dialect;
use super::dialect::Class;
use super::scan::{Scanner, Unreadable};

impl Scanner<'_> {
    /// A password where one is due. It is taken with all that hangs on it, up to white space, a comma, a bracket or
    /// the end of the statement. A password in single or dollar quotes is a string like any other.
    pub(super) fn bare_secret(&mut self, class: Class) -> Result<bool, Unreadable> {
        let is_string = match class {
            // A sign of it may stand in front, or a comment.
            Class::Plain | Class::Dash | Class::Slash | Class::Star | Class::Dot | Class::Hash => return Ok(false),
            Class::Semicolon | Class::Comma | Class::Stray | Class::Backslash | Class::Quote => true,
            Class::Dollar => self.dialect == Dialect::PostgreSql,
            Class::Word => {
                let end = self.word_end(self.at);
                let word = self.text.as_bytes().get(self.at..end).unwrap_or_default();
                let behind = self.text.as_bytes().get(end..).unwrap_or_default();
                behind.first().is_some_and(|quote| *quote == b'\'' && self.prefix(word, *quote).is_some())
                    || (behind.starts_with(b"&'") && word.eq_ignore_ascii_case(b"u"))
            }
            Class::High | Class::Digit | Class::DoubleQuote | Class::Backtick | Class::Bracket => false,
        };
        self.secrets.due = false;
        if is_string {
            return Ok(false);
        }
        loop {
            match self.text.as_bytes().get(self.at) {
                None | Some(b' ' | b'\t' | b'\n' | b'\r' | b';' | b',' | b')') => return Ok(true),
                Some(b'\'') => self.ordinary(b'\'')?,
                Some(b'"') => self.double_quoted().map(|_| ())?,
                Some(b'`') => self.quoted(b'`')?,
                Some(b'[') if self.dialect == Dialect::SqlServer => self.quoted(b']')?,
                Some(b'/') if self.peek(1) == b'*' => return Ok(true),
                Some(b'-') if self.is_line_comment() => return Ok(true),
                Some(b'\\') => return Err(Unreadable::Backslash),
                Some(_) => {
                    self.pass(1);
                }
            }
        }
    }
}
