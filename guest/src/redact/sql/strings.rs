//! Strings and quoted identifiers, in all the ways that four dialects quote.

use super::Dialect;
use super::scan::{Backslash, Scanner, Unreadable};

/// What stands in front of a string's quote and belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `N'..'`, `_utf8'..'`: read as without it.
    Ordinary,
    /// `E'..'`: backslashes escape whatever the settings are.
    Escapes,
    /// `B'..'`, `X'..'`: no backslash escapes.
    Digits,
    /// `q'[..]'`
    Delimiter,
}

impl Scanner<'_> {
    /// Text in double quotes: a string, or an identifier.
    pub(super) fn double_quoted(&mut self) -> Result<bool, Unreadable> {
        match self.dialect {
            Dialect::MySql => self.ordinary(b'"')?,
            _ => self.quoted(b'"')?,
        }
        Ok(self.dialect.double_quotes_strings())
    }

    /// A string from its single quote on.
    pub(super) fn string(&mut self, prefix: Prefix) -> Result<bool, Unreadable> {
        match prefix {
            Prefix::Ordinary => self.ordinary(b'\'')?,
            Prefix::Escapes => self.with_escapes(b'\'')?,
            Prefix::Digits => self.quoted(b'\'')?,
            Prefix::Delimiter => self.delimited()?,
        }
        Ok(true)
    }

    /// A string in which the server's settings decide about backslashes.
    pub(super) fn ordinary(&mut self, quote: u8) -> Result<(), Unreadable> {
        match (self.dialect, self.backslash) {
            (Dialect::Oracle | Dialect::SqlServer, _) => self.quoted(quote),
            (_, Backslash::Escape) => {
                let start = self.at;
                self.with_escapes(quote)?;
                let body = self.text.as_bytes().get(start..self.at).unwrap_or_default();
                self.doubtful |= has_escaped_quote(body, quote);
                // Nothing but this can hide that the audit log has encoded the statement, and that `\"` was meant.
                match quote == b'"' && body.windows(3).any(|bytes| bytes == br#"\\""#) {
                    true => Err(Unreadable::Ambiguous),
                    false => Ok(()),
                }
            }
            (_, Backslash::Letter) => {
                let start = self.at;
                self.quoted(quote)?;
                let body = self.text.as_bytes().get(start..self.at).unwrap_or_default();
                match self.dialect == Dialect::PostgreSql && has_escaped_quote(body, quote) {
                    // `standard_conforming_strings` decides.
                    true => Err(Unreadable::Ambiguous),
                    false => Ok(()),
                }
            }
        }
    }

    /// A quoted text in which only the quote itself is special: twice, it stands for itself.
    pub(super) fn quoted(&mut self, quote: u8) -> Result<(), Unreadable> {
        self.pass(1);
        loop {
            match self.text.as_bytes().get(self.at) {
                None => return Err(Unreadable::Open),
                Some(byte) if *byte == quote => {
                    self.pass(1);
                    if self.peek(0) != quote {
                        return Ok(());
                    }
                    self.pass(1);
                }
                Some(_) => {
                    self.pass(1);
                }
            }
        }
    }

    /// The same, with backslashes that escape.
    fn with_escapes(&mut self, quote: u8) -> Result<(), Unreadable> {
        self.pass(1);
        loop {
            match self.text.as_bytes().get(self.at) {
                None => return Err(Unreadable::Open),
                Some(b'\\') => self.pass(2),
                Some(byte) if *byte == quote => {
                    self.pass(1);
                    if self.peek(0) != quote {
                        return Ok(());
                    }
                    self.pass(1)
                }
                Some(_) => self.pass(1),
            };
        }
    }

    /// `'[..]'` behind `q`: the delimiter is any character, brackets close with their partner.
    fn delimited(&mut self) -> Result<(), Unreadable> {
        self.pass(1);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let delimiter = rest.chars().next().filter(|c| !c.is_whitespace()).ok_or(Unreadable::Open)?;
        let closing = match delimiter {
            '[' => ']',
            '{' => '}',
            '(' => ')',
            '<' => '>',
            itself => itself,
        };
        let inside = rest.get(delimiter.len_utf8()..).unwrap_or_default();
        let is_end = |(at, _): &(usize, &str)| {
            inside.as_bytes().get(at.wrapping_add(closing.len_utf8())).is_some_and(|byte| *byte == b'\'')
        };
        let mut pattern = [0; 4];
        let pattern = &*closing.encode_utf8(&mut pattern);
        let (end, _) = inside.match_indices(pattern).find(is_end).ok_or(Unreadable::Open)?;
        self.pass(delimiter.len_utf8().wrapping_add(end).wrapping_add(closing.len_utf8()).wrapping_add(1));
        Ok(())
    }

    /// A dollar sign: a quoted text, a parameter, a currency, a part of a word.
    pub(super) fn dollar(&mut self) -> Result<bool, Unreadable> {
        if matches!(self.dialect, Dialect::PostgreSql | Dialect::MySql) && self.dollar_quoted()? {
            return Ok(true);
        }
        match self.dialect {
            Dialect::PostgreSql if self.peek(1).is_ascii_digit() => {
                self.pass(1);
                while self.peek(0).is_ascii_digit() {
                    self.pass(1);
                }
                Ok(false)
            }
            Dialect::PostgreSql => Err(Unreadable::Stray),
            Dialect::MySql | Dialect::Oracle => self.word(),
            Dialect::SqlServer => Ok(self.pass(1)),
        }
    }

    /// `$$..$$` or `$tag$..$tag$`. MySQL has it in its newest versions only, where it is a word in others: masked in
    /// all.
    fn dollar_quoted(&mut self) -> Result<bool, Unreadable> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let tag = rest.bytes().skip(1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80).count();
        let delimiter = rest.get(..tag.wrapping_add(2)).unwrap_or_default();
        if !delimiter.ends_with('$') || self.peek(1).is_ascii_digit() {
            return Ok(false);
        }
        let inside = rest.get(delimiter.len()..).unwrap_or_default();
        let end = inside.find(delimiter).ok_or(Unreadable::Open)?;
        self.pass(delimiter.len().wrapping_mul(2).wrapping_add(end));
        Ok(true)
    }

    /// The word in front of a quote belongs to the string.
    pub(super) fn prefix(&self, word: &[u8], quote: u8) -> Option<Prefix> {
        let letters = match word {
            [one] => [one.to_ascii_lowercase(), 0],
            [one, two] => [one.to_ascii_lowercase(), two.to_ascii_lowercase()],
            // A character set.
            [b'_', ..] if self.dialect == Dialect::MySql => return Some(Prefix::Ordinary),
            _ => return None,
        };
        match (letters, self.dialect) {
            _ if quote == b'"' => None,
            ([b'n', 0], _) => Some(Prefix::Ordinary),
            ([b'x' | b'b', 0], Dialect::MySql) => Some(Prefix::Ordinary),
            ([b'x' | b'b', 0], Dialect::PostgreSql) => Some(Prefix::Digits),
            ([b'e', 0], Dialect::PostgreSql) => Some(Prefix::Escapes),
            ([b'q', 0] | [b'n', b'q'], Dialect::Oracle) => Some(Prefix::Delimiter),
            _ => None,
        }
    }
}

/// A quote stands behind an odd number of backslashes.
fn has_escaped_quote(body: &[u8], quote: u8) -> bool {
    let mut escaped = false;
    for byte in body {
        if escaped && *byte == quote {
            return true;
        }
        escaped = *byte == b'\\' && !escaped;
    }
    false
}
