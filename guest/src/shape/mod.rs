//! How events become lines.

mod envelope;
mod event;
mod in_place;
#[cfg(test)]
mod tests;

use crate::events::{Document, Event};
use crate::settings::Shape;

pub(crate) use in_place::{InPlace, LARGE};

/// A document with what was decided about each of its events.
pub(crate) struct Shaped<'a> {
    pub(crate) document: &'a Document<'a>,
    /// The message id in hexadecimal, or what stands for it.
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    /// One entry per event.
    pub(crate) keep: &'a [bool],
}

impl Shape {
    /// Appends the lines of the kept events to `lines` and answers how many.
    pub(crate) fn write(self, shaped: &Shaped<'_>, lines: &mut String) -> u32 {
        match self {
            Shape::Event => event::write(shaped, lines),
            Shape::Envelope => envelope::write(shaped, lines),
        }
    }
}

impl<'a> Shaped<'a> {
    /// The kept events: index in the list, and bytes.
    fn kept(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let events = self.events.iter().zip(self.keep).enumerate();
        events.filter(|(_, (_, keep))| **keep).map(|(index, (event, _))| (index, self.document.event(event)))
    }
}

/// Appends a part of the document as a part of one line. A line break in it can only be white space between tokens,
/// so a blank stands for it and nothing else changes.
fn push_part(part: &str, document: &Document<'_>, lines: &mut String) {
    if document.one_line {
        return lines.push_str(part);
    }
    for (index, piece) in part.split(['\n', '\r']).enumerate() {
        if index > 0 {
            lines.push(' ');
        }
        lines.push_str(piece);
    }
}
