//! The symbols of a code in the order of their codes (RFC 1951, section 3.2.2): by length, then by value.

/// The longest code.
pub(super) const LONGEST: usize = 15;

/// The most symbols that a code can have.
const SYMBOLS: usize = 288;

/// The symbols that have a code. Used again for each code, since it takes a while to make room for them.
pub(super) struct Coded {
    /// By value. The length stands above the symbol.
    by_value: [u16; SYMBOLS],
    by_length: [u16; SYMBOLS],
    counts: [u16; LONGEST + 1],
}

/// Where the length stands.
const LENGTH: u32 = 9;
/// Most symbols have no code, and they come in runs: so many lengths are looked at at once.
const RUN: usize = 8;

impl Coded {
    pub(super) fn new() -> Self {
        Coded { by_value: [0; SYMBOLS], by_length: [0; SYMBOLS], counts: [0; LONGEST + 1] }
    }

    /// How many there are of each length; none of 0.
    pub(super) fn counts(&self) -> &[u16; LONGEST + 1] {
        &self.counts
    }

    /// By length, then by value; what stands behind them is no matter.
    pub(super) fn symbols(&self) -> &[u16] {
        &self.by_length
    }

    /// Those of the code in which the symbol `i` has `lengths[i]` bits, 0 for none. None if there are too many, or one is
    /// too long.
    pub(super) fn sort(&mut self, lengths: &[u8]) -> Option<&Self> {
        let count = self.list(lengths)?;
        let listed = self.by_value.get(..count)?;
        self.counts = [0; LONGEST + 1];
        for symbol in listed {
            let count = self.counts.get_mut(usize::from(symbol >> LENGTH))?;
            *count = count.wrapping_add(1);
        }
        let (mut places, mut place) = ([0u16; LONGEST + 1], 0u16);
        for (start, count) in places.iter_mut().zip(&self.counts) {
            *start = place;
            place = place.wrapping_add(*count);
        }
        for symbol in listed {
            let place = places.get_mut(usize::from(symbol >> LENGTH))?;
            *self.by_length.get_mut(usize::from(*place))? = symbol & 1u16.wrapping_shl(LENGTH).wrapping_sub(1);
            *place = place.wrapping_add(1);
        }
        Some(self)
    }

    /// By value; how many there are.
    #[inline(always)]
    fn list(&mut self, lengths: &[u8]) -> Option<usize> {
        let (mut count, mut first) = (0usize, 0u16);
        let (runs, rest) = lengths.as_chunks::<RUN>();
        for run in runs {
            if *run != [0; RUN] {
                self.add(run, first, &mut count)?;
            }
            first = first.wrapping_add(RUN as u16);
        }
        self.add(rest, first, &mut count)?;
        Some(count)
    }

    /// Adds those of a run that have a length. All are written, since no branch tells beforehand which will stay.
    #[inline(always)]
    fn add(&mut self, lengths: &[u8], first: u16, count: &mut usize) -> Option<()> {
        for (symbol, length) in (first..).zip(lengths) {
            *self.by_value.get_mut(*count)? = u16::from(*length) << LENGTH | symbol;
            *count = count.wrapping_add(usize::from(*length > 0));
        }
        Some(())
    }
}
