//! Which containers are open: bits of a fixed stack, so that no text makes the scanner recurse.

/// A set of open containers deeper than this is refused whatever the limit says: one bit each.
pub(crate) const DEEPEST: u32 = 1024;

/// Open containers, one bit each.
pub(super) struct Stack {
    bits: [u64; DEEPEST as usize / 64],
    open: u32,
    most: u32,
}

impl Stack {
    pub(super) fn new(most: u32) -> Self {
        Stack { bits: [0; DEEPEST as usize / 64], open: 0, most: most.min(DEEPEST) }
    }

    pub(super) fn push(&mut self, object: bool) -> Option<()> {
        self.fits()?;
        let (word, mask) = Self::place(self.open);
        let bits = self.bits.get_mut(word)?;
        *bits = if object { *bits | mask } else { *bits & !mask };
        self.open = self.open.saturating_add(1);
        Some(())
    }

    pub(super) fn pop(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    pub(super) fn top(&self) -> Option<bool> {
        let (word, mask) = Self::place(self.open.checked_sub(1)?);
        self.bits.get(word).map(|bits| bits & mask != 0)
    }

    /// There is room for one more.
    pub(super) fn fits(&self) -> Option<()> {
        (self.open < self.most).then_some(())
    }

    fn place(index: u32) -> (usize, u64) {
        (usize::try_from(index / 64).unwrap_or(usize::MAX), 1u64.wrapping_shl(index % 64))
    }
}
