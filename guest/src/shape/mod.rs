//! How events become lines.

mod ecs;
mod endpoint;
#[cfg(test)]
mod engines;
mod envelope;
mod event;
mod facts;
mod in_place;
mod object;
mod ocsf;
#[cfg(test)]
mod tests;

pub(crate) use in_place::{InPlace, LARGE};

use crate::events::{Document, Event};
use crate::fields::Field;
use crate::outputs::Outputs;
use crate::redact::Redactor;
use crate::rules::Rules;
use crate::settings::{Settings, Shape};

/// A document with what was decided about each of its events.
pub(crate) struct Shaped<'a> {
    pub(crate) document: &'a Document<'a>,
    /// The message id in hexadecimal, or what stands for it.
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    /// The rules, which have decided about these events.
    pub(crate) rules: &'a Rules,
    /// `version` of the outer record.
    pub(crate) version: Option<&'a str>,
    pub(crate) settings: &'a Settings,
}

/// A kept event.
pub(crate) struct Kept<'a> {
    /// Its place in the list.
    pub(crate) index: usize,
    /// Its own bytes, before redaction.
    pub(crate) event: &'a str,
    /// Which output it goes to.
    pub(crate) output: usize,
    /// What the Sigma rule that kept it says about it: a JSON object.
    pub(crate) sigma: Option<&'a str>,
}

impl Shape {
    /// Appends the lines of the kept events, redacted, to their outputs.
    pub(crate) fn write(self, shaped: &Shaped<'_>, redactor: &mut Redactor, outputs: &mut Outputs) {
        match self {
            Shape::Event => event::write(shaped, redactor, outputs),
            Shape::Envelope => envelope::write(shaped, redactor, outputs),
            Shape::Ocsf => ocsf::write(shaped, redactor, outputs),
            Shape::Ecs => ecs::write(shaped, redactor, outputs),
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

    /// `clusterId`; empty for RDS instances.
    fn cluster(&self) -> Option<Field<'a>> {
        self.document.cluster.map(whole)
    }

    /// `instanceId`.
    fn instance(&self) -> Option<Field<'a>> {
        self.document.instance.map(whole)
    }

    /// `version` of the outer record, if it looks like one.
    fn version(&self) -> Option<&'a str> {
        let is_plain = |text: &&str| {
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        };
        self.version.filter(is_plain)
    }
}

/// A value that stands for itself.
fn whole(raw: &str) -> Field<'_> {
    Field::new(raw, 0..raw.len())
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
