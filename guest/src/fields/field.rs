//! One value, raw, and what it can be seen as.

use std::borrow::Cow;
use std::ops::Range;

use super::walk::{Items, Members};
use crate::json;

/// A value in an event: its bytes, and where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    raw: &'a str,
    start: usize,
}

impl<'a> Field<'a> {
    /// The value that stands at `range` of `event`.
    pub(crate) fn new(event: &'a str, range: Range<usize>) -> Self {
        Field { raw: event.get(range.clone()).unwrap_or_default(), start: range.start }
    }

    /// The value `raw`, which starts at `start` of its event.
    pub(super) fn within(raw: &'a str, start: usize) -> Self {
        Field { raw, start }
    }

    /// Its bytes as they stand: quotes and escapes of a text included.
    pub(crate) fn raw(self) -> &'a str {
        self.raw
    }

    /// Where it starts in its event.
    pub(crate) fn start(self) -> usize {
        self.start
    }

    /// Behind its last byte.
    pub(crate) fn end(self) -> usize {
        self.start.saturating_add(self.raw.len())
    }

    /// Where it stands in its event.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end()
    }

    /// It is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// The body of a text as it stands between the quotes, escapes kept.
    pub(crate) fn body(self) -> Option<&'a str> {
        self.raw.strip_prefix('"')?.strip_suffix('"')
    }

    /// What a text stands for. Borrowed when it has no escape.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.body().map(json::unescape)
    }

    /// What a text stands for, without an allocation of its own: `buffer` holds it when it has escapes.
    pub(crate) fn text_in<'b>(self, buffer: &'b mut String) -> Option<&'b str>
    where
        'a: 'b,
    {
        let body = self.body()?;
        if !json::has_escape(body) {
            return Some(body);
        }
        buffer.clear();
        json::unescape_into(body, buffer);
        Some(buffer)
    }

    /// It is a text and stands for exactly `text`.
    pub(crate) fn is(self, text: &str) -> bool {
        self.body().is_some_and(|body| json::equals(body, text))
    }

    /// The elements of a list.
    pub(crate) fn items(self) -> Option<Items<'a>> {
        (self.first() == b'[').then(|| Items::of(self.raw, self.start))
    }

    /// The members of an object.
    pub(crate) fn members(self) -> Option<Members<'a>> {
        (self.first() == b'{').then(|| Members::of(self.raw, self.start))
    }

    /// The member of this name, if it is an object that has one. Of several the last counts.
    pub(crate) fn get(self, name: &str) -> Option<Field<'a>> {
        self.members()?.filter(|member| member.name.is(name)).last().map(|member| member.value)
    }

    /// The field at a dotted path inside it, as [`super::Fields::path`] finds it.
    pub(crate) fn path(self, path: &str) -> Option<Field<'a>> {
        self.get(path).or_else(|| {
            path.match_indices('.').find_map(|(dot, _)| {
                let (first, rest) = (path.get(..dot)?, path.get(dot.checked_add(1)?..)?);
                self.get(first)?.path(rest)
            })
        })
    }

    fn first(self) -> u8 {
        self.raw.as_bytes().first().copied().unwrap_or(0)
    }
}
