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
    /// `capacity`: of that buffer, where the document has one of its own.
    ///
    /// # Errors
    /// The lines need more memory than there may be. Then some of them may be in the outputs.
    pub(crate) fn write(
        &self,
        redactor: &mut Redactor,
        outputs: &mut Outputs,
        capacity: Option<usize>,
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
        self.write_measured(redactor, outputs, capacity.filter(|_| self.length >= LARGE))
    }

    /// The same, measured first; in the document's place where that has a `capacity`.
    fn write_measured(
        &self,
        redactor: &mut Redactor,
        outputs: &mut Outputs,
        capacity: Option<usize>,
    ) -> Result<Option<Plan>, Failure> {
        let shape = self.settings.shape;
        let scratch = self.scratch(redactor);
        self.check(0, self.length.saturating_add(scratch))?;
        let output = self.largest();
        let mut measure = Measure::new(self.document.text, self.outputs, output);
        shape.write(&Shaped { last: output, ..*self }, redactor, &mut measure).map_err(|Full| unexpected())?;
        redactor.take_counts();
        let (placed, others) = measure.sizes();
        let lines = placed.saturating_add(others);
        let room = self.length.saturating_add(measure.shift()).max(placed);
        let buffer = match capacity {
            Some(capacity) if room <= capacity => room,
            Some(_) => self.length.saturating_add(room),
            None => self.length.saturating_add(placed),
        };
        // The host has a copy of the lines while they are still here.
        self.check(lines, buffer.saturating_add(others).saturating_add(lines).saturating_add(scratch))?;
        let in_place = capacity.is_some() && outputs.is_empty(output);
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

    /// Bytes for a line of the largest event, which is read as a whole, redacted and written again.
    fn scratch(&self, redactor: &Redactor) -> usize {
        match self.settings.shape.keeps_events() && redactor.is_idle() {
            true => 0,
            false => self.kept().map(|kept| kept.range.len()).max().unwrap_or(0).saturating_mul(4),
        }
    }

    fn check(&self, lines: usize, needed: usize) -> Result<(), Failure> {
        let most = self.settings.limits.lines();
        if needed <= most {
            return Ok(());
        }
        let what = match lines {
            0 => format!("a document of {} bytes with so long an event", self.length),
            lines => format!("{lines} bytes of lines out of a document of {} bytes", self.length),
        };
        let detail = format!(
            "{what} would take {needed} bytes of memory, limit {most}: drop events or `raw`, or raise limits.plaintext"
        );
        Err(Failure::new(Stage::Events, Reason::TooLarge, detail))
    }
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
