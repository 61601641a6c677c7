//! The scanner: one pass over a statement, from literal to literal. It allocates nothing.

use std::ops::Range;

use super::Dialect;
use super::dialect::{Class, Table};
use super::secret::Secrets;
use super::strings::Prefix;

/// From literal to literal.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    table: &'static Table,
    pub(super) backslash: Backslash,
    /// Another setting of the server would end some string elsewhere.
    pub(super) doubtful: bool,
    /// The text is a comment's inside: what is open at its end goes on behind it.
    pub(super) inside_comment: bool,
    pub(super) secrets: Secrets,
}

/// What a backslash in a string means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backslash {
    /// A letter like any other.
    Letter,
    /// It takes the next character's meaning away.
    Escape,
}

/// Why a text cannot be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A string, comment or identifier does not end.
    Open,
    /// A `\` stands between tokens.
    Backslash,
    /// Another character that starts nothing.
    Stray,
    /// Settings of the server that are not in the event would decide.
    Ambiguous,
}

impl Backslash {
    /// As servers are set up unless they are told otherwise.
    pub(super) fn of(dialect: Dialect) -> Backslash {
        if dialect == Dialect::MySql { Backslash::Escape } else { Backslash::Letter }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect, backslash: Backslash) -> Self {
        let secrets = Secrets::default();
        Scanner {
            text,
            at: 0,
            dialect,
            table: dialect.table(),
            backslash,
            doubtful: false,
            inside_comment: false,
            secrets,
        }
    }

    /// What was read so far would read differently under another setting.
    pub(super) fn doubtful(&self) -> bool {
        self.doubtful
    }

    /// Where the next literal, comment or password stands; none at the end of the text.
    pub(super) fn next_literal(&mut self) -> Result<Option<Range<usize>>, Unreadable> {
        loop {
            let start = self.at;
            let Some(&byte) = self.text.as_bytes().get(start) else { return Ok(None) };
            let class = self.table.class(byte);
            if (self.secrets.due || self.secrets.arguments) && self.bare_secret(class)? {
                return Ok(Some(start..self.at));
            }
            let is_literal = match class {
                Class::Plain => self.pass(1),
                Class::Semicolon => {
                    self.secrets.end();
                    self.pass(1)
                }
                Class::Comma => {
                    self.secrets.due |= self.secrets.list;
                    self.pass(1)
                }
                Class::Word => self.word()?,
                Class::High => self.high()?,
                Class::Digit => self.number()?,
                Class::Dot if self.starts_number() => self.number()?,
                Class::Dash if self.is_line_comment() => self.line_comment()?,
                Class::Hash => self.line_comment()?,
                Class::Slash if self.peek(1) == b'*' => self.block_comment()?,
                // The end of a comment that does not stand in one. `*/*` is `*` and a comment.
                Class::Star if self.peek(1) == b'/' && self.peek(2) != b'*' => return Err(Unreadable::Stray),
                Class::Dot | Class::Dash | Class::Slash | Class::Star => self.pass(1),
                Class::Quote => self.string(Prefix::Ordinary)?,
                Class::DoubleQuote => self.double_quoted()?,
                Class::Backtick => self.quoted(b'`').map(|()| false)?,
                Class::Bracket => self.quoted(b']').map(|()| false)?,
                Class::Dollar => self.dollar()?,
                Class::Backslash => return Err(Unreadable::Backslash),
                Class::Stray => return Err(Unreadable::Stray),
            };
            if is_literal {
                return Ok(Some(start..self.at));
            }
        }
    }

    /// A word, and the string that it stands in front of.
    pub(super) fn word(&mut self) -> Result<bool, Unreadable> {
        let start = self.at;
        self.at = self.word_end(start);
        let word = self.text.as_bytes().get(start..self.at).unwrap_or_default();
        match self.peek(0) {
            quote @ (b'\'' | b'"') => {
                if let Some(prefix) = self.prefix(word, quote) {
                    return if quote == b'"' { self.double_quoted() } else { self.string(prefix) };
                }
            }
            // U&'..', whose backslashes are digits of characters.
            b'&' if self.dialect == Dialect::PostgreSql && word.eq_ignore_ascii_case(b"u") && self.peek(1) == b'\'' => {
                self.pass(1);
                return self.string(Prefix::Digits);
            }
            _ => {}
        }
        self.secrets.word(word, self.dialect);
        Ok(false)
    }

    /// A character that is not ASCII starts a word when it is a letter or digit; other ones, as currency signs and
    /// blanks, stand for themselves.
    fn high(&mut self) -> Result<bool, Unreadable> {
        match self.letter(self.at) {
            0 => {
                let width = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                Ok(self.pass(width))
            }
            _ => self.word(),
        }
    }

    /// Where the word that goes on at `at` ends.
    pub(super) fn word_end(&self, mut at: usize) -> usize {
        loop {
            match self.text.as_bytes().get(at) {
                Some(&byte) if self.table.in_word(byte) => at = at.wrapping_add(1),
                Some(0x80..) => match self.letter(at) {
                    0 => return at,
                    width => at = at.wrapping_add(width),
                },
                _ => return at,
            }
        }
    }

    /// The width of the letter or digit at `at` that is not ASCII; zero of another character.
    fn letter(&self, at: usize) -> usize {
        let character = self.text.get(at..).and_then(|rest| rest.chars().next());
        character.filter(|character| character.is_alphanumeric()).map_or(0, char::len_utf8)
    }

    /// A dot does, in front of a digit; the second one of `1..10` does not.
    fn starts_number(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        self.peek(1).is_ascii_digit() && before != Some(&b'.')
    }

    /// A number, with all that hangs on it: `1.5e-3`, `0xFF`, `1_000`, `2d`.
    fn number(&mut self) -> Result<bool, Unreadable> {
        let start = self.at;
        let is_decimal = !matches!(self.peek(1), b'x' | b'X' | b'b' | b'B' | b'o' | b'O');
        loop {
            match self.peek(0) {
                // `1..10` is a range.
                b'.' if self.peek(1) == b'.' => break,
                b'.' => self.pass(1),
                // Here a dollar sign starts a string.
                b'$' if self.dialect == Dialect::PostgreSql => break,
                b'e' | b'E' if is_decimal && matches!(self.peek(1), b'+' | b'-') && self.peek(2).is_ascii_digit() => {
                    self.pass(2)
                }
                byte if self.table.in_word(byte) => self.pass(1),
                0x80.. => match self.letter(self.at) {
                    0 => break,
                    width => self.pass(width),
                },
                _ => break,
            };
        }
        // `..` behind a lone dot: never an endless loop.
        self.at = self.at.max(start.wrapping_add(1));
        // `1e'..'`, `1q'..'`: whether the letter belongs to the string depends on the version.
        let last = self.text.as_bytes().get(self.at.wrapping_sub(1));
        match self.peek(0) == b'\'' && last.is_some_and(|last| !last.is_ascii_digit() && *last != b'.') {
            true => Err(Unreadable::Ambiguous),
            false => Ok(true),
        }
    }

    /// The byte so far ahead; zero behind the end.
    #[inline(always)]
    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at.wrapping_add(ahead)).copied().unwrap_or(0)
    }

    /// Passes bytes that are no literal.
    #[inline(always)]
    pub(super) fn pass(&mut self, bytes: usize) -> bool {
        self.at = self.at.wrapping_add(bytes);
        false
    }
}
