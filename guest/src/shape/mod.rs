//! How events become lines.
//!
//! Each shape has a file, which says what a line is; `lines/` makes them, beside the document or in its place.

mod ecs;
mod endpoint;
#[cfg(test)]
mod engines;
mod envelope;
mod event;
mod facts;
mod lines;
mod object;
mod ocsf;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use lines::{Origin, Room, check_events};

use crate::events::{Document, Event};
use crate::fields::Field;
use crate::redact::Redactor;
use crate::rules::Rules;
use crate::settings::{Settings, Shape};
use lines::{Full, Target};

/// A document with what was decided about each of its events.
#[derive(Clone, Copy)]
pub(crate) struct Shaped<'a> {
    /// Its text is read through a [`Target`] only: it may be on its way into lines.
    pub(crate) document: &'a Document<'a>,
    /// Bytes of the document.
    pub(crate) length: usize,
    /// The message id in hexadecimal, or what stands for it.
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    /// The rules, which have decided about these events.
    pub(crate) rules: &'a Rules,
    /// How many outputs there are, and which of them is written last where the others need the document, too.
    pub(crate) outputs: usize,
    pub(crate) last: usize,
    /// `version` of the outer record.
    pub(crate) version: Option<&'a str>,
    pub(crate) settings: &'a Settings,
}

/// A kept event.
pub(crate) struct Kept<'a> {
    /// Its place in the list.
    pub(crate) index: usize,
    /// Where it stands in the document.
    pub(crate) range: Range<usize>,
    /// Which output it goes to.
    pub(crate) output: usize,
    /// What the Sigma rule that kept it says about it: a JSON object.
    pub(crate) sigma: Option<&'a str>,
}

impl Shape {
    /// Writes the lines of the kept events, redacted.
    fn write(self, shaped: &Shaped<'_>, redactor: &mut Redactor, target: &mut impl Target) -> Result<(), Full> {
        match self {
            Shape::Event => event::write(shaped, redactor, target),
            Shape::Envelope => envelope::write(shaped, redactor, target),
            Shape::Ocsf => write_each(shaped, redactor, target, ocsf::line),
            Shape::Ecs => write_each(shaped, redactor, target, ecs::line),
        }
    }

    /// Bytes of the lines of an event, about.
    fn size(self, shaped: &Shaped<'_>, kept: &Kept<'_>) -> usize {
        match self {
            Shape::Event => event::size(shaped, kept),
            Shape::Envelope => kept.range.len(),
            Shape::Ocsf | Shape::Ecs => kept.range.len().saturating_mul(2).saturating_add(1024),
        }
    }

    /// Lines hold the events as they came, with something in front.
    fn keeps_events(self) -> bool {
        matches!(self, Shape::Event | Shape::Envelope)
    }
}

/// A line for each kept event.
fn write_each(
    shaped: &Shaped<'_>,
    redactor: &mut Redactor,
    target: &mut impl Target,
    write: impl Fn(&Shaped<'_>, &Kept<'_>, &str, &mut String),
) -> Result<(), Full> {
    for kept in shaped.kept() {
        let event = kept.range.clone();
        target.text(kept.output, event, |event, line| write(shaped, &kept, redactor.redact(event), line))?;
        target.end(kept.output)?;
    }
    Ok(())
}

impl<'a> Shaped<'a> {
    /// The kept events, in order.
    fn kept(&self) -> impl Iterator<Item = Kept<'a>> {
        let rules = self.rules;
        let events = self.events.iter().zip(rules.rulings()).enumerate();
        events.filter_map(|(index, (event, ruling))| {
            let (range, output) = (event.range.clone(), ruling.output()?);
            Some(Kept { index, range, output, sigma: rules.sigma(ruling) })
        })
    }

    /// The output that gets most of the document.
    fn largest(&self) -> usize {
        let mut sizes = vec![0usize; self.outputs];
        for kept in self.kept() {
            if let Some(size) = sizes.get_mut(kept.output) {
                *size = size.saturating_add(kept.range.len());
            }
        }
        sizes.iter().enumerate().max_by_key(|(_, size)| **size).map_or(0, |(output, _)| output)
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

/// The event, which begins with its brace, has members.
fn has_members(event: &str) -> bool {
    !event.strip_prefix('{').unwrap_or(event).trim_start().starts_with('}')
}

/// Appends a part of the document as a part of one line. A line break in it can only be white space between tokens,
/// so a blank stands for it and nothing else changes.
fn push_part(part: &str, document: &Document<'_>, lines: &mut String) {
    push_line(part, document.one_line, lines);
}

/// The same, where it is known whether line breaks stand in the document.
fn push_line(part: &str, one_line: bool, lines: &mut String) {
    if one_line {
        return lines.push_str(part);
    }
    for (index, piece) in part.split(['\n', '\r']).enumerate() {
        if index > 0 {
            lines.push(' ');
        }
        lines.push_str(piece);
    }
}
