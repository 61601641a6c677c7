//! What lines are written to: beside the document, into its place, or nowhere, to see what they need.

use std::ops::Range;

/// Takes lines piece by piece. Events are read in the order in which they stand in the document, and what stands in
/// front of a part that was read is not read again by the output that comes last.
pub(in crate::shape) trait Target {
    /// Appends to an output what `write` makes of a part of the document.
    fn text(&mut self, output: usize, of: Range<usize>, write: impl FnOnce(&str, &mut String)) -> Result<(), Full>;

    /// Appends a part of the document as it is, but for line breaks.
    fn part(&mut self, output: usize, part: Range<usize>) -> Result<(), Full>;

    /// Ends the line.
    fn end(&mut self, output: usize) -> Result<(), Full>;
}

/// More does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shape) struct Full;
