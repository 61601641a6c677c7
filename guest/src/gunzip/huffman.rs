//! Huffman codes (RFC 1951, section 3.2.2) as tables: the next bits of the stream are the index of what they say.
//!
//! An entry says how many bits to take and what they mean, so that a symbol with its extra bits is taken in one step:
//!
//! | bits | of a literal | of a length or distance | of a further table | of the end, or of no code |
//! |------|--------------|-------------------------|--------------------|---------------------------|
//! | 31   | 1            | 0                       | 0                  | 0                         |
//! | 15   | 0            | 0                       | 1                  | 1                         |
//! | 14   | 0            | 0                       | 1                  | 0                         |
//! | 16.. | the byte     | the smallest value      | where it starts    | 1: the end                |
//! | 8-13 | bits of code | bits of code            | its index bits     | bits of code              |
//! | 0-7  | the same     | the same and extra bits | bits of this index | bits of code              |

/// A byte.
pub(super) const LITERAL: u32 = 1 << 31;
/// Neither a byte nor a length or distance.
pub(super) const EXCEPTION: u32 = 1 << 15;
/// Together with `EXCEPTION`: the code is longer than the index.
pub(super) const FURTHER: u32 = 1 << 14;
/// What stands in the upper half at the end of a block.
pub(super) const END: u32 = 1;

/// The longest code.
pub(super) const LONGEST: usize = 15;

/// The table of one code.
pub(super) struct Table<const SIZE: usize> {
    entries: [u32; SIZE],
    /// The bits of the first index.
    bits: u32,
}

impl<const SIZE: usize> Table<SIZE> {
    pub(super) fn new() -> Self {
        Table { entries: [EXCEPTION; SIZE], bits: 0 }
    }

    /// How many bits of the stream make an index.
    #[inline(always)]
    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// The code is one without symbols, or with one of one bit.
    pub(super) fn is_incomplete(&self) -> bool {
        self.entries.get(1).is_some_and(|entry| entry & EXCEPTION != 0)
    }

    #[inline(always)]
    pub(super) fn entry(&self, index: usize) -> u32 {
        self.entries.get(index).copied().unwrap_or(EXCEPTION)
    }

    /// Makes the table of the code in which the symbol `i` has `lengths[i]` bits, 0 for none. An index has at most `most`
    /// bits; `meanings` are entries without the bits of the code. None if there is no such code: symbols would share
    /// bits, or some bits would mean nothing. A code without symbols, or with one of one bit, may be such a one: what
    /// means nothing is then an exception in the table.
    pub(super) fn build(&mut self, lengths: &[u8], meanings: &[u32], most: u32) -> Option<()> {
        let mut counts = [0u16; LONGEST + 1];
        for length in lengths {
            let count = counts.get_mut(usize::from(*length))?;
            *count = count.wrapping_add(1);
        }
        let [_, counts @ ..] = counts;
        let longest = counts.iter().rposition(|count| *count > 0).map_or(0, |index| index.wrapping_add(1)) as u32;
        let mut free = 1i32;
        for count in counts {
            free = free.wrapping_mul(2).wrapping_sub(count.into());
            if free < 0 {
                return None;
            }
        }
        if longest <= 1 {
            self.entries.first_chunk_mut::<2>()?.fill(EXCEPTION | 1 << 8 | 1);
        } else if free > 0 {
            return None;
        }
        self.bits = longest.clamp(1, most);
        self.fill(lengths, meanings, &counts, longest)
    }

    /// Codes in ascending order: of each length, then of each symbol.
    fn fill(&mut self, lengths: &[u8], meanings: &[u32], counts: &[u16; LONGEST], longest: u32) -> Option<()> {
        let mut code = Code { reversed: 0 };
        let mut sorted = Sorted::new(lengths, counts)?;
        let mut used = 1usize.wrapping_shl(self.bits);
        let mut further = Further { prefix: usize::MAX, start: 0 };
        for (length, count) in (1u32..).zip(counts) {
            if length > longest {
                break;
            }
            // Up to here the table is one of `length` bits: each step doubles it.
            if length > 1 && length <= self.bits {
                let half = 1usize.wrapping_shl(length.wrapping_sub(1));
                self.entries.copy_within(..half, half);
            }
            for left in (1..=*count).rev() {
                let meaning = *meanings.get(sorted.next()?)?;
                if length <= self.bits {
                    *self.entries.get_mut(code.reversed)? = entry(meaning, length);
                } else {
                    let prefix = code.reversed & 1usize.wrapping_shl(self.bits).wrapping_sub(1);
                    if prefix != further.prefix {
                        let bits = further_bits(length.wrapping_sub(self.bits), left, counts.get(length as usize..)?);
                        further = Further { prefix, start: used };
                        used = used.wrapping_add(1usize.wrapping_shl(bits));
                        *self.entries.get_mut(prefix)? =
                            EXCEPTION | FURTHER | (further.start as u32) << 16 | bits << 8 | self.bits;
                    }
                    let step = 1usize.wrapping_shl(length.wrapping_sub(self.bits));
                    let first = code.reversed.wrapping_shr(self.bits);
                    let entry = entry(meaning, length.wrapping_sub(self.bits));
                    let places = self.entries.get_mut(further.start..used)?;
                    places.iter_mut().skip(first).step_by(step).for_each(|place| *place = entry);
                }
                code.advance(length);
            }
        }
        Some(())
    }
}

/// A table for what comes behind an index of the first one.
struct Further {
    prefix: usize,
    start: usize,
}

/// How many bits make an index of a further table whose first code has `bits` bits behind the first index: as many as
/// the longest code that shares it. `left`: codes of that length that have no entry yet; `longer`: those of each length
/// above.
fn further_bits(mut bits: u32, left: u16, longer: &[u16]) -> u32 {
    let mut free = 1i32.wrapping_shl(bits).wrapping_sub(left.into());
    for count in longer {
        if free <= 0 {
            break;
        }
        bits = bits.wrapping_add(1);
        free = free.wrapping_mul(2).wrapping_sub((*count).into());
    }
    bits
}

fn entry(meaning: u32, bits: u32) -> u32 {
    meaning.wrapping_add(bits << 8 | bits)
}

/// A code with its first bit lowest, as it stands in the stream.
struct Code {
    reversed: usize,
}

impl Code {
    /// The next one of `length` bits. A longer one starts with what follows the last shorter one: with the same bits,
    /// and zeros behind them.
    fn advance(&mut self, length: u32) {
        let mut bit = 1usize.wrapping_shl(length.wrapping_sub(1));
        while self.reversed & bit != 0 {
            self.reversed ^= bit;
            bit >>= 1;
        }
        self.reversed |= bit;
    }
}

/// Symbols by length, then by value.
struct Sorted {
    symbols: [u16; 288],
    next: usize,
}

impl Sorted {
    fn new(lengths: &[u8], counts: &[u16; LONGEST]) -> Option<Self> {
        let mut places = [0u16; LONGEST + 1];
        let mut place = 0u16;
        for (start, count) in places.iter_mut().skip(1).zip(counts) {
            *start = place;
            place = place.wrapping_add(*count);
        }
        let mut sorted = Sorted { symbols: [0; 288], next: 0 };
        for (symbol, length) in (0u16..).zip(lengths) {
            if *length > 0 {
                let place = places.get_mut(usize::from(*length))?;
                *sorted.symbols.get_mut(usize::from(*place))? = symbol;
                *place = place.wrapping_add(1);
            }
        }
        Some(sorted)
    }

    fn next(&mut self) -> Option<usize> {
        let symbol = self.symbols.get(self.next)?;
        self.next = self.next.wrapping_add(1);
        Some(usize::from(*symbol))
    }
}
