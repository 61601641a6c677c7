//! Where the members of an event stand: found in one pass.

use super::walk::{Passed, container_end, mark, pass_member, scalar_end, string_end};

/// The members of an event, by place. Used again for every event.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) members: Vec<Place>,
    /// Some name is written with an escape.
    pub(super) escaped: bool,
    /// The names of the last events, by place in the event: the next one mostly has the same.
    names: Vec<Name>,
    /// How many more names may be learned from the event at hand.
    lessons: u32,
}

/// A name as it will stand in the next event, up to the colon behind it: `class":`.
#[derive(Clone, Copy, Debug)]
struct Name {
    words: [u64; WORDS],
    masks: [u64; WORDS],
    length: usize,
}

const WORDS: usize = 3;
/// Of a name that can be known again.
const NAME_BYTES_MOST: usize = WORDS * 8 - 2;
/// Where the order of members changes from event to event, learning it is wasted.
const LESSONS: u32 = 3;
/// More members than these are looked at one by one.
const NAMES_MOST: usize = 128;

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
    #[cfg(test)]
    pub(super) const ALL: Wanted = Wanted(u64::MAX);

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
        self.lessons = LESSONS;
        let (mut at, mut number) = (1usize, 0usize);
        loop {
            (at, number) = self.read_plain(event, at, number, wanted);
            let Some(Passed { name, value, escaped }) = pass_member(event, at) else { return };
            if escaped || wanted.0 & Wanted::bit(length(name)) != 0 {
                self.members.push(Place { name: name.map(|at| at as u32), value: value.map(|at| at as u32) });
                self.escaped |= escaped;
            }
            [_, at] = value;
            number = number.wrapping_add(1);
        }
    }

    /// Reads members as machines write them, as long as they come: names without escapes, no white space but a blank
    /// behind a colon or a comma. Answers where it stopped, behind a member or before the first, and how many members that was.
    ///
    /// Each member starts where the one before ends, so all of this is one chain. A name that is what it was in the
    /// event before is no link of it: the machine goes on behind it while it still compares.
    #[inline(always)]
    fn read_plain(&mut self, event: &[u8], mut at: usize, mut number: usize, wanted: Wanted) -> (usize, usize) {
        // The opening quote of a name.
        let mut opening = match word(event, at) {
            Some(next) if next << 16 == COMMA_QUOTE => at.wrapping_add(1),
            Some(next) if next << 8 == COMMA_BLANK_QUOTE => at.wrapping_add(2),
            Some(next) if next << 24 == QUOTE => at,
            _ => return (at, number),
        };
        loop {
            let name = opening.wrapping_add(1);
            let name_end = match self.names.get(number) {
                Some(expected) if expected.stands_at(event, name) => name.wrapping_add(expected.length),
                _ => {
                    let end = mark(event, name);
                    match word(event, end) {
                        Some(behind) if behind << 16 == QUOTE_COLON => {}
                        _ => return (at, number),
                    }
                    if self.lessons > 0 || (number >= self.names.len() && number < NAMES_MOST) {
                        self.learn(number, event, [name, end]);
                    }
                    end
                }
            };
            let mut value = name_end.wrapping_add(2);
            value = value.wrapping_add((event.get(value) == Some(&b' ')).into());
            let Some(head) = word(event, value) else { return (at, number) };
            let end = if head as u8 == b'"' {
                let end = mark(event, value.wrapping_add(1));
                if event.get(end) == Some(&b'"') { end.wrapping_add(1) } else { string_end(event, end) }
            } else if let Some(length) = scalar_length(event, value, head) {
                value.wrapping_add(length)
            } else if matches!(head as u8, b'[' | b'{') {
                container_end(event, value)
            } else {
                return (at, number);
            };
            if wanted.0 & Wanted::bit(name_end.wrapping_sub(name)) != 0 {
                self.members.push(Place { name: [name as u32, name_end as u32], value: [value as u32, end as u32] });
            }
            at = end;
            number = number.wrapping_add(1);
            match word(event, end) {
                Some(next) if next << 16 == COMMA_QUOTE => opening = end.wrapping_add(1),
                Some(next) if next << 8 == COMMA_BLANK_QUOTE => opening = end.wrapping_add(2),
                _ => return (at, number),
            }
        }
    }

    /// Notes what the name of a member was.
    #[inline(never)]
    fn learn(&mut self, number: usize, event: &[u8], [start, end]: [usize; 2]) {
        if end.wrapping_sub(start) > NAME_BYTES_MOST {
            return;
        }
        self.lessons = self.lessons.saturating_sub(1);
        let name = Name::new(event.get(start..end.wrapping_add(2)).unwrap_or_default());
        if number < NAMES_MOST && number >= self.names.len() {
            self.names.resize(number.wrapping_add(1), Name::NOWHERE);
        }
        if let Some(known) = self.names.get_mut(number) {
            *known = name;
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

impl Name {
    /// No text has these bits where the mask has none.
    const NOWHERE: Name = Name { words: [1; WORDS], masks: [0; WORDS], length: 0 };

    /// Of a name with the quote and the colon behind it.
    fn new(text: &[u8]) -> Self {
        let (mut words, mut masks) = ([0; WORDS], [0; WORDS]);
        let parts = text.chunks(8).zip(words.iter_mut().zip(&mut masks));
        parts.for_each(|(part, (word, mask))| {
            for (position, byte) in part.iter().enumerate() {
                let shift = (position as u32).wrapping_mul(8);
                *word |= u64::from(*byte).wrapping_shl(shift);
                *mask |= 0xffu64.wrapping_shl(shift);
            }
        });
        Name { words, masks, length: text.len().wrapping_sub(2) }
    }

    #[inline(always)]
    fn stands_at(&self, event: &[u8], at: usize) -> bool {
        let Some(text) = event.get(at..).and_then(|rest| rest.first_chunk::<{ WORDS * 8 }>()) else { return false };
        let (parts, _) = text.as_chunks::<8>();
        let differences = parts.iter().zip(self.words.iter().zip(&self.masks));
        differences.fold(0, |all, (part, (word, mask))| all | ((u64::from_le_bytes(*part) & mask) ^ word)) == 0
    }
}

const QUOTE: u32 = u32::from_be_bytes(*b"\"\0\0\0");
const COMMA_QUOTE: u32 = u32::from_be_bytes(*b"\",\0\0");
const COMMA_BLANK_QUOTE: u32 = u32::from_be_bytes(*b"\" ,\0");
const QUOTE_COLON: u32 = u32::from_be_bytes(*b":\"\0\0");

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u32> {
    text.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn length([start, end]: [usize; 2]) -> usize {
    end.wrapping_sub(start)
}

/// The length of `null`, `true`, `false`, `[]` or a number at `at`, where `head` stands.
#[inline(always)]
fn scalar_length(text: &[u8], at: usize, head: u32) -> Option<usize> {
    match head.to_le_bytes() {
        [b'n' | b't', ..] => Some(4),
        [b'f', ..] => Some(5),
        [b'[', b']', ..] => Some(2),
        [b'-' | b'0'..=b'9', ..] => Some(scalar_end(text, at.wrapping_add(1)).wrapping_sub(at)),
        _ => None,
    }
}
