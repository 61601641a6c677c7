//! The scanner: a cursor over a text that skips, enters and checks values. It does not recurse.

use std::fmt;

/// A validating cursor over one JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Containers that the caller has entered with `object` and `array`.
    entered: u32,
    /// How many containers may be open at once.
    depth: u32,
}

/// What is wrong with the text, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) at: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Expected(&'static str),
    /// More containers inside each other than the limit allows.
    TooDeep,
}

/// The kind of a value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Other,
}

/// A set of open containers deeper than this is refused whatever the limit says: one bit each.
pub(crate) const DEEPEST: u32 = 1024;

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text` that lets at most `depth` containers be open.
    pub(crate) fn new(text: &'a str, depth: u32) -> Self {
        Scanner { text, bytes: text.as_bytes(), at: 0, entered: 0, depth: depth.min(DEEPEST) }
    }

    /// The kind of the value that comes next.
    pub(crate) fn kind(&mut self) -> Kind {
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            _ => Kind::Other,
        }
    }

    /// Enters an object and calls `member` with each name (raw, without quotes); `member` takes the value.
    pub(crate) fn object<E: From<Error>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{', "an object")?;
        if self.accept(b'}') {
            return self.leave().map_err(E::from);
        }
        loop {
            self.space();
            let name = self.string_body("a member name")?;
            self.expect(b':', "`:`")?;
            member(self, name)?;
            match self.accept(b',') {
                true => continue,
                false => break,
            }
        }
        self.expect(b'}', "`,` or `}`")?;
        self.leave().map_err(E::from)
    }

    /// Enters an array and calls `element` at each value; `element` takes it.
    pub(crate) fn array<E: From<Error>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "an array")?;
        if self.accept(b']') {
            return self.leave().map_err(E::from);
        }
        loop {
            element(self)?;
            match self.accept(b',') {
                true => continue,
                false => break,
            }
        }
        self.expect(b']', "`,` or `]`")?;
        self.leave().map_err(E::from)
    }

    /// Takes a string; its body as it stands, without quotes, escapes kept.
    pub(crate) fn string(&mut self) -> Result<&'a str, Error> {
        self.space();
        self.string_body("a string")
    }

    /// Takes one value of any kind, checks all of it, and gives its bytes as they stand.
    pub(crate) fn value(&mut self) -> Result<&'a str, Error> {
        self.space();
        let start = self.at;
        self.skip()?;
        Ok(self.slice(start, self.at))
    }

    /// Where the next value starts.
    pub(crate) fn position(&mut self) -> usize {
        self.space();
        self.at
    }

    /// Where the last value ended.
    pub(crate) fn position_here(&self) -> usize {
        self.at
    }

    /// The text ends here.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.space();
        match self.peek_here() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// The text between two positions.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Skips one value. Open containers are bits of a fixed stack: 1 for an object, 0 for an array.
    fn skip(&mut self) -> Result<(), Error> {
        let mut open = Stack::new(self.depth.saturating_sub(self.entered));
        loop {
            self.space();
            match self.peek_here() {
                Some(b'{') => {
                    self.advance();
                    if !self.accept(b'}') {
                        open.push(true).ok_or_else(|| self.too_deep())?;
                        self.member_name()?;
                        continue;
                    }
                    open.fits().ok_or_else(|| self.too_deep())?;
                }
                Some(b'[') => {
                    self.advance();
                    if !self.accept(b']') {
                        open.push(false).ok_or_else(|| self.too_deep())?;
                        continue;
                    }
                    open.fits().ok_or_else(|| self.too_deep())?;
                }
                Some(b'"') => {
                    self.string_body("a string")?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err(self.expected("a value")),
            }
            // A value ended: close what ends with it, then go on behind the next comma.
            loop {
                match open.top() {
                    None => return Ok(()),
                    Some(true) if self.accept(b',') => {
                        self.member_name()?;
                        break;
                    }
                    Some(true) => self.expect(b'}', "`,` or `}`")?,
                    Some(false) if self.accept(b',') => break,
                    Some(false) => self.expect(b']', "`,` or `]`")?,
                }
                open.pop();
            }
        }
    }

    fn member_name(&mut self) -> Result<(), Error> {
        self.space();
        self.string_body("a member name")?;
        self.expect(b':', "`:`")
    }

    /// A string from its opening to its closing quote; the body without them.
    fn string_body(&mut self, what: &'static str) -> Result<&'a str, Error> {
        if self.peek_here() != Some(b'"') {
            return Err(self.expected(what));
        }
        self.advance();
        let start = self.at;
        loop {
            self.at = self.at.saturating_add(plain_prefix(self.rest()));
            match self.peek_here() {
                Some(b'"') => {
                    let body = self.slice(start, self.at);
                    self.advance();
                    return Ok(body);
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("no control character inside a string")),
                None => return Err(self.expected("the end of the string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Error> {
        self.advance();
        match self.peek_here() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.advance();
                Ok(())
            }
            Some(b'u') if matches!(self.rest().get(1..5), Some(hex) if hex.iter().all(u8::is_ascii_hexdigit)) => {
                self.at = self.at.saturating_add(5);
                Ok(())
            }
            _ => Err(self.expected("an escape of JSON")),
        }
    }

    /// `-`? (`0` | digit 1-9, digits) (`.` digits)? (`e` sign? digits)?
    fn number(&mut self) -> Result<(), Error> {
        self.accept_here(b'-');
        if !self.accept_here(b'0') {
            self.digits()?;
        }
        if self.accept_here(b'.') {
            self.digits()?;
        }
        if self.accept_here(b'e') || self.accept_here(b'E') {
            let _ = self.accept_here(b'+') || self.accept_here(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Error> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at = self.at.saturating_add(count);
        if count == 0 { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), Error> {
        if !self.rest().starts_with(word) {
            return Err(self.expected("true, false or null"));
        }
        self.at = self.at.saturating_add(word.len());
        Ok(())
    }

    fn enter(&mut self, bracket: u8, what: &'static str) -> Result<(), Error> {
        self.expect(bracket, what)?;
        self.entered = self.entered.saturating_add(1);
        if self.entered > self.depth { Err(self.too_deep()) } else { Ok(()) }
    }

    fn leave(&mut self) -> Result<(), Error> {
        self.entered = self.entered.saturating_sub(1);
        Ok(())
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Error> {
        if self.accept(byte) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.space();
        self.accept_here(byte)
    }

    fn accept_here(&mut self, byte: u8) -> bool {
        let found = self.peek_here() == Some(byte);
        if found {
            self.advance();
        }
        found
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.peek_here()
    }

    fn peek_here(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek_here() {
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &'static str) -> Error {
        Error { at: self.at, what: What::Expected(what) }
    }

    fn too_deep(&self) -> Error {
        Error { at: self.at, what: What::TooDeep }
    }
}

/// How many bytes at the start of `bytes` stand for themselves inside a string: no quote, no backslash, no
/// control character. Eight at a time: a byte has its high bit set in `special` if it is one of the three.
fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut plain = 0usize;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word & HIGH;
        let special = control
            | zero_bytes(word ^ ONES.wrapping_mul(u64::from(b'"')))
            | zero_bytes(word ^ ONES.wrapping_mul(u64::from(b'\\')));
        if special != 0 {
            // The lowest mark is exact; borrows can only set marks above it.
            let index = usize::try_from(special.trailing_zeros() / 8).unwrap_or(0);
            return plain.saturating_add(index);
        }
        plain = plain.saturating_add(8);
    }
    let rest = bytes.get(plain..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
    plain.saturating_add(count)
}

/// Open containers, one bit each.
struct Stack {
    bits: [u64; DEEPEST as usize / 64],
    open: u32,
    most: u32,
}

impl Stack {
    fn new(most: u32) -> Self {
        Stack { bits: [0; DEEPEST as usize / 64], open: 0, most: most.min(DEEPEST) }
    }

    fn push(&mut self, object: bool) -> Option<()> {
        self.fits()?;
        let (word, mask) = Self::place(self.open);
        let bits = self.bits.get_mut(word)?;
        *bits = if object { *bits | mask } else { *bits & !mask };
        self.open = self.open.saturating_add(1);
        Some(())
    }

    fn pop(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    fn top(&self) -> Option<bool> {
        let (word, mask) = Self::place(self.open.checked_sub(1)?);
        self.bits.get(word).map(|bits| bits & mask != 0)
    }

    /// There is room for one more.
    fn fits(&self) -> Option<()> {
        (self.open < self.most).then_some(())
    }

    fn place(index: u32) -> (usize, u64) {
        (usize::try_from(index / 64).unwrap_or(usize::MAX), 1u64.wrapping_shl(index % 64))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Expected(what) => write!(f, "byte {}: expected {what}", self.at),
            What::TooDeep => write!(f, "byte {}: nested deeper than the limit", self.at),
        }
    }
}
