//! Where reading goes on behind something broken: at the next line, or where a record plainly begins.

use memchr::memchr2_iter;

/// Which line ends end a broken piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Any: the piece is text that never was JSON.
    Line,
    /// Those before a line that cannot belong to the same pretty-printed value: it is neither indented nor begins with
    /// a closing bracket.
    Block,
}

/// Whether and where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// The broken piece ends before this position.
    At(usize),
    /// Not before this position; what follows needs more bytes.
    Beyond(usize),
}

impl Resume {
    pub(super) fn is_none(self) -> bool {
        matches!(self, Resume::Beyond(_))
    }
}

/// What the front of some bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// The outer object of an activity-stream record (das-format section 1).
    Record,
    /// Something else.
    Other,
    /// Too short to say.
    Short,
}

/// The first place at or behind `from` where reading can go on. `last`: no more bytes will follow.
pub(super) fn find(bytes: &[u8], from: usize, cut: Cut, last: bool) -> Resume {
    let rest = bytes.get(from..).unwrap_or_default();
    for position in memchr2_iter(b'\n', b'{', rest).map(|offset| from + offset) {
        let here = bytes.get(position..).unwrap_or_default();
        let resumes = match (here, cut) {
            ([b'\n', ..], Cut::Line) => true,
            ([b'\n', b' ' | b'\t' | b'\r' | b'\n' | b'}' | b']', ..], Cut::Block) => false,
            ([b'\n', _, ..], Cut::Block) => true,
            ([b'\n'], Cut::Block) if !last => return Resume::Beyond(position),
            ([b'{', ..], _) => match front(here) {
                Front::Record => true,
                Front::Short if !last => return Resume::Beyond(position),
                // Without a comma, one object must have ended and another begun.
                _ => here.starts_with(b"{\"") && position > 0 && bytes.get(position - 1) == Some(&b'}'),
            },
            _ => false,
        };
        if resumes {
            return Resume::At(position);
        }
    }
    Resume::Beyond(bytes.len().max(from))
}

/// Whether a record begins here: by its `type` or `databaseActivityEvents` as the first member. Every known writer puts
/// one of the two first; a record that begins otherwise is found by its brackets all the same.
pub(super) fn front(bytes: &[u8]) -> Front {
    let mut rest = bytes;
    for (index, part) in ["{", "\"type\"", ":", "\"DatabaseActivityMonitoringRecords\""].into_iter().enumerate() {
        rest = skip_white_space(rest);
        if index == 1 && rest.starts_with(b"\"databaseActivityEvents\"") {
            return Front::Record;
        }
        match rest.strip_prefix(part.as_bytes()) {
            Some(behind) => rest = behind,
            None if part.as_bytes().starts_with(rest) => return Front::Short,
            None if index == 1 && b"\"databaseActivityEvents\"".starts_with(rest) => return Front::Short,
            None => return Front::Other,
        }
    }
    Front::Record
}

/// Drops the white space in front, 64 bytes of it at most.
fn skip_white_space(bytes: &[u8]) -> &[u8] {
    let space = bytes.iter().take(64).take_while(|byte| super::is_white_space(**byte)).count();
    bytes.get(space..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_known_by_its_first_member() {
        for text in [
            r#"{"type":"DatabaseActivityMonitoringRecords","version":"#,
            "{ \"type\" : \"DatabaseActivityMonitoringRecords\"",
            "{\n  \"type\": \"DatabaseActivityMonitoringRecords\",",
            r#"{"databaseActivityEvents":"#,
        ] {
            assert_eq!(front(text.as_bytes()), Front::Record, "{text}");
        }
        for text in
            [r#"{"type":"DatabaseActivityMonitoringRecord","#, r#"{"key":"#, "{}", "[", r#"{"typ":"#, r#"{"type" "x"#]
        {
            assert_eq!(front(text.as_bytes()), Front::Other, "{text}");
        }
    }

    #[test]
    fn a_front_is_short_until_it_is_decided() {
        for text in [r#"{"type":"DatabaseActivityMonitoringRecords""#, r#"{ "databaseActivityEvents""#] {
            for length in 0..text.len() {
                assert_eq!(front(&text.as_bytes()[..length]), Front::Short, "{length} bytes of {text}");
            }
            assert_eq!(front(text.as_bytes()), Front::Record);
        }
    }

    #[test]
    fn reading_goes_on_at_a_line_or_a_record() {
        let find = |text: &str, cut| find(text.as_bytes(), 1, cut, true);
        assert_eq!(find("text\n  more", Cut::Line), Resume::At(4));
        assert_eq!(find("{\n  \"a\": 1\n}\nnext", Cut::Block), Resume::At(12));
        assert_eq!(find("{\"a\r\n\r\nnext", Cut::Block), Resume::At(6));
        assert_eq!(find(r#"{"a":"b}{"c":1}"#, Cut::Block), Resume::At(8));
        assert_eq!(find(r#"{"a":"b}{c"#, Cut::Block), Resume::Beyond(10));
        assert_eq!(find(r#"text{"type":"DatabaseActivityMonitoringRecords""#, Cut::Line), Resume::At(4));
    }

    #[test]
    fn what_is_open_waits_for_more() {
        let find = |text: &str, last| super::find(text.as_bytes(), 1, Cut::Block, last);
        assert_eq!(find("{\"a\n", false), Resume::Beyond(3));
        assert_eq!(find("{\"a\n", true), Resume::Beyond(4));
        assert_eq!(find("{\"a{\"typ", false), Resume::Beyond(3));
        assert_eq!(find("{\"a{\"typ", true), Resume::Beyond(8));
    }
}
