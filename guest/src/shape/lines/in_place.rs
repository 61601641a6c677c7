//! Lines in the document's own buffer, where memory matters: beside a large document they would take its size once
//! more, inside the sandbox, while the host's copy takes it too.
//!
//! The document is moved towards the end of its buffer, as far as the lines grow ahead of it, and the lines are written
//! from the start: what is read always stands behind what was written. That is one output's place; those of the others
//! are made beside it.

use std::ops::Range;

use super::target::{Full, Target};
use crate::outputs::Outputs;
use crate::shape::push_line;
use crate::utf8;

/// A document on its way into lines.
pub(super) struct InPlace<'a> {
    /// The lines, then a gap, then what of the document was not read yet.
    buffer: &'a mut Vec<u8>,
    /// How far the document was moved.
    shift: usize,
    /// No line break stands in the document.
    one_line: bool,
    /// The output whose lines are made here.
    output: usize,
    /// Where its lines end, and how many they are.
    written: usize,
    lines: u32,
    /// The others.
    outputs: &'a mut Outputs,
    scratch: String,
}

impl<'a> InPlace<'a> {
    /// Moves the document, which fills `buffer`; `room`: bytes of the buffer from now on.
    pub(super) fn new(
        buffer: &'a mut Vec<u8>,
        (shift, room): (usize, usize),
        one_line: bool,
        output: usize,
        outputs: &'a mut Outputs,
    ) -> Self {
        let length = buffer.len();
        buffer.reserve_exact(room.saturating_sub(length));
        buffer.resize(room.max(length.saturating_add(shift)), 0);
        buffer.copy_within(..length, shift);
        InPlace { buffer, shift, one_line, output, written: 0, lines: 0, outputs, scratch: String::new() }
    }

    /// Moves the lines to their output. The buffer is left without memory.
    pub(super) fn finish(self) -> Result<(), Full> {
        let mut lines = std::mem::take(self.buffer);
        lines.truncate(self.written);
        let lines = String::from_utf8(lines).map_err(|_| Full)?;
        self.outputs.fill(self.output, lines, self.lines);
        Ok(())
    }

    /// Where a part of the document stands now.
    fn place(&self, part: Range<usize>) -> Result<Range<usize>, Full> {
        let moved = |at: usize| at.checked_add(self.shift).ok_or(Full);
        let place = moved(part.start)?..moved(part.end)?;
        // What was planned has come true: nothing of it was overwritten.
        if place.start < self.written || place.end > self.buffer.len() { Err(Full) } else { Ok(place) }
    }
}

impl Target for InPlace<'_> {
    fn text(&mut self, output: usize, of: Range<usize>, write: impl FnOnce(&str, &mut String)) -> Result<(), Full> {
        let place = self.place(of)?;
        let part = self.buffer.get(place).and_then(|part| utf8::from_utf8(part).ok()).ok_or(Full)?;
        if output != self.output {
            write(part, self.outputs.lines(output).ok_or(Full)?);
            return Ok(());
        }
        self.scratch.clear();
        write(part, &mut self.scratch);
        let end = self.written.checked_add(self.scratch.len()).ok_or(Full)?;
        self.buffer.get_mut(self.written..end).ok_or(Full)?.copy_from_slice(self.scratch.as_bytes());
        self.written = end;
        Ok(())
    }

    fn part(&mut self, output: usize, part: Range<usize>) -> Result<(), Full> {
        let place = self.place(part)?;
        if output != self.output {
            let part = self.buffer.get(place).and_then(|part| utf8::from_utf8(part).ok()).ok_or(Full)?;
            push_line(part, self.one_line, self.outputs.lines(output).ok_or(Full)?);
            return Ok(());
        }
        let end = self.written.checked_add(place.len()).ok_or(Full)?;
        self.buffer.copy_within(place, self.written);
        if !self.one_line {
            let line = self.buffer.get_mut(self.written..end).ok_or(Full)?;
            line.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        }
        self.written = end;
        Ok(())
    }

    fn end(&mut self, output: usize) -> Result<(), Full> {
        if output != self.output {
            self.outputs.end_line(output);
            return Ok(());
        }
        *self.buffer.get_mut(self.written).ok_or(Full)? = b'\n';
        self.written = self.written.checked_add(1).ok_or(Full)?;
        self.lines = self.lines.saturating_add(1);
        Ok(())
    }
}
