//! Lines of bounded length out of a stream of bytes.

use std::io::{self, BufRead, BufReader, Read};

/// How much is read at once, in bytes.
const ROOM: usize = 64 * 1024;
/// How much of a line that is too long is kept for whoever looks into it.
const BEGINNING: usize = 256;

/// Reads lines, none longer than a limit.
pub(super) struct LineReader<R> {
    input: BufReader<R>,
    most: usize,
}

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// All of it.
    Whole(Vec<u8>),
    /// The beginning of a longer one, whose rest was read and dropped.
    TooLong(Vec<u8>),
}

impl<R: Read> LineReader<R> {
    /// Lines of at most `most` bytes.
    pub(super) fn new(input: R, most: usize) -> Self {
        LineReader { input: BufReader::with_capacity(ROOM, input), most }
    }

    /// The next line; none at the end. Waits for no byte behind the line's end.
    ///
    /// # Errors
    /// The input's own.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let (mut line, mut length) = (Vec::new(), 0_usize);
        loop {
            let available = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() && length == 0 {
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', available);
            let part = end.map_or(available, |end| &available[..end]);
            length += part.len();
            let is_over = end.is_some() || available.is_empty();
            if length <= self.most {
                line.extend_from_slice(part);
            } else {
                line.extend_from_slice(&part[..part.len().min(BEGINNING.saturating_sub(line.len()))]);
                line.truncate(BEGINNING);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            // An empty line is one too: it has an answer.
            if is_over {
                if line.last() == Some(&b'\r') && length <= self.most {
                    line.pop();
                }
                return Ok(Some(if length <= self.most { Line::Whole(line) } else { Line::TooLong(line) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8], most: usize) -> Vec<Line> {
        let mut reader = LineReader::new(text, most);
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn every_line_comes_out_once() {
        let whole = |line: &[u8]| Line::Whole(line.to_vec());
        assert_eq!(lines(b"a\n\r\n\nbc\r\nd", 10), [whole(b"a"), whole(b""), whole(b""), whole(b"bc"), whole(b"d")]);
        assert_eq!(lines(b"", 10), []);
    }

    #[test]
    fn a_long_line_is_cut_and_does_not_hide_the_next() {
        let text = [vec![b'x'; 1 << 20], b"\nok\n".to_vec()].concat();
        assert_eq!(lines(&text, 1000), [Line::TooLong(vec![b'x'; BEGINNING]), Line::Whole(b"ok".to_vec())]);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(text in "[ab\n]{0,200}") {
            let expected: Vec<_> = text.split_terminator('\n').map(|line| Line::Whole(line.into())).collect();
            prop_assert_eq!(lines(text.as_bytes(), 1000), expected);
        }
    }
}
