//! Event lines on their way out: large writes, counted, flushed when the input pauses.

use std::io::{self, BufWriter, StdoutLock, Write};

/// How much is collected before it is written, in bytes.
const ROOM: usize = 256 * 1024;

/// A writer of event lines.
#[derive(Debug)]
pub(crate) struct Lines<W: Write> {
    writer: BufWriter<W>,
    bytes: u64,
}

impl Lines<StdoutLock<'static>> {
    /// Standard output, locked for this writer.
    pub(crate) fn stdout() -> Self {
        Lines::new(io::stdout().lock())
    }
}

impl<W: Write> Lines<W> {
    /// Lines to `writer`.
    pub(crate) fn new(writer: W) -> Self {
        Lines { writer: BufWriter::with_capacity(ROOM, writer), bytes: 0 }
    }

    /// Writes complete lines.
    ///
    /// # Errors
    /// The writer's own; `BrokenPipe` when the reader has seen enough.
    pub(crate) fn write(&mut self, lines: &str) -> io::Result<()> {
        self.writer.write_all(lines.as_bytes())?;
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// Passes on what was collected.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// How many bytes were written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}
