//! Where the members of an event stand: found in one pass.

use super::walk::{Passed, mark, pass_member, scalar_end};

/// The members of an event, by place. Used again for every event.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) members: Vec<Place>,
    /// Some name is written with an escape.
    pub(super) escaped: bool,
}

/// Where one member stands in its event. A document has at most 512 MiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The name's body: what stands between its quotes.
    pub(super) name: [u32; 2],
    pub(super) value: [u32; 2],
}

/// Which members an index is to hold: those whose names have one of these lengths. That leaves most out, and costs
/// nothing to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted(u64);

impl Wanted {
    /// Every member.
    pub(crate) const ALL: Wanted = Wanted(u64::MAX);

    /// The fields at these dotted paths.
    pub(crate) fn paths<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let mut wanted = Wanted(0);
        for path in paths {
            // A dot may stand in a name, too.
            let ends = path.match_indices('.').map(|(dot, _)| dot);
            ends.chain([path.len()]).for_each(|end| wanted.0 |= Wanted::bit(end));
        }
        wanted
    }

    #[inline(always)]
    fn bit(length: usize) -> u64 {
        1u64.wrapping_shl(if length < 63 { length as u32 } else { 63 })
    }
}

impl Index {
    /// Reads an event: a checked object.
    pub(super) fn read(&mut self, event: &[u8], wanted: Wanted) {
        self.members.clear();
        self.escaped = false;
        let mut at = 1usize;
        loop {
            at = self.read_plain(event, at, wanted);
            let Some(Passed { name, value, escaped }) = pass_member(event, at) else { return };
            if escaped || wanted.0 & Wanted::bit(length(name)) != 0 {
                self.members.push(Place { name: name.map(|at| at as u32), value: value.map(|at| at as u32) });
                self.escaped |= escaped;
            }
            [_, at] = value;
        }
    }

    /// Reads members as machines write them, as long as they come: names and texts without escapes, short scalars, no
    /// white space. Answers where it stopped: behind a member or before the first.
    #[inline(always)]
    fn read_plain(&mut self, event: &[u8], mut at: usize, wanted: Wanted) -> usize {
        // The opening quote of a name.
        let mut opening = match word(event, at) {
            Some(next) if next << 16 == COMMA_QUOTE => at.wrapping_add(1),
            Some(next) if next << 24 == QUOTE => at,
            _ => return at,
        };
        loop {
            let name = opening.wrapping_add(1);
            let name_end = mark(event, name);
            let Some(behind) = word(event, name_end) else { return at };
            let value = name_end.wrapping_add(2);
            let end = if behind << 8 == QUOTE_COLON_QUOTE {
                let end = mark(event, value.wrapping_add(1));
                if event.get(end) != Some(&b'"') {
                    return at;
                }
                end.wrapping_add(1)
            } else if behind << 16 == QUOTE_COLON
                && let Some(length) = scalar_length(event, value)
            {
                value.wrapping_add(length)
            } else {
                return at;
            };
            if wanted.0 & Wanted::bit(name_end.wrapping_sub(name)) != 0 {
                self.members.push(Place { name: [name as u32, name_end as u32], value: [value as u32, end as u32] });
            }
            at = end;
            match word(event, end) {
                Some(next) if next << 16 == COMMA_QUOTE => opening = end.wrapping_add(1),
                _ => return at,
            }
        }
    }

    /// The last member of this name, where no name has an escape.
    pub(super) fn find(&self, event: &[u8], name: &[u8]) -> Option<&Place> {
        let length = name.len() as u32;
        self.members.iter().rfind(|place| {
            let [start, end] = place.name;
            end.wrapping_sub(start) == length && event.get(start as usize..end as usize) == Some(name)
        })
    }
}

const QUOTE: u32 = u32::from_be_bytes(*b"\"\0\0\0");
const COMMA_QUOTE: u32 = u32::from_be_bytes(*b"\",\0\0");
const QUOTE_COLON: u32 = u32::from_be_bytes(*b":\"\0\0");
const QUOTE_COLON_QUOTE: u32 = u32::from_be_bytes(*b"\":\"\0");

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u32> {
    text.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn length([start, end]: [usize; 2]) -> usize {
    end.wrapping_sub(start)
}

/// The length of `null`, `true`, `false`, `[]` or a short number at `at`.
#[inline(always)]
fn scalar_length(text: &[u8], at: usize) -> Option<usize> {
    let head = word(text, at)?;
    match head.to_le_bytes() {
        [b'n' | b't', ..] => Some(4),
        [b'f', ..] => Some(5),
        [b'[', b']', ..] => Some(2),
        [b'-' | b'0'..=b'9', ..] => Some(scalar_end(text, at.wrapping_add(1)).wrapping_sub(at)),
        _ => None,
    }
}
