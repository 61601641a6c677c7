//! A string that the scanner has passed: its body, checked but not unescaped.

use std::borrow::Cow;
use std::ops::Range;

use super::names::Names;
use super::string;

/// The body of a string: what stands between its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// What stands at `body` of `text`; `escaped`: with escapes in it.
    pub(super) fn new(text: &'a str, body: Range<usize>, escaped: bool) -> Self {
        Text { text, start: body.start, end: body.end, escaped }
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

    /// Its number among these names.
    pub(super) fn number(self, names: &Names) -> Option<usize> {
        match self.escaped {
            true => names.number_of_escaped(self.raw()),
            false => names.number_at(self.text.as_bytes(), self.start, self.end.wrapping_sub(self.start)),
        }
    }

    /// What it stands for. Borrowed when it has no escape.
    pub(crate) fn unescaped(self) -> Cow<'a, str> {
        if self.escaped { string::unescape(self.raw()) } else { Cow::Borrowed(self.raw()) }
    }
}
