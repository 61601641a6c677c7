//! From value to value through JSON that has been checked: nothing is checked again, so strings are passed sixteen
//! bytes at a time.

use super::field::Field;
use crate::vector::Bytes;

/// A member of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// A text, quotes included.
    pub(crate) name: Field<'a>,
    pub(crate) value: Field<'a>,
}

/// The members of an object, in order.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(Walk<'a>);

/// The elements of a list, in order.
#[derive(Clone, Debug)]
pub(crate) struct Items<'a>(Walk<'a>);

impl<'a> Members<'a> {
    /// Of the object `text`, which stands at `start` of its event.
    pub(crate) fn of(text: &'a str, start: usize) -> Self {
        Members(Walk { text, start, at: 1 })
    }
}

impl<'a> Items<'a> {
    /// Of the list `text`, which stands at `start` of its event.
    pub(crate) fn of(text: &'a str, start: usize) -> Self {
        Items(Walk { text, start, at: 1 })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        self.0.separator(b'}')?;
        let name = self.0.value();
        self.0.space();
        self.0.at = self.0.at.saturating_add(1);
        self.0.space();
        Some(Member { name, value: self.0.value() })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        self.0.separator(b']')?;
        Some(self.0.value())
    }
}

/// Behind the member that starts at `at`, white space and commas before it or not; none where the object ends. The
/// same as [`Members`], without a slice of each.
#[inline(never)]
pub(super) fn pass_member(text: &[u8], mut at: usize) -> Option<Passed> {
    at = space_end(text, at);
    if text.get(at) == Some(&b',') {
        at = space_end(text, at.wrapping_add(1));
    }
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let start = at.wrapping_add(1);
    let mut end = mark(text, start);
    let escaped = text.get(end) == Some(&b'\\');
    if escaped {
        end = string_end(text, end).wrapping_sub(1);
    }
    at = space_end(text, end.wrapping_add(1)).wrapping_add(1);
    let value = space_end(text, at);
    Some(Passed { name: [start, end], value: [value, value_end(text, value)], escaped })
}

/// A member that was passed.
pub(super) struct Passed {
    /// Where the name's body stands.
    pub(super) name: [usize; 2],
    pub(super) value: [usize; 2],
    /// The name has an escape.
    pub(super) escaped: bool,
}

#[inline(always)]
fn space_end(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at = at.wrapping_add(1);
    }
    at
}

/// Behind the value that starts at `at`: at least one byte further, so that every walk ends.
#[inline(always)]
fn value_end(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(b'"') => {
            let end = mark(text, at.wrapping_add(1));
            if text.get(end) == Some(&b'"') { end.wrapping_add(1) } else { string_end(text, end) }
        }
        Some(b'n' | b't') => at.wrapping_add(4),
        Some(b'f') => at.wrapping_add(5),
        Some(b'{' | b'[') => container_end(text, at),
        _ => scalar_end(text, at.wrapping_add(1)),
    }
}

/// Where the next quote or backslash stands.
#[inline(always)]
pub(super) fn mark(text: &[u8], at: usize) -> usize {
    let is_mark = |part: Bytes| part.equal(Bytes::all(b'"')).or(part.equal(Bytes::all(b'\\')));
    find(text, at, is_mark, |byte| byte == b'"' || byte == b'\\')
}

/// A place in a container.
#[derive(Clone, Debug)]
struct Walk<'a> {
    text: &'a str,
    start: usize,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Passes what stands before the next element; none at the end.
    #[inline]
    fn separator(&mut self, close: u8) -> Option<()> {
        self.space();
        if self.peek()? == b',' {
            self.at = self.at.saturating_add(1);
            self.space();
        }
        (self.peek()? != close).then_some(())
    }

    #[inline]
    fn value(&mut self) -> Field<'a> {
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start);
        Field::within(self.text.get(start..self.at).unwrap_or_default(), self.start.saturating_add(start))
    }

    #[inline]
    fn space(&mut self) {
        self.at = space_end(self.text.as_bytes(), self.at);
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Behind the closing quote of the string of whose body `at` is a part.
#[inline(never)]
pub(super) fn string_end(text: &[u8], mut at: usize) -> usize {
    loop {
        at = mark(text, at);
        match text.get(at) {
            // A backslash, and what it escapes.
            Some(b'\\') => at = at.saturating_add(2),
            Some(_) => return at.saturating_add(1),
            None => return text.len(),
        }
    }
}

/// Behind the closing bracket of the container that starts at `at`.
pub(super) fn container_end(text: &[u8], mut at: usize) -> usize {
    // Brackets and braces of one direction differ in one bit.
    let is_mark = |part: Bytes| {
        let folded = part.or(Bytes::all(0x20));
        let brackets = folded.equal(Bytes::all(b'{')).or(folded.equal(Bytes::all(b'}')));
        brackets.or(part.equal(Bytes::all(b'"')))
    };
    let mut open = 0u32;
    loop {
        at = find(text, at, is_mark, |byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"'));
        let Some(mark) = text.get(at) else { return text.len() };
        at = at.saturating_add(1);
        match mark {
            b'"' => at = string_end(text, at),
            b'{' | b'[' => open = open.saturating_add(1),
            _ => open = open.saturating_sub(1),
        }
        if open == 0 {
            return at;
        }
    }
}

#[inline]
pub(super) fn scalar_end(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
            break;
        }
        at = at.saturating_add(1);
    }
    at
}

/// Where the next marked byte stands, or the end of the text.
#[inline(always)]
fn find(text: &[u8], mut at: usize, vector: impl Fn(Bytes) -> Bytes, byte: impl Fn(u8) -> bool) -> usize {
    while let Some(part) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let bits = vector(Bytes::load(part)).bits::<7>();
        if bits != 0 {
            return at.wrapping_add(bits.trailing_zeros() as usize);
        }
        at = at.wrapping_add(Bytes::COUNT);
    }
    while text.get(at).is_some_and(|found| !byte(*found)) {
        at = at.wrapping_add(1);
    }
    at
}

/// The texts and numbers of an event at any depth, names left out: one pass, whatever the nesting.
#[derive(Clone, Debug)]
pub(crate) struct Leaves<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Leaves<'a> {
    /// Of the event `text`.
    pub(crate) fn of(text: &'a str) -> Self {
        Leaves { text, at: 0 }
    }

    /// What starts at `start` and ends before `self.at`.
    fn field(&self, start: usize) -> Field<'a> {
        Field::within(self.text.get(start..self.at).unwrap_or_default(), start)
    }

    /// The next token is a colon: what stands before it is a name.
    fn before_colon(&self) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            match bytes.get(start)? {
                b'"' => {
                    self.at = string_end(bytes, start.saturating_add(1));
                    if !self.before_colon() {
                        return Some(self.field(start));
                    }
                }
                b'-' | b'0'..=b'9' => {
                    self.at = scalar_end(bytes, start.saturating_add(1));
                    return Some(self.field(start));
                }
                _ => self.at = start.saturating_add(1),
            }
        }
    }
}
