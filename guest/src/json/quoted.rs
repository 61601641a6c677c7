//! Strings (RFC 8259, section 7): the scanner goes from mark to mark.

use super::error::Error;
use super::scan::Scanner;
use super::text::Text;

impl<'a> Scanner<'a> {
    /// A string from its opening to its closing quote.
    pub(super) fn quoted(&mut self, what: &'static str) -> Result<Text<'a>, Error> {
        if !self.accept(b'"') {
            return Err(self.expected(what));
        }
        // The opening quote's own mark.
        self.marks.take(self.text.as_bytes());
        let start = self.at;
        self.at = self.marks.take(self.text.as_bytes());
        match self.peek() {
            Some(b'"') => {
                self.advance();
                Ok(Text::new(self.text, start..self.at.wrapping_sub(1), false))
            }
            _ => self.escaped(start),
        }
    }

    /// The rest of a string from its first escape on, or what is none. A function of its own: together with what has no
    /// escapes it would be a loop with two entries, for which the sandbox has no instruction.
    #[inline(never)]
    fn escaped(&mut self, start: usize) -> Result<Text<'a>, Error> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.advance();
                    return Ok(Text::new(self.text, start..self.at.wrapping_sub(1), true));
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("no control character inside a string")),
                None => return Err(self.expected("the end of the string")),
            }
            self.at = self.marks.take(self.text.as_bytes());
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Result<(), Error> {
        self.advance();
        match self.peek() {
            // These two are marked.
            Some(b'"' | b'\\') => {
                self.marks.take(self.text.as_bytes());
                Ok(())
            }
            Some(letter) if is_short_escape(letter) || letter == b'u' && self.is_hex() => Ok(()),
            _ => Err(self.expected("an escape of JSON")),
        }
    }

    /// Four hexadecimal digits come behind the next byte.
    fn is_hex(&self) -> bool {
        let behind = self.text.as_bytes().get(self.at.wrapping_add(1)..).unwrap_or_default();
        matches!(behind.first_chunk::<4>(), Some(digits) if digits.iter().all(u8::is_ascii_hexdigit))
    }
}

#[inline(always)]
fn is_short_escape(letter: u8) -> bool {
    ESCAPES.get(usize::from(letter >> 5)).is_some_and(|bits| bits >> (letter & 31) & 1 == 1)
}

/// The letters of the short escapes that are not marked, a bit each. Which one comes cannot be foreseen, so what jumps to
/// a place of its own for each of them is slow.
static ESCAPES: [u32; 8] = {
    const fn bit(letter: u8) -> u32 {
        1 << (letter & 31)
    }
    let lower = bit(b'b') | bit(b'f') | bit(b'n') | bit(b'r') | bit(b't');
    [0, bit(b'/'), 0, lower, 0, 0, 0, 0]
};
