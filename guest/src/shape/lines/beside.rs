//! Lines beside the document: how all but large documents are written.

use std::ops::Range;

use super::target::{Full, Target};
use crate::events::Document;
use crate::outputs::Outputs;
use crate::shape::push_part;

/// Lines that go straight to their outputs.
pub(super) struct Beside<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) outputs: &'a mut Outputs,
    /// Bytes that may still be written.
    pub(super) room: usize,
}

impl Beside<'_> {
    fn append(&mut self, output: usize, write: impl FnOnce(&Document<'_>, &mut String)) -> Result<(), Full> {
        let lines = self.outputs.lines(output).ok_or(Full)?;
        let before = lines.len();
        write(self.document, lines);
        self.room = self.room.checked_sub(lines.len().saturating_sub(before)).ok_or(Full)?;
        Ok(())
    }
}

impl Target for Beside<'_> {
    #[inline]
    fn text(&mut self, output: usize, of: Range<usize>, write: impl FnOnce(&str, &mut String)) -> Result<(), Full> {
        self.append(output, |document, lines| write(document.text.get(of).unwrap_or_default(), lines))
    }

    #[inline]
    fn part(&mut self, output: usize, part: Range<usize>) -> Result<(), Full> {
        self.append(output, |document, lines| {
            push_part(document.text.get(part).unwrap_or_default(), document, lines);
        })
    }

    #[inline]
    fn end(&mut self, output: usize) -> Result<(), Full> {
        self.outputs.end_line(output);
        Ok(())
    }
}
