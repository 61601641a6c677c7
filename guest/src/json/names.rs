//! Names of members that are looked for, and how one is known again while the scanner passes it.

/// A few names, numbered in the order in which they were added.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The lengths that they have, one bit each.
    lengths: u64,
    /// For each length, one more than the number of the first name that has it; zero where none has.
    first: [u8; LENGTHS],
    list: Vec<Name>,
}

/// Where the value of a member stands in a text; two zeros where there is no such member. A text has at most 512 MiB.
pub(crate) type Place = [u32; 2];

/// The values of the names, by their numbers.
pub(crate) type Places = [Place; Names::MOST];

#[derive(Clone, Debug)]
struct Name {
    text: Box<str>,
    /// Its first eight bytes.
    head: u64,
    mask: u64,
    /// Its last eight bytes, where it has more than eight.
    tail: u64,
    /// One more than the number of the next name of the same length; zero where there is none.
    next: u8,
}

/// Longer names are not looked for.
const LENGTHS: usize = 64;

impl Names {
    /// How many there may be.
    pub(crate) const MOST: usize = 16;
    /// No names at all.
    pub(super) const NONE: Names = Names { lengths: 0, first: [0; LENGTHS], list: Vec::new() };

    /// Of these names.
    pub(crate) fn of(names: &[&str]) -> Self {
        let mut all = Names::NONE;
        names.iter().for_each(|name| {
            all.add(name);
        });
        all
    }

    /// Adds a name, unless it is there. False when there is no room for it.
    pub(crate) fn add(&mut self, name: &str) -> bool {
        if self.number(name).is_some() {
            return true;
        }
        let number = self.list.len();
        let Some(first) = self.first.get_mut(name.len()).filter(|_| number < Names::MOST) else { return false };
        let (mut head, mut mask) = ([0; 8], [0; 8]);
        head.iter_mut().zip(&mut mask).zip(name.bytes()).for_each(|((head, mask), byte)| (*head, *mask) = (byte, 0xff));
        let (head, mask) = (u64::from_le_bytes(head), u64::from_le_bytes(mask));
        let tail = name.as_bytes().last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail));
        self.list.push(Name { text: name.into(), head, mask, tail, next: *first });
        *first = self.list.len() as u8;
        self.lengths |= 1u64.wrapping_shl(name.len() as u32);
        true
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// The number of a name.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.chain(name.len()).find(|(_, known)| *known.text == *name).map(|(number, _)| number)
    }

    /// The number of the name that stands for the same text as `raw`, which is written with escapes.
    pub(super) fn number_of_escaped(&self, raw: &str) -> Option<usize> {
        self.list.iter().position(|name| super::equals(raw, &name.text))
    }

    /// There may be a name of this length.
    #[inline(always)]
    pub(super) fn may_have(&self, length: usize) -> bool {
        self.lengths.wrapping_shr(length as u32) & 1 != 0
    }

    /// The number of the name that stands at `start` of `text`.
    #[inline(always)]
    pub(super) fn number_at(&self, text: &[u8], start: usize, length: usize) -> Option<usize> {
        let head = word(text, start);
        let end = start.wrapping_add(length);
        let is = |name: &Name| match head {
            Some(head) if head & name.mask != name.head => false,
            Some(_) if length <= 8 => true,
            Some(_) if length <= 16 => word(text, end.wrapping_sub(8)) == Some(name.tail),
            _ => text.get(start..end) == Some(name.text.as_bytes()),
        };
        self.chain(length).find(|(_, name)| is(name)).map(|(number, _)| number)
    }

    /// The names of this length, with their numbers.
    #[inline(always)]
    fn chain(&self, length: usize) -> impl Iterator<Item = (usize, &Name)> {
        let mut next = self.first.get(length).copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let number = usize::from(next).checked_sub(1)?;
            let name = self.list.get(number)?;
            next = name.next;
            Some((number, name))
        })
    }
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}
