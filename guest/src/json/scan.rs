//! The scanner: a cursor over a text that skips, enters and checks values. It does not recurse.
//!
//! Strings are most of an audit document, and [`Marks`] says where each may end before the cursor comes there. Of what
//! stands between strings, each byte is looked at once.

use std::ops::Range;

use super::error::{Error, What};
use super::marks::Marks;
use super::names::{Names, Place, Places};
use super::stack::{DEEPEST, Stack};
use super::text::Text;
use super::{members, scalar};

/// A validating cursor over one JSON text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Every mark before `at` has been taken: whoever passes a marked byte takes its mark.
    pub(super) marks: Marks,
    /// Containers that the caller has entered with `object` and `array`.
    entered: u32,
    /// How many containers may be open at once.
    depth: u32,
    /// A line break stood between two tokens.
    broken: bool,
}

/// The kind of a value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Other,
}

/// Inside containers nothing is looked for.
static NONE: Names = Names::NONE;

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text` that lets at most `depth` containers be open.
    pub(crate) fn new(text: &'a str, depth: u32) -> Self {
        Scanner { text, at: 0, marks: Marks::new(), entered: 0, depth: depth.min(DEEPEST), broken: false }
    }

    /// The kind of the value that comes next.
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
    pub(crate) fn object<E: From<Error>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{', "an object")?;
        let mut more = !self.accept(b'}');
        while more {
            let name = self.member_name()?;
            member(self, name)?;
            more = self.accept(b',');
            if !more {
                self.expect(b'}', "`,` or `}`")?;
            }
        }
        self.leave();
        Ok(())
    }

    /// Enters an array and calls `element` at each value; `element` takes it.
    pub(crate) fn array<E: From<Error>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "an array")?;
        let mut more = !self.accept(b']');
        while more {
            element(self)?;
            more = self.accept(b',');
            if !more {
                self.expect(b']', "`,` or `]`")?;
            }
        }
        self.leave();
        Ok(())
    }

    /// Takes an object: where it stands. The places of the values of wanted members go into `places`; of members with
    /// the same name the last counts.
    pub(crate) fn members(&mut self, wanted: &Names, places: &mut Places) -> Result<Range<usize>, Error> {
        let start = self.position();
        self.enter(b'{', "an object")?;
        let mut more = !self.accept(b'}');
        while more {
            if self.pass_members(wanted, places) {
                self.advance();
                break;
            }
            let name = self.member_name()?;
            let value = self.position();
            self.skip()?;
            if let Some(place) = name.number(wanted).and_then(|number| places.get_mut(number)) {
                *place = [value as u32, self.at as u32];
            }
            more = self.accept(b',');
            if !more {
                self.expect(b'}', "`,` or `}`")?;
            }
        }
        self.leave();
        Ok(start..self.at)
    }

    /// Takes a string.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Error> {
        self.quoted("a string")
    }

    /// Takes one value of any kind, checks all of it, and gives its bytes as they stand.
    pub(crate) fn value(&mut self) -> Result<&'a str, Error> {
        let start = self.position();
        self.skip()?;
        Ok(self.slice(start, self.at))
    }

    /// Takes one value of any kind and checks all of it.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.space();
        match self.peek() {
            Some(b'"') => self.quoted("a string").map(|_| ()),
            Some(b'{' | b'[') => self.skip_container(),
            _ => self.scalar(),
        }
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
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Skips an object or array. Open containers are bits of a fixed stack: 1 for an object, 0 for an array.
    fn skip_container(&mut self) -> Result<(), Error> {
        let mut open = Stack::new(self.depth.saturating_sub(self.entered));
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.quoted("a string").map(|_| ())?,
                Some(bracket @ (b'{' | b'[')) => {
                    self.advance();
                    let object = bracket == b'{';
                    if self.accept(if object { b'}' } else { b']' }) {
                        open.fits().ok_or_else(|| self.too_deep())?;
                    } else {
                        open.push(object).ok_or_else(|| self.too_deep())?;
                        if !object || !self.reach_value()? {
                            continue;
                        }
                    }
                }
                _ => self.scalar()?,
            }
            // A value ended: close what ends with it, then go on behind the next comma.
            loop {
                match open.top() {
                    None => return Ok(()),
                    Some(true) if self.accept(b',') => {
                        if !self.reach_value()? {
                            break;
                        }
                        continue;
                    }
                    Some(true) => self.expect(b'}', "`,` or `}`")?,
                    Some(false) if self.accept(b',') => break,
                    Some(false) => self.expect(b']', "`,` or `]`")?,
                }
                open.pop();
            }
        }
    }

    /// Goes to a value inside an object that needs a closer look. True if there was none: the object ends here.
    fn reach_value(&mut self) -> Result<bool, Error> {
        let ended = self.pass_members(&NONE, &mut []);
        if !ended {
            self.member_name()?;
        }
        Ok(ended)
    }

    /// Passes members that need no closer look, if some come next. True if they were the last ones: the object ends here.
    fn pass_members(&mut self, wanted: &Names, places: &mut [Place]) -> bool {
        self.space();
        let start = self.at;
        loop {
            let before = self.at;
            self.at = members::pass(self.text.as_bytes(), &mut self.marks, self.at, wanted, places);
            if self.at == before || !self.marks.are_few() {
                // A brace at the start would be one behind a comma.
                return self.at != start && self.peek() == Some(b'}');
            }
            self.marks.fill(self.text.as_bytes());
        }
    }

    /// A member's name and the colon behind it.
    fn member_name(&mut self) -> Result<Text<'a>, Error> {
        let name = self.quoted("a member name")?;
        self.expect(b':', "`:`")?;
        Ok(name)
    }

    /// A number or a literal.
    fn scalar(&mut self) -> Result<(), Error> {
        self.at = scalar::end(self.text.as_bytes(), self.at)?;
        Ok(())
    }

    fn enter(&mut self, bracket: u8, what: &'static str) -> Result<(), Error> {
        self.expect(bracket, what)?;
        self.entered = self.entered.wrapping_add(1);
        if self.entered > self.depth { Err(self.too_deep()) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.entered = self.entered.wrapping_sub(1);
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Error> {
        if self.accept(byte) { Ok(()) } else { Err(self.expected(what)) }
    }

    /// Takes this byte if it comes next, white space before it or not.
    #[inline(always)]
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        if found {
            self.advance();
        }
        found
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn space(&mut self) {
        if let Some(..=b' ') = self.peek() {
            self.white_space();
        }
    }

    #[inline(never)]
    fn white_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            if byte != b' ' {
                self.marks.take(self.text.as_bytes());
                self.broken |= byte != b'\t';
            }
            self.advance();
        }
    }

    pub(super) fn advance(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    #[cold]
    pub(super) fn expected(&self, what: &'static str) -> Error {
        Error { at: self.at, what: What::Expected(what) }
    }

    #[cold]
    fn too_deep(&self) -> Error {
        Error { at: self.at, what: What::TooDeep }
    }
}
