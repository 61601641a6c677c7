//! Where the lines of a record are made, and whether there is memory for them.
//!
//! Mostly they are made beside the document. Where the document or its lines are large, they are made once only to see
//! how long they are. Then each buffer is as large as it has to be, the lines of one output take the document's place,
//! and a record whose lines would not fit fails before any of them is there.

mod beside;
mod in_place;
mod measure;
mod target;
#[cfg(test)]
mod tests;

pub(super) use target::{Full, Target};

use beside::Beside;
use in_place::InPlace;
use measure::Measure;

use super::Shaped;
use crate::error::{Failure, Reason, Stage};
use crate::events::{Document, Event};
use crate::outputs::Outputs;
use crate::redact::Redactor;
use crate::rules::Rules;
use crate::settings::{Settings, Shape};

/// Smaller documents have their lines beside them: their buffer is better kept for the next record.
const LARGE: usize = 8 << 20;

/// Lines of more bytes than that are measured first. No estimate comes near it on ordinary records.
const LARGE_LINES: usize = 16 << 20;

/// Texts of that many bytes go back to the system when a host frees them; of smaller ones allocators keep the memory.
const GIVEN_BACK: usize = 48 << 20;

/// How large the buffer of a document should be; by default no larger than the document.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    /// Bytes to spare for each four of a large document.
    quarters: usize,
    most: usize,
}

impl Room {
    /// For documents whose lines are made with these settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let quarters = match (settings.shape, settings.raw) {
            (Shape::Event | Shape::Envelope, _) => 1,
            (Shape::Ocsf | Shape::Ecs, false) => 4,
            (Shape::Ocsf | Shape::Ecs, true) => 8,
        };
        // Longer lines would not fit twice.
        Room { quarters, most: settings.limits.lines() / 2 }
    }

    /// Bytes of the buffer for a document of `length`. What is not used costs nothing but address space.
    pub(crate) fn of(&self, length: usize) -> usize {
        if length < LARGE {
            return length;
        }
        let spare = (length / 4).saturating_mul(self.quarters);
        length.saturating_add(spare).min(self.most).max(length)
    }
}

/// How the lines of a large document find room in its buffer.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Both as they stand in the document, which is about to be overwritten.
    cluster: Option<String>,
    instance: Option<String>,
    list: std::ops::Range<usize>,
    one_line: bool,
    /// How far the document moves, and bytes of the buffer from then on.
    pub(super) shift: usize,
    pub(super) room: usize,
    /// The output whose lines are made there.
    output: usize,
}

/// What stays when the document is on its way into lines.
pub(crate) struct Origin<'a> {
    pub(crate) id: &'a str,
    pub(crate) events: &'a [Event],
    pub(crate) rules: &'a Rules,
    pub(crate) version: Option<&'a str>,
    pub(crate) settings: &'a Settings,
}

impl Shaped<'_> {
    /// Appends the lines of the kept events to their outputs, or answers how to make them in the document's own buffer.
    /// `is_own`: the document has such a buffer, with room as [`Room`] says.
    ///
    /// # Errors
    /// The lines need more memory than there may be. Then some of them may be in the outputs.
    pub(crate) fn write(
        &self,
        redactor: &mut Redactor,
        outputs: &mut Outputs,
        is_own: bool,
    ) -> Result<Option<Plan>, Failure> {
        let shape = self.settings.shape;
        let mut estimate = 0usize;
        for kept in self.kept() {
            let size = shape.size(self, &kept);
            outputs.want(kept.output, size);
            estimate = estimate.saturating_add(size);
        }
        if self.length < LARGE && estimate < LARGE_LINES {
            outputs.reserve();
            let target = &mut Beside { document: self.document, outputs, room: LARGE_LINES.saturating_mul(2) };
            if shape.write(self, redactor, target).is_ok() {
                return Ok(None);
            }
            // Redacted values may be longer than what they stand for.
            redactor.take_counts();
        }
        outputs.rewind_lines();
        self.write_measured(redactor, outputs, is_own && self.length >= LARGE)
    }

    /// The same, measured first. `in_place`: in the document's place, unless the output has lines of other records.
    fn write_measured(
        &self,
        redactor: &mut Redactor,
        outputs: &mut Outputs,
        in_place: bool,
    ) -> Result<Option<Plan>, Failure> {
        let shape = self.settings.shape;
        let scratch = self.scratch(redactor);
        if scratch > 0 {
            check_events(self.document, self.events, self.settings)?;
        }
        let output = self.largest();
        let mut measure = Measure::new(self.document.text, self.outputs, output);
        shape.write(&Shaped { last: output, ..*self }, redactor, &mut measure).map_err(|Full| unexpected())?;
        redactor.take_counts();
        let (placed, others) = measure.sizes();
        let lines = placed.saturating_add(others);
        let room = self.length.saturating_add(measure.shift()).max(placed);
        // The same whatever came before, so that no verdict depends on that.
        let buffer = match in_place {
            true if room <= Room::new(self.settings).of(self.length) => room,
            true => self.length.saturating_add(room),
            false => self.length.saturating_add(placed),
        };
        // The host has a copy of the lines while they are still here, and its allocator may keep that of lines before.
        let kept =
            measure.all().iter().filter(|size| **size < GIVEN_BACK).fold(0, |sum: usize, n| sum.saturating_add(*n));
        let needed = [buffer, others, lines, kept, scratch].into_iter().fold(0, usize::saturating_add);
        self.check(lines, needed)?;
        let in_place = in_place && outputs.is_empty(output);
        for (number, bytes) in measure.all().iter().enumerate().filter(|(number, _)| !in_place || *number != output) {
            outputs.want(number, *bytes);
        }
        outputs.reserve();
        let Document { cluster, instance, list, one_line, .. } = self.document;
        if in_place {
            let (cluster, instance) = (cluster.map(str::to_string), instance.map(str::to_string));
            let (list, one_line, shift) = (list.clone(), *one_line, measure.shift());
            return Ok(Some(Plan { cluster, instance, list, one_line, shift, room, output }));
        }
        let target = &mut Beside { document: self.document, outputs, room: usize::MAX };
        shape.write(self, redactor, target).map(|()| None).map_err(|Full| unexpected())
    }

    /// Bytes for the largest event, if events are read as a whole.
    fn scratch(&self, redactor: &Redactor) -> usize {
        match self.settings.shape.keeps_events() && redactor.is_idle() && !self.rules.read_events() {
            true => 0,
            false => copies(self.events),
        }
    }

    fn check(&self, lines: usize, needed: usize) -> Result<(), Failure> {
        let what = format_args!("{lines} bytes of lines out of a document of {} bytes", self.length);
        check(&what, needed, self.settings)
    }
}

/// Rules are about to read the events of this document: copies of one fit beside it.
///
/// # Errors
/// They do not fit.
pub(crate) fn check_events(document: &Document<'_>, events: &[Event], settings: &Settings) -> Result<(), Failure> {
    let length = document.text.len();
    if length < LARGE {
        return Ok(());
    }
    let what = format_args!("a document of {length} bytes with so long an event");
    check(&what, length.saturating_add(copies(events)), settings)
}

/// Bytes for the copies of the largest event: of its text in lower case, redacted, and as a line.
fn copies(events: &[Event]) -> usize {
    events.iter().map(|event| event.range.len()).max().unwrap_or(0).saturating_mul(4)
}

fn check(what: &std::fmt::Arguments<'_>, needed: usize, settings: &Settings) -> Result<(), Failure> {
    let most = settings.limits.lines();
    if needed <= most {
        return Ok(());
    }
    let detail = format!(
        "{what} would take {needed} bytes of memory, limit {most}: drop events or `raw`, or raise limits.plaintext"
    );
    Err(Failure::new(Stage::Events, Reason::TooLarge, detail))
}

impl Plan {
    /// Makes the lines of the document that was planned for, which fills `buffer`, and moves them to their outputs.
    pub(crate) fn write(
        &self,
        origin: &Origin<'_>,
        redactor: &mut Redactor,
        buffer: &mut Vec<u8>,
        outputs: &mut Outputs,
    ) -> Result<(), Failure> {
        let Origin { id, events, rules, version, settings } = *origin;
        let document = &self.document();
        let (length, count) = (buffer.len(), outputs.count());
        let shaped =
            Shaped { document, length, id, events, rules, outputs: count, last: self.output, version, settings };
        let mut target = InPlace::new(buffer, (self.shift, self.room), self.one_line, self.output, outputs);
        let written = settings.shape.write(&shaped, redactor, &mut target).and_then(|()| target.finish());
        written.map_err(|Full| unexpected())
    }

    /// The document, whose text is elsewhere.
    pub(crate) fn document(&self) -> Document<'_> {
        let (cluster, instance) = (self.cluster.as_deref(), self.instance.as_deref());
        Document { text: "", cluster, instance, list: self.list.clone(), one_line: self.one_line }
    }
}

/// Lines are always as long as they were before.
fn unexpected() -> Failure {
    Failure::new(Stage::Events, Reason::TooLarge, "the lines do not fit where they were planned to")
}
