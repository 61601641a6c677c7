//! Lists of objects, the bulk of every audit document: 64 bytes at a time, all rules of the grammar at once.
//!
//! A block of text is a handful of sets of positions ([`Block`]), and a rule of the grammar is a difference of sets:
//! "a colon stands behind a member's name and nowhere else" is `colons - behind(names) = {}`. What stands *behind* a
//! set, white space left out, is found by an addition: its carry runs through adjacent positions and comes out behind
//! the last. So no branch depends on how long a string is; one at a time go only brackets, numbers and escapes.
//!
//! [`walk`] accepts nothing that is not JSON. Where it meets anything else, or anything unusual, it stops behind the
//! last whole object, and the scanner goes on from there: it has the last word, and the words for the error.

use super::block::{BYTES, Block, Others};
use super::scalar;
use super::scan::Text;

/// An object in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a, const N: usize> {
    /// Where it starts.
    pub(crate) start: usize,
    /// Behind its closing brace.
    pub(crate) end: usize,
    /// The values of the wanted members, if they are strings. Of members with the same name the last counts.
    pub(crate) values: [Option<Text<'a>>; N],
}

/// How far [`walk`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Behind the list, or behind the last object before the place where it stopped.
    pub(super) at: usize,
    /// It came to the end of the list.
    pub(super) ended: bool,
    /// There was an object.
    pub(super) any: bool,
    /// A line break may have stood between two tokens.
    pub(super) broken: bool,
}

/// Walks the list whose opening bracket stands at `start`, with at most `depth` containers open, the list among them,
/// and calls `each` with every object. `names`: the wanted members, 1 to 62 bytes each.
#[inline(always)]
pub(super) fn walk<'a, const N: usize, E>(
    text: &'a str,
    start: usize,
    depth: u32,
    names: &[&str; N],
    each: &mut impl FnMut(Object<'a, N>) -> Result<(), E>,
) -> Result<Walked, E> {
    let mut walked = Walked { at: start.wrapping_add(1), ended: false, any: false, broken: false };
    let mut list = List { text, names, nesting: Nesting::new(depth), carry: Carry::default(), broken: false };
    list.carry.operand = Behind(1);
    let mut object = Object { start: 0, end: 0, values: [None; N] };
    let mut at = start;
    while let Some(sets) = list.block(at) {
        walked.broken = list.broken;
        for bit in elements(sets.starts | sets.ends | sets.wanted) {
            let position = at.wrapping_add(place(bit));
            if sets.starts & bit != 0 {
                object = Object { start: position, end: 0, values: [None; N] };
            } else if sets.ends & bit != 0 {
                walked.at = position.wrapping_add(1);
                walked.any = true;
                each(Object { end: walked.at, ..object })?;
            } else if list.member(position, &mut object).is_none() {
                return Ok(walked);
            }
        }
        if let Some(end) = sets.end {
            return Ok(Walked { at: at.wrapping_add(end), ended: true, ..walked });
        }
        at = at.wrapping_add(BYTES);
    }
    Ok(walked)
}

struct List<'a, 'n, const N: usize> {
    text: &'a str,
    names: &'n [&'n str; N],
    nesting: Nesting,
    carry: Carry,
    broken: bool,
}

/// What a block leaves to the next one. Where not said otherwise 0 or 1.
#[derive(Default)]
struct Carry {
    /// All bits: a string goes on.
    inside: u64,
    /// The first byte is escaped.
    escaped: u64,
    /// A member's name goes on, or its closing quote comes first.
    name: u64,
    /// A number or literal goes on.
    scalar: u64,
    /// Names of the block before: all its opening quotes.
    names: u64,
    // What comes next: a name; a name or a value; a colon.
    key: Behind,
    operand: Behind,
    colon: Behind,
}

/// 1: what comes behind the set stands in the next block.
#[derive(Default)]
struct Behind(u64);

/// What the walk needs to know of a block that is as it must be.
struct Sets {
    /// The opening and closing braces of the list's objects.
    starts: u64,
    ends: u64,
    /// Closing quotes of members' names that are as long as a wanted one.
    wanted: u64,
    /// Behind the list's closing bracket.
    end: Option<usize>,
}

impl<'a, const N: usize> List<'a, '_, N> {
    /// The block at `at`; none when the text ends, is not JSON, or needs a closer look.
    #[inline(always)]
    fn block(&mut self, at: usize) -> Option<Sets> {
        let rest = self.text.as_bytes().get(at..)?;
        let padded;
        let bytes = match rest.first_chunk() {
            Some(bytes) => bytes,
            None => {
                padded = pad(rest)?;
                &padded
            }
        };
        let mut block = Block::read(bytes);
        let mut others = Others::default();
        block.has_others |= self.carry.escaped != 0;
        if block.has_others {
            others = self.others(bytes, at, &mut block)?;
        }

        // Strings: from each opening quote to before its closing quote.
        let inside = prefix_xor(block.quotes) ^ self.carry.inside;
        self.carry.inside = 0u64.wrapping_sub(inside >> 63);
        let opening_quotes = block.quotes & inside;
        let blanks = block.blanks & !inside;
        let colons = block.colons & !inside;
        let commas = block.commas & !inside;
        let opening = block.opening & !inside;
        let closing = block.closing & !inside;
        // Numbers and literals: what is left.
        let scalars = !(inside | block.special);
        let scalar_starts = scalars & !(scalars << 1 | self.carry.scalar);
        self.carry.scalar = scalars >> 63;
        let operands = opening_quotes | scalar_starts | opening;

        let places = self.nesting.block(self.text.as_bytes(), at, opening, closing)?;
        // Where a name comes next, and where a name or a value does; everywhere else a comma, colon or bracket does.
        let keys = opening & places.braces | commas & places.in_objects;
        let key = self.carry.key.take(keys, blanks);
        let operand = self.carry.operand.take(opening | commas | colons, blanks);
        // A carry from each name's opening quote comes out at its closing quote.
        let names = opening_quotes & key;
        let (ended, carry) = inside.overflowing_add(names | self.carry.name);
        self.carry.name = carry.into();
        let name_ends = ended & !inside;
        let colon = self.carry.colon.take(name_ends, blanks);

        // The grammar; what stands before a closing bracket is looked at with the brackets.
        let misplaced = operands & !operand
            | (commas | colons) & operand
            | key & (scalar_starts | opening)
            | colons ^ colon
            // Only objects are elements of the list.
            | (opening_quotes | scalar_starts) & places.in_list;
        let mut misplaced = misplaced & places.within;
        if block.has_others {
            self.broken |= others.breaks & !inside != 0;
            // A control character in a string; a name with an escape, perhaps a wanted one.
            misplaced |= (others.spaces | others.backslashes & !ended) & inside & places.within;
        }
        if misplaced != 0 {
            return None;
        }
        for bit in elements(scalar_starts & places.within) {
            self.scalar(at.wrapping_add(place(bit)))?;
        }

        let mut wanted = 0;
        for name in self.names {
            let distance = name.len().wrapping_add(1) as u32 & 63;
            wanted |= names << distance | self.carry.names >> (64 - distance);
        }
        self.carry.names = names;
        wanted &= name_ends & places.in_members;
        Some(Sets { starts: places.starts, ends: places.ends, wanted, end: places.end })
    }

    /// Backslashes and control characters: takes escaped quotes out of the block's, and checks the escapes.
    #[inline(never)]
    fn others(&mut self, bytes: &[u8; BYTES], at: usize, block: &mut Block) -> Option<Others> {
        let others = Others::read(bytes);
        let mut escaped = self.carry.escaped;
        self.carry.escaped = 0;
        let mut backslashes = others.backslashes & !escaped;
        while backslashes != 0 {
            let bit = backslashes & backslashes.wrapping_neg();
            self.escape(at.wrapping_add(place(bit)))?;
            escaped |= bit << 1;
            self.carry.escaped |= bit >> 63;
            backslashes &= !(bit | bit << 1);
        }
        block.quotes &= !escaped;
        block.blanks |= others.spaces;
        block.special |= others.spaces;
        (others.controls == others.spaces).then_some(others)
    }

    /// A backslash stands at `at`.
    fn escape(&self, at: usize) -> Option<()> {
        let letter = at.wrapping_add(1);
        match self.text.as_bytes().get(letter)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.as_bytes().get(letter.wrapping_add(1)..letter.wrapping_add(5))?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    /// A number or literal starts at `at`, and something that is neither must stand behind it.
    #[inline(always)]
    fn scalar(&self, at: usize) -> Option<()> {
        let end = scalar::end(self.text.as_bytes(), at).ok()?;
        match self.text.as_bytes().get(end)? {
            b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' => Some(()),
            _ => None,
        }
    }

    /// A name as long as a wanted one ends at `end`. Puts its value into the object if it is the one.
    fn member(&self, end: usize, object: &mut Object<'a, N>) -> Option<()> {
        let text = self.text.as_bytes();
        for (name, value) in self.names.iter().zip(&mut object.values) {
            let quote = end.wrapping_sub(name.len()).wrapping_sub(1);
            if text.get(quote) == Some(&b'"') && text.get(quote.wrapping_add(1)..end) == Some(name.as_bytes()) {
                let colon = self.token(end.wrapping_add(1))?;
                let start = self.token(colon.wrapping_add(1))?;
                *value = match text.get(start)? {
                    b'"' => Some(Text::starting(self.text, start)?),
                    _ => None,
                };
            }
        }
        Some(())
    }

    /// Where the next token stands.
    fn token(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while let b' ' | b'\t' | b'\n' | b'\r' = self.text.as_bytes().get(at)? {
            at = at.wrapping_add(1);
        }
        Some(at)
    }
}

/// The containers that are open: one bit each, the innermost the lowest; 1 for an object.
struct Nesting {
    kinds: u64,
    depth: u32,
    most: u32,
    /// The place of what comes next: in each set everywhere or nowhere.
    places: Places,
}

/// What the brackets of a block make of its positions.
#[derive(Clone, Copy, Default)]
struct Places {
    /// Directly in an object; directly in the list; directly in one of the list's objects.
    in_objects: u64,
    in_list: u64,
    in_members: u64,
    /// Opening braces.
    braces: u64,
    /// The braces of the list's objects.
    starts: u64,
    ends: u64,
    /// The positions up to the end of the list.
    within: u64,
    /// Behind the list's closing bracket.
    end: Option<usize>,
}

impl Nesting {
    fn new(most: u32) -> Self {
        let places = Places { within: u64::MAX, ..Places::default() };
        Nesting { kinds: 0, depth: 0, most: most.min(u64::BITS), places }
    }

    #[inline(always)]
    fn block(&mut self, text: &[u8], at: usize, opening: u64, closing: u64) -> Option<Places> {
        let mut places = self.places;
        for bit in elements(opening | closing) {
            let position = at.wrapping_add(place(bit));
            // A brace has bit 5 set, a bracket has not.
            let brace = text.get(position)? >> 5 & 1;
            if opening & bit != 0 {
                if self.depth >= self.most || (self.depth == LIST && brace == 0) {
                    return None;
                }
                places.braces |= if brace == 1 { bit } else { 0 };
                places.starts |= if self.depth == LIST { bit } else { 0 };
                self.kinds = self.kinds << 1 | u64::from(brace);
                self.depth = self.depth.wrapping_add(1);
            } else {
                if self.kinds & 1 != u64::from(brace) || is_behind_comma_or_colon(text, position) {
                    return None;
                }
                self.kinds >>= 1;
                self.depth = self.depth.wrapping_sub(1);
                places.ends |= if self.depth == LIST { bit } else { 0 };
            }
            // From here on.
            let here = bit.wrapping_neg();
            for (set, all, is_in) in [
                (&mut places.in_objects, &mut self.places.in_objects, self.kinds & 1 != 0),
                (&mut places.in_list, &mut self.places.in_list, self.depth == LIST),
                (&mut places.in_members, &mut self.places.in_members, self.depth == LIST + 1),
            ] {
                *all = if is_in { u64::MAX } else { 0 };
                *set = *set & !here | *all & here;
            }
            if self.depth == 0 {
                places.within = bit | bit.wrapping_sub(1);
                places.end = Some(place(bit).wrapping_add(1));
                break;
            }
        }
        Some(places)
    }
}

/// What stands before `at`, white space left out, is a comma or a colon.
#[inline(always)]
fn is_behind_comma_or_colon(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    match before.last() {
        Some(b' ' | b'\t' | b'\n' | b'\r') => matches!(before.trim_ascii_end().last(), Some(b',' | b':')),
        last => matches!(last, Some(b',' | b':')),
    }
}

/// The depth of the list itself.
const LIST: u32 = 1;

impl Behind {
    /// Where what comes behind each of `set` stands, blanks left out.
    #[inline(always)]
    fn take(&mut self, set: u64, blanks: u64) -> u64 {
        let (sum, carry) = (set << 1 | self.0).overflowing_add(blanks);
        self.0 = set >> 63 | u64::from(carry);
        sum & !blanks
    }
}

/// Whether the number of quotes up to each position is odd.
#[inline(always)]
fn prefix_xor(set: u64) -> u64 {
    let set = set ^ set << 1;
    let set = set ^ set << 2;
    let set = set ^ set << 4;
    let set = set ^ set << 8;
    let set = set ^ set << 16;
    set ^ set << 32
}

/// The elements of a set, each a set of its own, in order.
#[inline(always)]
fn elements(mut set: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let lowest = set & set.wrapping_neg();
        set ^= lowest;
        (lowest != 0).then_some(lowest)
    })
}

/// The position of a set's only element.
#[inline(always)]
fn place(bit: u64) -> usize {
    bit.trailing_zeros() as usize
}

/// The last block, with blanks behind the text.
#[cold]
fn pad(rest: &[u8]) -> Option<[u8; BYTES]> {
    let mut padded = [b' '; BYTES];
    padded.get_mut(..rest.len()).filter(|start| !start.is_empty())?.copy_from_slice(rest);
    Some(padded)
}
