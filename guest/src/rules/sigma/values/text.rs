//! A scalar of an event as a text, unescaped and folded at most once.

use std::ops::Range;

use super::super::folding::fold_into;
use crate::{fields, json};

/// A scalar as a text, plain and in lower case, both made when they are asked for.
#[derive(Debug, Default)]
pub(super) struct Text {
    source: Written,
    made: String,
    folded: String,
    is_folded: bool,
}

/// Where the plain text of a scalar is.
#[derive(Debug, Default)]
enum Written {
    /// It has been made.
    #[default]
    Made,
    /// It stands there in the event as it is.
    Plain(Range<usize>),
    /// The body of a JSON text, with escapes or without.
    Body(Range<usize>),
}

impl Text {
    pub(super) fn clear(&mut self) {
        self.source = Written::Made;
        self.made.clear();
        self.is_folded = false;
    }

    /// Where the text of a scalar that is made, not read, is to be written. Call [`Text::clear`] first.
    pub(super) fn make(&mut self) -> &mut String {
        &mut self.made
    }

    /// Takes a scalar of the event.
    pub(super) fn set(&mut self, value: fields::Field<'_>) {
        self.is_folded = false;
        self.source = match value.body() {
            None => Written::Plain(value.range()),
            Some(_) => Written::Body(value.start().saturating_add(1)..value.end().saturating_sub(1)),
        };
    }

    /// Makes the plain text, unless it stands in the event.
    pub(super) fn read(&mut self, event: &str) {
        let Written::Body(range) = &self.source else { return };
        let body = event.get(range.clone()).unwrap_or_default();
        self.source = match json::has_escape(body) {
            false => Written::Plain(range.clone()),
            true => {
                self.made.clear();
                json::unescape_into(body, &mut self.made);
                Written::Made
            }
        };
    }

    /// The plain text; one that stands in the event is copied, so that the event need not outlive it. Routes are short.
    pub(super) fn copied(&mut self, event: &str) -> &str {
        self.read(event);
        if let Written::Plain(range) = std::mem::take(&mut self.source) {
            self.made.clear();
            self.made.push_str(event.get(range).unwrap_or_default());
        }
        &self.made
    }

    /// As it stands in the event: of a JSON text the body, escapes kept. None when it does not stand there or its lower
    /// case is already known.
    #[inline]
    pub(super) fn body<'e>(&self, event: &'e str) -> Option<&'e str> {
        match &self.source {
            Written::Plain(range) | Written::Body(range) if !self.is_folded => event.get(range.clone()),
            _ => None,
        }
    }

    /// Makes what [`Text::get`] is to give.
    pub(super) fn prepare(&mut self, cased: bool, event: &str) {
        if !cased && self.is_folded {
            return;
        }
        self.read(event);
        if !cased {
            let mut folded = std::mem::take(&mut self.folded);
            folded.clear();
            fold_into(self.plain(event), &mut folded);
            self.folded = folded;
            self.is_folded = true;
        }
    }

    /// The text, prepared before.
    pub(super) fn get<'e>(&'e self, cased: bool, event: &'e str) -> &'e str {
        if cased { self.plain(event) } else { &self.folded }
    }

    /// The plain text, read before.
    pub(super) fn plain<'e>(&'e self, event: &'e str) -> &'e str {
        match &self.source {
            Written::Made => &self.made,
            Written::Plain(range) | Written::Body(range) => event.get(range.clone()).unwrap_or_default(),
        }
    }
}
