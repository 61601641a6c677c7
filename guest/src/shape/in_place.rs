//! Shape `event` where memory matters: the lines of a large document are made in the document's own buffer.
//!
//! Lines beside the document would take its size once more, inside the sandbox, while the host's copy takes it too.
//! So the document is moved towards the end of its buffer, as far as the lines grow ahead of it, and the lines are
//! written from the start: what is read always stands behind what was written.

use std::io::Write;

use super::{Shaped, kept};
use crate::error::{Failure, Reason, Stage};
use crate::events::Event;
use crate::outputs::Outputs;
use crate::rules::Rules;

/// Smaller documents have their lines beside them: their buffer is better kept for the next record.
pub(crate) const LARGE: usize = 8 << 20;

/// How the lines of a document find room in its buffer.
pub(crate) struct InPlace {
    id: String,
    /// Both as they stand in front of every event.
    cluster: String,
    instance: String,
    /// How far the document moves.
    shift: usize,
    /// Bytes of all lines.
    lines: usize,
    /// The one output that they go to.
    output: usize,
}

impl InPlace {
    /// None where the buffer has not the capacity for it, where the document is a small one, and where its events go to
    /// several outputs or to one that has lines already.
    pub(crate) fn plan(shaped: &Shaped<'_>, outputs: &Outputs, capacity: usize) -> Option<Self> {
        if shaped.document.text.len() < LARGE {
            return None;
        }
        InPlace::plan_any(shaped, capacity).filter(|plan| outputs.is_empty(plan.output))
    }

    pub(super) fn plan_any(shaped: &Shaped<'_>, capacity: usize) -> Option<Self> {
        let document = shaped.document;
        let id = |id: Option<&str>| id.unwrap_or("null").replace(['\n', '\r'], " ");
        let (cluster, instance) = (id(document.cluster), id(document.instance));
        let output = shaped.kept().next()?.output;
        let mut plan = InPlace { id: shaped.id.to_string(), cluster, instance, shift: 0, lines: 0, output };
        let mut front = Vec::new();
        for (index, event, to, sigma) in kept(shaped.events, shaped.rules) {
            if to != output {
                return None;
            }
            plan.front(index, document.event(event).as_bytes(), sigma, &mut front);
            // The members, without the opening brace, are read after the front was written.
            let members = event.range.start.checked_add(1)?;
            let place = plan.lines.checked_add(front.len())?;
            plan.shift = plan.shift.max(place.saturating_sub(members));
            plan.lines = place.checked_add(event.range.end.checked_sub(members)?)?.checked_add(1)?;
        }
        (plan.room(document.text.len())? <= capacity).then_some(plan)
    }

    /// Makes lines of the document that was planned for, and moves them to their output.
    pub(crate) fn write(
        &self,
        events: &[Event],
        rules: &Rules,
        document: &mut Vec<u8>,
        outputs: &mut Outputs,
    ) -> Result<(), Failure> {
        let written = self.lines_of(events, rules, document);
        let lines = String::from_utf8(std::mem::take(document)).ok();
        let (written, lines) = written.zip(lines).ok_or_else(|| {
            Failure::new(Stage::Events, Reason::WrongShape, "the lines do not fit into the document's place")
        })?;
        outputs.fill(self.output, lines, written);
        Ok(())
    }

    fn lines_of(&self, events: &[Event], rules: &Rules, document: &mut Vec<u8>) -> Option<u32> {
        let length = document.len();
        document.resize(self.room(length)?, 0);
        document.copy_within(..length, self.shift);
        let mut front = Vec::new();
        let (mut end, mut written) = (0usize, 0u32);
        for (index, event, _, sigma) in kept(events, rules) {
            let (start, behind) =
                (event.range.start.checked_add(self.shift)?, event.range.end.checked_add(self.shift)?);
            self.front(index, document.get(start..behind)?, sigma, &mut front);
            let members = end.checked_add(front.len())?;
            document.get_mut(end..members)?.copy_from_slice(&front);
            document.copy_within(start.checked_add(1)?..behind, members);
            end = members.checked_add(behind.checked_sub(start)?)?;
            // A line break can only be white space between tokens: a blank stands for it, as beside the document.
            let line = document.get_mut(members..end)?;
            line.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
            *line.last_mut()? = b'\n';
            written = written.wrapping_add(1);
        }
        document.truncate(end);
        Some(written)
    }

    /// Bytes of the buffer at the end.
    pub(super) fn room(&self, document: usize) -> Option<usize> {
        Some(document.checked_add(self.shift)?.max(self.lines))
    }

    /// `{"eventId":"<message id>-<index>","clusterId":...,"instanceId":...`, what a Sigma rule says, and a comma where
    /// the event has members.
    fn front(&self, index: usize, event: &[u8], sigma: Option<&str>, front: &mut Vec<u8>) {
        let InPlace { id, cluster, instance, .. } = self;
        front.clear();
        let _ = write!(front, "{{\"eventId\":\"{id}-{index}\",\"clusterId\":{cluster},\"instanceId\":{instance}");
        if let Some(sigma) = sigma {
            let _ = write!(front, ",\"sigma\":{sigma}");
        }
        if event.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) != Some(&b'}') {
            front.push(b',');
        }
    }
}
