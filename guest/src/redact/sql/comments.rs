//! Comments: each one is passed as a whole.

use super::Dialect;
use super::scan::{Scanner, Unreadable};

impl Scanner<'_> {
    /// `--`; MySQL wants white space behind it.
    pub(super) fn is_line_comment(&self) -> bool {
        let behind = self.text.as_bytes().get(self.at.wrapping_add(2));
        self.peek(1) == b'-' && (self.dialect != Dialect::MySql || behind.is_none_or(|byte| *byte <= b' '))
    }

    /// A comment to the end of the line, the line break not included.
    pub(super) fn line_comment(&mut self) -> Result<bool, Unreadable> {
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

    pub(super) fn block_comment(&mut self) -> Result<bool, Unreadable> {
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
}
