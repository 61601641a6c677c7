//! How long lines are, and how far they grow ahead of the document that they are made of.

use std::ops::Range;

use super::target::{Full, Target};

/// Lines that are made and thrown away.
pub(super) struct Measure<'a> {
    /// The document.
    text: &'a str,
    /// The output whose lines take the document's place.
    output: usize,
    /// Bytes of each output.
    sizes: Vec<usize>,
    /// How far the document must move so that nothing of it is overwritten before it was read.
    shift: usize,
    scratch: String,
}

impl<'a> Measure<'a> {
    /// `outputs`: how many there are; `output`: the one whose lines take the document's place.
    pub(super) fn new(text: &'a str, outputs: usize, output: usize) -> Self {
        Measure { text, output, sizes: vec![0; outputs], shift: 0, scratch: String::new() }
    }

    /// How far the document must move.
    pub(super) fn shift(&self) -> usize {
        self.shift
    }

    /// Bytes of the lines in the document's place, and of all others.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let placed = self.sizes.get(self.output).copied().unwrap_or_default();
        (placed, self.sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size)).saturating_sub(placed))
    }

    /// Bytes of each output.
    pub(super) fn all(&self) -> &[usize] {
        &self.sizes
    }

    /// The document is read from `start` on.
    fn read(&mut self, start: usize) {
        let written = self.sizes.get(self.output).copied().unwrap_or_default();
        self.shift = self.shift.max(written.saturating_sub(start));
    }

    fn add(&mut self, output: usize, bytes: usize) -> Result<(), Full> {
        let size = self.sizes.get_mut(output).ok_or(Full)?;
        *size = size.saturating_add(bytes);
        Ok(())
    }
}

impl Target for Measure<'_> {
    fn text(&mut self, output: usize, of: Range<usize>, write: impl FnOnce(&str, &mut String)) -> Result<(), Full> {
        self.read(of.start);
        self.scratch.clear();
        write(self.text.get(of).ok_or(Full)?, &mut self.scratch);
        self.add(output, self.scratch.len())
    }

    fn part(&mut self, output: usize, part: Range<usize>) -> Result<(), Full> {
        self.read(part.start);
        self.add(output, part.len())
    }

    fn end(&mut self, output: usize) -> Result<(), Full> {
        self.add(output, 1)
    }
}
