//! The scanner: one pass over a statement, from literal to literal. It allocates nothing.

use std::ops::Range;

use super::Dialect;
use super::dialect::Class;
use super::secret::Secrets;

/// From literal to literal.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    backslash: Backslash,
    /// Another setting of the server would end some string elsewhere.
    doubtful: bool,
    /// The text is a comment's inside: what is open at its end goes on behind it.
    inside_comment: bool,
    secrets: Secrets,
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

/// What stands in front of a string's quote and belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    /// `N'..'`, `_utf8'..'`: read as without it.
    Ordinary,
    /// `E'..'`: backslashes escape whatever the settings are.
    Escapes,
    /// `B'..'`, `X'..'`: no backslash escapes.
    Digits,
    /// `q'[..]'`
    Delimiter,
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
        Scanner { text, at: 0, dialect, backslash, doubtful: false, inside_comment: false, secrets }
    }

    /// What was read so far would read differently under another setting.
    pub(super) fn doubtful(&self) -> bool {
        self.doubtful
    }

    /// Where the next literal, comment or password stands; none at the end of the text.
    pub(super) fn next_literal(&mut self) -> Result<Option<Range<usize>>, Unreadable> {
        let classes = self.dialect.classes();
        loop {
            let start = self.at;
            let Some(&byte) = self.text.as_bytes().get(start) else { return Ok(None) };
            let class = classes.get(usize::from(byte)).copied().unwrap_or(Class::Stray);
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
                Class::Digit => self.number(),
                Class::Dot if self.starts_number() => self.number(),
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
    fn word(&mut self) -> Result<bool, Unreadable> {
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

    /// The word in front of a quote belongs to the string.
    fn prefix(&self, word: &[u8], quote: u8) -> Option<Prefix> {
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
    fn word_end(&self, mut at: usize) -> usize {
        loop {
            match self.text.as_bytes().get(at) {
                Some(&byte) if byte < 0x80 && self.dialect.in_word(byte) => at = at.wrapping_add(1),
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
    fn number(&mut self) -> bool {
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
                byte if byte < 0x80 && self.dialect.in_word(byte) => self.pass(1),
                0x80.. => match self.letter(self.at) {
                    0 => break,
                    width => self.pass(width),
                },
                _ => break,
            };
        }
        // `..` behind a lone dot: never an endless loop.
        self.at = self.at.max(start.wrapping_add(1));
        true
    }

    /// `--`; MySQL wants white space behind it.
    fn is_line_comment(&self) -> bool {
        let behind = self.text.as_bytes().get(self.at.wrapping_add(2));
        self.peek(1) == b'-' && (self.dialect != Dialect::MySql || behind.is_none_or(|byte| *byte <= b' '))
    }

    /// A comment to the end of the line, the line break not included.
    fn line_comment(&mut self) -> Result<bool, Unreadable> {
        loop {
            match self.text.as_bytes().get(self.at) {
                None if self.inside_comment => return Err(Unreadable::Ambiguous),
                None | Some(b'\n') => return Ok(true),
                Some(b'\r') if self.dialect == Dialect::PostgreSql || self.peek(1) == b'\n' => return Ok(true),
                // Whether a lone carriage return ends a line is not the same everywhere.
                Some(b'\r') => return Err(Unreadable::Ambiguous),
                Some(_) => self.pass(1),
            };
        }
    }

    fn block_comment(&mut self) -> Result<bool, Unreadable> {
        let start = self.at;
        let mut open = 0u32;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') if open == 0 || self.dialect.nests_comments() => {
                    open = open.saturating_add(1);
                    self.pass(2);
                }
                (b'*', b'/') => {
                    open = open.saturating_sub(1);
                    self.pass(2);
                    if open == 0 {
                        break;
                    }
                }
                _ if self.at >= self.text.len() => return Err(Unreadable::Open),
                _ => {
                    self.pass(1);
                }
            }
        }
        let inside = start.wrapping_add(2)..self.at.wrapping_sub(2);
        let inside = self.text.get(inside).unwrap_or_default();
        // MySQL may run what stands in these, and then strings in it may hold `*/`: both readings must end here.
        if self.dialect == Dialect::MySql && inside.starts_with(['!', '+', 'M']) {
            let mut code = Scanner::new(inside, self.dialect, self.backslash);
            code.inside_comment = true;
            while code.next_literal()?.is_some() {}
            self.doubtful |= code.doubtful;
        }
        Ok(true)
    }

    /// Text in double quotes: a string, or an identifier.
    fn double_quoted(&mut self) -> Result<bool, Unreadable> {
        match self.dialect {
            Dialect::MySql => self.ordinary(b'"')?,
            _ => self.quoted(b'"')?,
        }
        Ok(self.dialect.double_quotes_strings())
    }

    /// A string from its single quote on.
    fn string(&mut self, prefix: Prefix) -> Result<bool, Unreadable> {
        match prefix {
            Prefix::Ordinary => self.ordinary(b'\'')?,
            Prefix::Escapes => self.with_escapes(b'\'')?,
            Prefix::Digits => self.quoted(b'\'')?,
            Prefix::Delimiter => self.delimited()?,
        }
        Ok(true)
    }

    /// A string in which the server's settings decide about backslashes.
    fn ordinary(&mut self, quote: u8) -> Result<(), Unreadable> {
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
    fn quoted(&mut self, quote: u8) -> Result<(), Unreadable> {
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
    fn dollar(&mut self) -> Result<bool, Unreadable> {
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

    /// A password where one is due. It is taken with all that hangs on it, up to white space, a comma, a bracket or
    /// the end of the statement. A password in single or dollar quotes is a string like any other.
    fn bare_secret(&mut self, class: Class) -> Result<bool, Unreadable> {
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

    /// The byte so far ahead; zero behind the end.
    #[inline(always)]
    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at.wrapping_add(ahead)).copied().unwrap_or(0)
    }

    /// Passes bytes that are no literal.
    #[inline(always)]
    fn pass(&mut self, bytes: usize) -> bool {
        self.at = self.at.wrapping_add(bytes);
        false
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
