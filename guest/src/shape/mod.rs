//! How events become lines.

mod envelope;
mod event;
mod in_place;
#[cfg(test)]
mod tests;

pub(crate) use in_place::{InPlace, LARGE};

use crate::events::{Document, Event};
use crate::outputs::Outputs;
use crate::rules::Rules;
use crate::settings::Shape;

/// A document with what was decided about each of its events.
pub(crate) struct Shaped<'a> {
    pub(crate) document: &'a Document<'a>,
    /// The message id in hexadecimal, or what stands for it.
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    /// The rules, which have decided about these events.
    pub(crate) rules: &'a Rules,
}

/// A kept event.
pub(crate) struct Kept<'a> {
    /// Its place in the list.
    pub(crate) index: usize,
    /// Its own bytes.
    pub(crate) event: &'a str,
    /// Which output it goes to.
    pub(crate) output: usize,
    /// What the Sigma rule that kept it says about it: a JSON object.
    pub(crate) sigma: Option<&'a str>,
}

impl Shape {
    /// Appends the lines of the kept events to their outputs.
    pub(crate) fn write(self, shaped: &Shaped<'_>, outputs: &mut Outputs) {
        match self {
            Shape::Event => event::write(shaped, outputs),
            Shape::Envelope => envelope::write(shaped, outputs),
        }
    }
}

impl<'a> Shaped<'a> {
    /// The kept events, in order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Kept<'a>> {
        let document = self.document;
        kept(self.events, self.rules).map(move |(index, event, output, sigma)| Kept {
            index,
            event: document.event(event),
            output,
            sigma,
        })
    }
}

/// The kept events: place in the list, where they stand, which output they go to, what a Sigma rule says.
fn kept<'a>(events: &'a [Event], rules: &'a Rules) -> impl Iterator<Item = (usize, &'a Event, usize, Option<&'a str>)> {
    let events = events.iter().zip(rules.rulings()).enumerate();
    events.filter_map(|(index, (event, ruling))| Some((index, event, ruling.output()?, rules.sigma(ruling))))
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
