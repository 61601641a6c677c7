//! The scanner: a cursor over a text that skips, enters and checks values. It does not recurse.
//!
//! Strings are most of an audit document, and [`Marks`] says where each may end before the cursor comes there. Of what
//! stands between strings, each byte is looked at once.

use std::borrow::Cow;
use std::fmt;

use super::list::{self, Object};
use super::marks::Marks;
use super::{scalar, string};

/// A validating cursor over one JSON text.
///
/// Its hot paths are inlined and what is rare is called with a copy, so that the cursor lives in registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Every mark before `at` has been taken: whoever passes a marked byte takes its mark.
    marks: Marks,
    /// Containers that the caller has entered with `object` and `array`.
    entered: u32,
    /// How many containers may be open at once.
    depth: u32,
    /// A line break stood between two tokens.
    broken: bool,
}

/// The body of a string: what stands between its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    escaped: bool,
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
        let marks = Marks::at(text.as_bytes(), 0);
        Scanner { text, at: 0, marks, entered: 0, depth: depth.min(DEEPEST), broken: false }
    }

    /// The kind of the value that comes next.
    #[inline(always)]
    pub(crate) fn kind(&mut self) -> Kind {
        self.space();
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            _ => Kind::Other,
        }
    }

    /// Enters an object and calls `member` with each name; `member` takes the value.
    #[inline(always)]
    pub(crate) fn object<E: From<Error>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{', "an object")?;
        if !self.accept(b'}') {
            loop {
                let name = self.member_name()?;
                member(self, name)?;
                if !self.accept(b',') {
                    break;
                }
            }
            self.expect(b'}', "`,` or `}`")?;
        }
        self.leave();
        Ok(())
    }

    /// Enters an array and calls `element` at each value; `element` takes it.
    #[inline(always)]
    pub(crate) fn array<E: From<Error>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "an array")?;
        if !self.accept(b']') {
            loop {
                element(self)?;
                if !self.accept(b',') {
                    break;
                }
            }
            self.expect(b']', "`,` or `]`")?;
        }
        self.leave();
        Ok(())
    }

    /// Enters an array and calls `each` with its objects, read to their ends: where they stand, and the members
    /// `names`. With anything else in the array it calls `each` with none.
    #[inline(always)]
    pub(crate) fn objects<const N: usize, E: From<Error>>(
        &mut self,
        names: &[&str; N],
        mut each: impl FnMut(Option<Object<'a, N>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "an array")?;
        let (start, depth) = (self.at.wrapping_sub(1), self.depth.wrapping_sub(self.entered).wrapping_add(1));
        let walked = list::walk(self.text, start, depth, names, &mut |object| each(Some(object)))?;
        self.at = walked.at;
        self.marks = Marks::at(self.text.as_bytes(), walked.at);
        self.broken |= walked.broken;
        // What the walk does not know.
        let mut more = !walked.ended && if walked.any { self.accept(b',') } else { !self.accept(b']') };
        if !walked.ended && !more && walked.any {
            self.expect(b']', "`,` or `]`")?;
        }
        while more {
            let object = self.element(names)?;
            each(object)?;
            more = self.accept(b',');
            if !more {
                self.expect(b']', "`,` or `]`")?;
            }
        }
        self.leave();
        Ok(())
    }

    /// Takes an object: where it stands, and the members `names`. None for any other value.
    fn element<const N: usize>(&mut self, names: &[&str; N]) -> Result<Option<Object<'a, N>>, Error> {
        if self.kind() != Kind::Object {
            return self.skip().map(|()| None);
        }
        let mut object = Object { start: self.position(), end: 0, values: [None; N] };
        self.object(|scanner, name| {
            match object.values.iter_mut().zip(names).find(|(_, wanted)| name.is(wanted)) {
                Some((value, _)) if scanner.kind() == Kind::String => *value = Some(scanner.string()?),
                Some((value, _)) => {
                    scanner.skip()?;
                    *value = None;
                }
                None => scanner.skip()?,
            }
            Ok::<(), Error>(())
        })?;
        object.end = self.at;
        Ok(Some(object))
    }

    /// Takes a string.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Error> {
        self.quoted("a string")
    }

    /// Takes one value of any kind, checks all of it, and gives its bytes as they stand.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<&'a str, Error> {
        let start = self.position();
        self.skip()?;
        Ok(self.slice(start, self.at))
    }

    /// Takes one value of any kind and checks all of it.
    #[inline(always)]
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.space();
        match self.peek() {
            Some(b'"') => self.quoted("a string").map(|_| ()),
            Some(b'{' | b'[') => {
                *self = Self::skip_container(*self)?;
                Ok(())
            }
            _ => self.scalar(),
        }
    }

    /// Where the next value starts.
    #[inline(always)]
    pub(crate) fn position(&mut self) -> usize {
        self.space();
        self.at
    }

    /// Where the last value ended.
    #[inline(always)]
    pub(crate) fn position_here(&self) -> usize {
        self.at
    }

    /// The text ends here.
    #[inline(always)]
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// What was passed so far is one line.
    pub(crate) fn is_one_line(&self) -> bool {
        !self.broken
    }

    /// The text between two positions.
    #[inline(always)]
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Skips an object or array. Open containers are bits of a fixed stack: 1 for an object, 0 for an array.
    #[inline(never)]
    fn skip_container(mut scanner: Self) -> Result<Self, Error> {
        let mut open = Stack::new(scanner.depth.saturating_sub(scanner.entered));
        loop {
            scanner.space();
            match scanner.peek() {
                Some(b'"') => scanner.quoted("a string").map(|_| ())?,
                Some(bracket @ (b'{' | b'[')) => {
                    scanner.advance();
                    let object = bracket == b'{';
                    if !scanner.accept(if object { b'}' } else { b']' }) {
                        open.push(object).ok_or_else(|| scanner.too_deep())?;
                        if object {
                            scanner.member_name()?;
                        }
                        continue;
                    }
                    open.fits().ok_or_else(|| scanner.too_deep())?;
                }
                _ => scanner.scalar()?,
            }
            // A value ended: close what ends with it, then go on behind the next comma.
            loop {
                match open.top() {
                    None => return Ok(scanner),
                    Some(true) if scanner.accept(b',') => {
                        scanner.member_name()?;
                        break;
                    }
                    Some(true) => scanner.expect(b'}', "`,` or `}`")?,
                    Some(false) if scanner.accept(b',') => break,
                    Some(false) => scanner.expect(b']', "`,` or `]`")?,
                }
                open.pop();
            }
        }
    }

    /// A member's name and the colon behind it.
    #[inline(always)]
    fn member_name(&mut self) -> Result<Text<'a>, Error> {
        let name = self.quoted("a member name")?;
        self.expect(b':', "`:`")?;
        Ok(name)
    }

    /// A string from its opening to its closing quote.
    #[inline(always)]
    fn quoted(&mut self, what: &'static str) -> Result<Text<'a>, Error> {
        if !self.accept(b'"') {
            return Err(self.expected(what));
        }
        // The opening quote's own mark.
        self.marks.next(self.text.as_bytes());
        let start = self.at;
        self.at = self.marks.next(self.text.as_bytes()).unwrap_or(self.text.len());
        let plain = self.peek() == Some(b'"');
        if !plain {
            *self = Self::rest_of_string(*self)?;
        }
        let end = self.at;
        self.advance();
        Ok(Text { text: self.text, start, end, escaped: !plain })
    }

    /// From a string's first mark that is not its closing quote, to that quote.
    #[inline(never)]
    fn rest_of_string(mut scanner: Self) -> Result<Self, Error> {
        loop {
            match scanner.peek() {
                Some(b'"') => return Ok(scanner),
                Some(b'\\') => scanner.escape()?,
                Some(_) => return Err(scanner.expected("no control character inside a string")),
                None => return Err(scanner.expected("the end of the string")),
            }
            scanner.at = scanner.marks.next(scanner.text.as_bytes()).unwrap_or(scanner.text.len());
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Result<(), Error> {
        self.advance();
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'/') => Ok(()),
            // These two are marked.
            Some(b'"' | b'\\') => {
                self.marks.next(self.text.as_bytes());
                Ok(())
            }
            Some(b'u') if matches!(self.rest().get(1..5), Some(hex) if hex.iter().all(u8::is_ascii_hexdigit)) => Ok(()),
            _ => Err(self.expected("an escape of JSON")),
        }
    }

    /// A number or a literal.
    #[inline]
    fn scalar(&mut self) -> Result<(), Error> {
        self.at = scalar::end(self.text.as_bytes(), self.at)?;
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self, bracket: u8, what: &'static str) -> Result<(), Error> {
        self.expect(bracket, what)?;
        self.entered = self.entered.wrapping_add(1);
        if self.entered > self.depth { Err(self.too_deep()) } else { Ok(()) }
    }

    #[inline(always)]
    fn leave(&mut self) {
        self.entered = self.entered.wrapping_sub(1);
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Error> {
        if self.accept(byte) { Ok(()) } else { Err(self.expected(what)) }
    }

    /// Takes this byte if it comes next, white space before it or not.
    #[inline(always)]
    fn accept(&mut self, byte: u8) -> bool {
        self.take(byte)
            || (matches!(self.peek(), Some(..=b' ')) && {
                self.space();
                self.take(byte)
            })
    }

    /// Takes this byte if it stands here.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance();
        }
        found
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn space(&mut self) {
        while let Some(byte @ ..=b' ') = self.peek() {
            match byte {
                b' ' => {}
                b'\t' | b'\n' | b'\r' => {
                    self.marks.next(self.text.as_bytes());
                    self.broken |= byte != b'\t';
                }
                _ => return,
            }
            self.advance();
        }
    }

    #[inline(always)]
    fn advance(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[cold]
    fn expected(self, what: &'static str) -> Error {
        Error { at: self.at, what: What::Expected(what) }
    }

    #[cold]
    fn too_deep(self) -> Error {
        Error { at: self.at, what: What::TooDeep }
    }
}

impl<'a> Text<'a> {
    /// The string whose opening quote stands at `at`; none if it does not end.
    pub(super) fn starting(text: &'a str, at: usize) -> Option<Self> {
        let start = at.wrapping_add(1);
        let (mut end, mut escaped) = (start, false);
        loop {
            match text.as_bytes().get(end)? {
                b'"' => return Some(Text { text, start, end, escaped }),
                b'\\' => {
                    escaped = true;
                    end = end.wrapping_add(2);
                }
                _ => end = end.wrapping_add(1),
            }
        }
    }

    /// The body as it stands, escapes kept.
    pub(crate) fn raw(self) -> &'a str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// It stands for exactly `text`.
    #[inline(always)]
    pub(crate) fn is(self, text: &str) -> bool {
        if self.escaped {
            return string::equals(self.raw(), text);
        }
        self.end.wrapping_sub(self.start) == text.len()
            && self.text.as_bytes().get(self.start..self.end) == Some(text.as_bytes())
    }

    /// What it stands for. Borrowed when it has no escape.
    pub(crate) fn unescaped(self) -> Cow<'a, str> {
        if self.escaped { string::unescape(self.raw()) } else { Cow::Borrowed(self.raw()) }
    }
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
