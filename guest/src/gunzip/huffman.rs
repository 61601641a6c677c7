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

use super::coded::{Coded, LONGEST};

/// A byte.
pub(super) const LITERAL: u32 = 1 << 31;
/// Neither a byte nor a length or distance.
pub(super) const EXCEPTION: u32 = 1 << 15;
/// Together with `EXCEPTION`: the code is longer than the index.
pub(super) const FURTHER: u32 = 1 << 14;
/// What stands in the upper half at the end of a block.
pub(super) const END: u32 = 1;

/// The table of one code: `FIRST` entries for the bits that come next, a power of two, and all further tables.
pub(super) struct Table<const FIRST: usize, const MORE: usize> {
    first: [u32; FIRST],
    further: [u32; MORE],
    /// The bits of the first index.
    bits: u32,
    /// As many ones.
    mask: usize,
}

impl<const FIRST: usize, const MORE: usize> Table<FIRST, MORE> {
    pub(super) fn new() -> Self {
        const { assert!(FIRST.is_power_of_two()) }
        Table { first: [EXCEPTION; FIRST], further: [EXCEPTION; MORE], bits: 0, mask: 0 }
    }

    /// The code is one without symbols, or with one of one bit.
    pub(super) fn is_incomplete(&self) -> bool {
        self.first.get(1).is_some_and(|entry| entry & EXCEPTION != 0)
    }

    /// What the bits say that come next.
    #[inline(always)]
    pub(super) fn entry(&self, bits: u64) -> u32 {
        // Written so that the compiler sees that there always is one.
        let index = bits as usize & self.mask & FIRST.wrapping_sub(1);
        self.first.get(index).copied().unwrap_or(EXCEPTION)
    }

    /// What the bits say that come behind those of `entry`, one that says where.
    #[inline(always)]
    pub(super) fn further(&self, entry: u32, bits: u64) -> u32 {
        let start = entry as usize >> 16;
        self.further.get(start.wrapping_add(low(bits, entry >> 8))).copied().unwrap_or(EXCEPTION)
    }

    /// Makes the table of the code that has these symbols. `meanings` are entries without the bits of the code. None if
    /// there is no such code: symbols would share bits, or some bits would mean nothing. A code without symbols, or with
    /// one of one bit, may be such a one: what means nothing is then an exception in the table.
    pub(super) fn build(&mut self, coded: &Coded, meanings: &[u32]) -> Option<()> {
        let [_, counts @ ..] = coded.counts();
        let longest = counts.iter().rposition(|count| *count > 0).map_or(0, |index| index.wrapping_add(1)) as u32;
        let mut free = 1i32;
        for count in counts {
            free = free.wrapping_mul(2).wrapping_sub((*count).into());
            if free < 0 {
                return None;
            }
        }
        if longest <= 1 {
            self.first.first_chunk_mut::<2>()?.fill(EXCEPTION | 1 << 8 | 1);
        } else if free > 0 {
            return None;
        }
        self.bits = longest.clamp(1, FIRST.trailing_zeros());
        self.mask = 1usize.wrapping_shl(self.bits).wrapping_sub(1);
        self.fill(coded.symbols(), counts, meanings, longest)
    }

    /// Codes in ascending order: of each length, then of each symbol.
    fn fill(&mut self, symbols: &[u16], counts: &[u16; LONGEST], meanings: &[u32], longest: u32) -> Option<()> {
        let mut code = Code { reversed: 0 };
        let mut symbols = symbols.iter();
        let mut used = 0usize;
        let mut further = Further { prefix: usize::MAX, start: 0 };
        for (length, count) in (1u32..).zip(counts) {
            if length > longest {
                break;
            }
            // Up to here the table is one of `length` bits: each step doubles it.
            if length > 1 && length <= self.bits {
                self.double(1usize.wrapping_shl(length.wrapping_sub(1)))?;
            }
            for left in (1..=*count).rev() {
                let meaning = *meanings.get(usize::from(*symbols.next()?))?;
                if length <= self.bits {
                    *self.first.get_mut(code.reversed)? = entry(meaning, length);
                } else {
                    let prefix = code.reversed & self.mask;
                    if prefix != further.prefix {
                        let bits = further_bits(length.wrapping_sub(self.bits), left, counts.get(length as usize..)?);
                        further = Further { prefix, start: used };
                        used = used.wrapping_add(1usize.wrapping_shl(bits));
                        *self.first.get_mut(prefix)? =
                            EXCEPTION | FURTHER | (further.start as u32) << 16 | bits << 8 | self.bits;
                    }
                    let step = 1usize.wrapping_shl(length.wrapping_sub(self.bits));
                    let first = code.reversed.wrapping_shr(self.bits);
                    let entry = entry(meaning, length.wrapping_sub(self.bits));
                    let places = self.further.get_mut(further.start..used)?;
                    places.iter_mut().skip(first).step_by(step).for_each(|place| *place = entry);
                }
                code.advance(length);
            }
        }
        Some(())
    }

    /// Copies the first entries, so many, behind themselves. In the sandbox that is faster by vectors than by the
    /// instruction for it, which is a call. Where there are fewer than are copied at once, what follows is overwritten
    /// too: it is that of a larger table, and made later.
    fn double(&mut self, half: usize) -> Option<()> {
        for start in (0..half).step_by(TOGETHER) {
            let entries = *self.first.get(start..)?.first_chunk::<TOGETHER>()?;
            *self.first.get_mut(half.wrapping_add(start)..)?.first_chunk_mut()? = entries;
        }
        Some(())
    }
}

/// How many entries are copied at once.
const TOGETHER: usize = 8;

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

/// The lowest `count` bits, 32 at most. Only the lowest six bits of `count` count.
#[inline(always)]
pub(super) fn low(bits: u64, count: u32) -> usize {
    (bits & 1u64.wrapping_shl(count).wrapping_sub(1)) as usize
}

fn entry(meaning: u32, bits: u32) -> u32 {
    meaning.wrapping_add(bits << 8 | bits)
}

/// A code with its first bit lowest, as it stands in the stream.
struct Code {
    reversed: usize,
}

impl Code {
    /// The next one of `length` bits: its last bit that is 0 becomes 1, and those behind that one 0. A longer code starts
    /// with what follows the last shorter one: with the same bits, and zeros behind them.
    #[inline(always)]
    fn advance(&mut self, length: u32) {
        let zeros = !self.reversed & 1usize.wrapping_shl(length).wrapping_sub(1);
        // Without a 0 this was the last code of all, and what follows is no matter.
        let bit = 1usize.wrapping_shl(zeros.checked_ilog2().unwrap_or(0));
        self.reversed = self.reversed & bit.wrapping_sub(1) | bit;
    }
}
