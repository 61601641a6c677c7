//! How events become lines.

mod ecs;
mod endpoint;
#[cfg(test)]
mod engines;
mod envelope;
mod event;
mod facts;
mod object;
mod ocsf;
#[cfg(test)]
mod tests;

use crate::events::{Document, Event};
use crate::fields::Field;
use crate::outputs::Outputs;
use crate::redact::Redactor;
use crate::rules::{Rules, Ruling};
use crate::settings::{Settings, Shape};

/// A document with what was decided about each of its events.
pub(crate) struct Shaped<'a> {
    pub(crate) document: &'a Document<'a>,
    /// The message id in hexadecimal, or what stands for it.
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    /// One entry per event.
    pub(crate) rulings: &'a [Ruling],
    /// The rules that decided.
    pub(crate) rules: &'a Rules,
    /// It has redacted the kept events.
    pub(crate) redactor: &'a Redactor,
    /// `version` of the outer record.
    pub(crate) version: Option<&'a str>,
    pub(crate) settings: &'a Settings,
}

/// A kept event.
pub(crate) struct Kept<'a> {
    /// Its place in the list.
    pub(crate) index: usize,
    /// Its own bytes, but for redacted values.
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
            Shape::Ocsf => ocsf::write(shaped, outputs),
            Shape::Ecs => ecs::write(shaped, outputs),
        }
    }
}

impl<'a> Shaped<'a> {
    /// The kept events, in order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Kept<'a>> {
        let (document, rules, redactor) = (self.document, self.rules, self.redactor);
        let events = self.events.iter().zip(self.rulings).enumerate();
        events.filter_map(move |(index, (event, ruling))| {
            let output = ruling.output?;
            let text = redactor.event(index).unwrap_or_else(|| document.event(event));
            Some(Kept { index, event: text, output, sigma: rules.sigma(ruling) })
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
