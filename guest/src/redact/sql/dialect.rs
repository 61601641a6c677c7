//! The dialects, and what a byte may start in each.

use crate::meaning::Engine;

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    PostgreSql,
    MySql,
    Oracle,
    SqlServer,
}

/// What a byte starts when it stands between two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// White space, an operator, punctuation.
    Plain,
    Semicolon,
    Comma,
    /// A word: keyword, identifier, variable.
    Word,
    /// Part of a character that is not ASCII.
    High,
    Digit,
    Dot,
    Dash,
    Slash,
    Star,
    /// `#` of MySQL: a comment.
    Hash,
    Quote,
    DoubleQuote,
    Backtick,
    /// `[` of SQL Server: an identifier.
    Bracket,
    Dollar,
    Backslash,
    /// It starts nothing.
    Stray,
}

impl Dialect {
    /// The dialect of an engine.
    pub(crate) fn of(engine: Engine) -> Option<Dialect> {
        match engine {
            Engine::PostgreSql => Some(Dialect::PostgreSql),
            Engine::MySql => Some(Dialect::MySql),
            Engine::Oracle => Some(Dialect::Oracle),
            Engine::SqlServer => Some(Dialect::SqlServer),
            Engine::Unknown => None,
        }
    }

    /// What each byte starts, and which bytes go on.
    pub(super) fn table(self) -> &'static Table {
        match self {
            Dialect::PostgreSql => const { &Table::of(Dialect::PostgreSql) },
            Dialect::MySql => const { &Table::of(Dialect::MySql) },
            Dialect::Oracle => const { &Table::of(Dialect::Oracle) },
            Dialect::SqlServer => const { &Table::of(Dialect::SqlServer) },
        }
    }

    /// Block comments lie inside each other.
    pub(super) fn nests_comments(self) -> bool {
        matches!(self, Dialect::PostgreSql | Dialect::SqlServer)
    }

    /// Text in double quotes may be a string: always in MySQL without `ANSI_QUOTES`, in SQL Server with
    /// `QUOTED_IDENTIFIER OFF`, which is how `sqlcmd` connects.
    pub(super) fn double_quotes_strings(self) -> bool {
        matches!(self, Dialect::MySql | Dialect::SqlServer)
    }
}

/// A dialect, byte by byte.
#[derive(Debug)]
pub(super) struct Table {
    classes: [Class; 256],
    in_word: [bool; 256],
}

impl Table {
    const fn of(dialect: Dialect) -> Self {
        let mut table = Table { classes: [Class::Stray; 256], in_word: [false; 256] };
        let mut byte = 0;
        while byte < 256 {
            #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler alone")]
            {
                table.classes[byte] = class(byte as u8, dialect);
                table.in_word[byte] = in_word(byte as u8, dialect);
                byte += 1;
            }
        }
        table
    }

    /// What the byte starts.
    #[inline(always)]
    pub(super) fn class(&self, byte: u8) -> Class {
        self.classes.get(usize::from(byte)).copied().unwrap_or(Class::Stray)
    }

    /// A word goes on with this byte of ASCII.
    #[inline(always)]
    pub(super) fn in_word(&self, byte: u8) -> bool {
        self.in_word.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

const fn in_word(byte: u8, dialect: Dialect) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => true,
        b'#' => matches!(dialect, Dialect::Oracle | Dialect::SqlServer),
        b'@' => matches!(dialect, Dialect::SqlServer),
        _ => false,
    }
}

const fn class(byte: u8, dialect: Dialect) -> Class {
    let is_my_sql = matches!(dialect, Dialect::MySql);
    let is_sql_server = matches!(dialect, Dialect::SqlServer);
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' => Class::Plain,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Word,
        b'0'..=b'9' => Class::Digit,
        b'(' | b')' | b'=' | b'<' | b'>' | b'+' | b'%' | b'&' | b'|' | b'^' | b'~' | b'!' | b':' | b'?' => Class::Plain,
        b'{' | b'}' => Class::Plain,
        b';' => Class::Semicolon,
        b',' => Class::Comma,
        b'.' => Class::Dot,
        b'-' => Class::Dash,
        b'/' => Class::Slash,
        b'*' => Class::Star,
        b'\'' => Class::Quote,
        b'"' => Class::DoubleQuote,
        b'`' if is_my_sql => Class::Backtick,
        b'$' => Class::Dollar,
        b'\\' => Class::Backslash,
        b'@' if is_sql_server => Class::Word,
        b'@' => Class::Plain,
        b'#' if is_my_sql => Class::Hash,
        b'#' if is_sql_server => Class::Word,
        b'#' => Class::Plain,
        b'[' if is_sql_server => Class::Bracket,
        // Subscripts of PostgreSQL, the model clause of Oracle.
        b'[' | b']' if !is_sql_server && !is_my_sql => Class::Plain,
        0x80.. => Class::High,
        _ => Class::Stray,
    }
}
