//! Cuts a stream of bytes into JSON values, and what is broken into pieces that hide no good neighbour.
//!
//! Values may stand on lines, on many lines, or back to back. Every byte that is not white space between values ends in
//! exactly one piece. The splitter does no input itself: [`Splitter::space`] and [`Splitter::fill`] take bytes in,
//! [`Splitter::next`] gives pieces out, and the pieces do not depend on how the bytes were portioned.
//!
//! Memory is bounded: what is longer than the limit and a third (so that a dead-letter line still fits that keeps a
//! record of the limit's size in base64) comes out in pieces of the limit's size. Work is bounded too: a stretch of
//! bytes is scanned again only for values that were still open where it broke, and no more than 128 can be.

use super::resume::{self, Cut, Resume};
use super::scan::{Reach, Scanner};

/// The least room that [`Splitter::space`] offers, in bytes.
const ROOM: usize = 512 * 1024;

/// What a dead-letter line holds besides the record, in bytes.
const AROUND_RECORD: usize = 4096;

/// What a piece of the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One JSON object or array, complete by its brackets.
    Value,
    /// Bytes that are no such value: cut off, overwritten, or never JSON.
    Broken,
    /// A part of something that exceeds the limit.
    Oversized,
}

/// What [`Splitter::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// The next piece, in input order; never empty.
    Piece(Kind, &'a [u8]),
    /// More input is needed.
    Starved,
    /// The input has ended and everything is out.
    End,
}

/// What the bytes at the front of the buffer belong to.
#[derive(Debug)]
enum Within {
    Nothing,
    Value { scanner: Scanner, oversized: bool },
    Broken { searched: usize, cut: Cut, oversized: bool },
}

/// Cuts a stream into values.
#[derive(Debug)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    within: Within,
    limit: usize,
}

impl Splitter {
    /// `limit`: the longest record in bytes, at least 1.
    pub(super) fn new(limit: usize) -> Self {
        Splitter { buffer: Vec::new(), start: 0, end: 0, finished: false, within: Within::Nothing, limit: limit.max(1) }
    }

    /// Free room at the end of the buffer: at least half a megabyte.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.buffer.len() - self.end < ROOM {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let needed = self.end + ROOM;
            if self.buffer.len() < needed {
                // By half, not twice: what is filled with zeros is resident.
                self.buffer.resize(needed.max(self.buffer.len() / 2 * 3), 0);
            }
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` bytes were written to the front of [`Self::space`]; none means that the input has ended.
    pub(super) fn fill(&mut self, count: usize) {
        self.finished |= count == 0;
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Whether the end of the input was told.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// The next piece, if the bytes that are here decide it.
    pub(super) fn next(&mut self) -> Next<'_> {
        while let Some((kind, length)) = self.find() {
            let start = self.start;
            self.start += length;
            let piece = self.buffer.get(start..self.start).unwrap_or_default();
            let length = if kind == Kind::Broken { without_line_ends(piece) } else { piece.len() };
            if length > 0 {
                return Next::Piece(kind, self.buffer.get(start..start + length).unwrap_or_default());
            }
        }
        if self.finished { Next::End } else { Next::Starved }
    }

    /// How many bytes from the front make the next piece; nothing as long as that is open.
    fn find(&mut self) -> Option<(Kind, usize)> {
        loop {
            if matches!(self.within, Within::Nothing) {
                self.within = self.begin()?;
            }
            let longest = self.limit + self.limit / 3 + AROUND_RECORD;
            let visible = self.buffer.get(self.start..self.end.min(self.start + longest)).unwrap_or_default();
            let full = visible.len() == longest;
            let last = self.finished && self.start + visible.len() == self.end;
            match &mut self.within {
                Within::Nothing => return None,
                Within::Value { scanner, oversized } => match scanner.advance(visible) {
                    Reach::Closed(length) => {
                        let kind = if *oversized { Kind::Oversized } else { Kind::Value };
                        self.within = Within::Nothing;
                        return Some((kind, length));
                    }
                    Reach::Open if !full && !last => return None,
                    Reach::Open if full && resume::find(visible, 1, Cut::Block, last).is_none() => {
                        scanner.forget(self.limit);
                        *oversized = true;
                        return Some((Kind::Oversized, self.limit));
                    }
                    Reach::Open | Reach::Broken(_) => {
                        let (searched, oversized) = (usize::from(!*oversized), *oversized);
                        self.within = Within::Broken { searched, cut: Cut::Block, oversized };
                    }
                },
                Within::Broken { searched, cut, oversized } => {
                    let kind = if *oversized { Kind::Oversized } else { Kind::Broken };
                    match resume::find(visible, *searched, *cut, last) {
                        Resume::At(length) => {
                            self.within = Within::Nothing;
                            return Some((kind, length));
                        }
                        Resume::Beyond(position) if full => {
                            *searched = position.saturating_sub(self.limit);
                            *oversized = true;
                            return Some((Kind::Oversized, self.limit));
                        }
                        Resume::Beyond(_) if last => {
                            self.within = Within::Nothing;
                            return Some((kind, visible.len()));
                        }
                        Resume::Beyond(position) => {
                            *searched = position;
                            return None;
                        }
                    }
                }
            }
        }
    }

    /// Skips white space, and tells by the first byte behind it what follows.
    fn begin(&mut self) -> Option<Within> {
        let pending = self.buffer.get(self.start..self.end).unwrap_or_default();
        let space = pending.iter().take_while(|byte| super::is_white_space(**byte)).count();
        self.start += space;
        Some(match pending.get(space)? {
            b'{' | b'[' => Within::Value { scanner: Scanner::new(), oversized: false },
            _ => Within::Broken { searched: 1, cut: Cut::Line, oversized: false },
        })
    }
}

/// The length of a broken piece without the line end behind it, which is white space between values.
fn without_line_ends(piece: &[u8]) -> usize {
    piece.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::super::is_white_space;
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str =
        r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"AYAB","key":"AQID"}"#;

    fn split(input: &[u8], limit: usize, portion: usize) -> Vec<(Kind, Vec<u8>)> {
        let mut splitter = Splitter::new(limit);
        let mut input = input;
        let mut pieces = Vec::new();
        loop {
            match splitter.next() {
                Next::Piece(kind, bytes) => pieces.push((kind, bytes.to_vec())),
                Next::End => return pieces,
                Next::Starved => {
                    let (now, later) = input.split_at(portion.min(input.len()));
                    splitter.space()[..now.len()].copy_from_slice(now);
                    splitter.fill(now.len());
                    input = later;
                }
            }
        }
    }

    /// The pieces of a text; broken ones begin with `!`.
    fn pieces(text: &str) -> Vec<String> {
        let pieces = split(text.as_bytes(), 1 << 20, usize::MAX).into_iter();
        let mark = |kind| if kind == Kind::Value { "" } else { "!" };
        pieces.map(|(kind, bytes)| format!("{}{}", mark(kind), String::from_utf8(bytes).unwrap())).collect()
    }

    #[test]
    fn lines_glued_values_and_pretty_ones_are_values() {
        let pretty = "{\n  \"a\": {\n    \"b\": []\n  }\n}";
        for separator in ["\n", "\r\n", "", " \t\n\n"] {
            let text = [RECORD, pretty, "[1,2]", RECORD].join(separator);
            assert_eq!(pieces(&text), [RECORD, pretty, "[1,2]", RECORD], "{separator:?}");
        }
        assert_eq!(pieces(" \n\t"), [""; 0]);
    }

    #[test]
    fn a_record_cut_anywhere_loses_no_neighbour() {
        for length in 1..RECORD.len() {
            let cut = &RECORD[..length];
            let failed = format!("!{cut}");
            assert_eq!(pieces(&format!("{RECORD}{cut}{RECORD}")), [RECORD, &failed, RECORD], "glued after {length}");
            assert_eq!(pieces(&format!("{cut}\n{RECORD}\n")), [&failed, RECORD], "on lines after {length}");
            assert_eq!(pieces(&format!("{RECORD}\n{cut}")), [RECORD, &failed], "at the end after {length}");
        }
    }

    #[test]
    fn garbage_ends_with_its_line_or_before_a_record() {
        let text = format!("hello {{world}}\r\n  again\n{RECORD}\n[INFO] started{RECORD}}}\nnull\n");
        let expected = ["!hello {world}", "!again", RECORD, "![INFO] started", RECORD, "!}", "!null"];
        assert_eq!(pieces(&text), expected);
    }

    #[test]
    fn a_broken_pretty_printed_value_is_one_piece() {
        let broken = "{\n  \"a\": \"b,\n  \"c\": {\n    \"d\": 1\n  }\n}";
        assert_eq!(pieces(&format!("{broken}\n{RECORD}")), [&format!("!{broken}"), RECORD]);
    }

    #[test]
    fn what_exceeds_the_limit_comes_in_pieces() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(20_000));
        let pieces = split(format!("{long}\n{RECORD}").as_bytes(), 1000, 64);
        let (record, parts) = pieces.split_last().unwrap();
        assert_eq!(record, &(Kind::Value, RECORD.as_bytes().to_vec()));
        assert!(
            parts.iter().all(|(kind, part)| *kind == Kind::Oversized && part.len() <= 1000 / 3 * 4 + AROUND_RECORD)
        );
        assert_eq!(parts.iter().flat_map(|(_, part)| part.clone()).collect::<Vec<_>>(), long.as_bytes());
    }

    #[test]
    fn a_record_behind_an_endless_string_is_found() {
        let pieces = split(format!("{{\"a\":\"{}{RECORD}", "x".repeat(20_000)).as_bytes(), 1000, 64);
        assert_eq!(pieces.last(), Some(&(Kind::Value, RECORD.as_bytes().to_vec())));
    }

    proptest! {
        #[test]
        fn every_byte_ends_in_one_piece(input in stream(), limit in 1_usize..3000, portion in 1_usize..300) {
            let pieces = split(&input, limit, portion);
            prop_assert_eq!(&pieces, &split(&input, limit, usize::MAX), "portions do not matter");
            let mut rest = input.as_slice();
            for (kind, piece) in &pieces {
                // A part of something oversized may itself begin with white space.
                let parted = *kind == Kind::Oversized && rest.starts_with(piece);
                let space = if parted { 0 } else { rest.iter().take_while(|byte| is_white_space(**byte)).count() };
                prop_assert!(rest[space..].starts_with(piece));
                rest = &rest[space + piece.len()..];
            }
            prop_assert!(rest.iter().all(|byte| is_white_space(*byte)));
        }
    }

    /// Records, parts of records, and bytes that look like them.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            3 => Just(RECORD.as_bytes().to_vec()),
            2 => (0..RECORD.len()).prop_map(|length| RECORD.as_bytes()[..length].to_vec()),
            1 => (0..RECORD.len()).prop_map(|length| RECORD.as_bytes()[length..].to_vec()),
            2 => Just(b"\n".to_vec()),
            2 => r#"[{}\[\]",:1\\ \r\n]{0,12}"#.prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..12),
            1 => (0_usize..3000).prop_map(|length| vec![b'x'; length]),
        ];
        proptest::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
    }
}
