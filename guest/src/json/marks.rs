//! Where a string may end: quotes, backslashes and control characters, found 64 bytes at a time and ahead of the
//! cursor, so that the cursor never waits for them.

use crate::vector::Bytes;

/// The marks of a stretch of the text, in order. Those behind the cursor have been taken.
#[derive(Debug)]
pub(super) struct Marks {
    places: [u32; PLACES],
    next: usize,
    count: usize,
    /// Where the text goes on behind the stretch.
    end: usize,
}

/// How many bytes of text are looked at at a time.
const STRETCH: usize = 512;
/// How many bytes of them at once.
const BLOCK: usize = 64;
/// How many places are written at once. Few blocks have more.
const BATCH: usize = 12;
/// All bytes of a stretch may be marks; some are left over from the one before; a batch is written whole.
const PLACES: usize = Marks::AHEAD + STRETCH + BATCH;

impl Marks {
    /// How many marks [`Marks::ahead`] shows.
    pub(super) const AHEAD: usize = 4;

    /// The marks of a text from its start on. None is looked for yet: what is large is best not moved.
    pub(super) fn new() -> Self {
        Marks { places: [0; PLACES], next: 0, count: 0, end: 0 }
    }

    /// Takes the next mark: where it stands, or the end of the text.
    #[inline(always)]
    pub(super) fn take(&mut self, text: &[u8]) -> usize {
        if self.next >= self.count {
            self.fill(text);
        }
        let place = if self.next < self.count { self.places.get(self.next) } else { None };
        self.next = self.next.wrapping_add(1);
        place.map_or(text.len(), |place| *place as usize)
    }

    /// There may be fewer than four marks ahead.
    #[inline(always)]
    pub(super) fn are_few(&self) -> bool {
        self.next.wrapping_add(Marks::AHEAD) > self.count
    }

    /// The marks that are known of those not yet taken.
    pub(super) fn ahead(&self) -> &[u32] {
        self.places.get(self.next..self.count).unwrap_or_default()
    }

    /// Takes all of [`Marks::ahead`] but the last `count`.
    pub(super) fn leave(&mut self, count: usize) {
        self.next = self.count.wrapping_sub(count);
    }

    /// Finds more marks, until there are four or the text ends.
    #[inline(never)]
    pub(super) fn fill(&mut self, text: &[u8]) {
        self.keep();
        while self.count < Marks::AHEAD && self.end < text.len() {
            let stretch = text.get(self.end..).unwrap_or_default();
            let (blocks, rest) = stretch.get(..STRETCH).unwrap_or(stretch).as_chunks::<BLOCK>();
            let mut count = self.count;
            let mut end = self.end;
            for block in blocks {
                count = self.push(count, end, bits(block));
                end = end.wrapping_add(BLOCK);
            }
            if !rest.is_empty() {
                let mut block = [b' '; BLOCK];
                block.iter_mut().zip(rest).for_each(|(padded, byte)| *padded = *byte);
                count = self.push(count, end, bits(&block));
                end = text.len();
            }
            self.count = count;
            self.end = end;
        }
    }

    /// Puts those not yet taken first. There are mostly fewer than four, and four are copied at once.
    #[inline(always)]
    fn keep(&mut self) {
        let left = self.next.min(self.count)..self.count;
        self.next = 0;
        self.count = left.len();
        if left.len() > Marks::AHEAD {
            self.places.copy_within(left, 0);
        } else if let Some(marks) = self.places.get(left.start..).and_then(|places| places.first_chunk()).copied() {
            let first: Option<&mut [u32; Marks::AHEAD]> = self.places.first_chunk_mut();
            first.into_iter().for_each(|first| *first = marks);
        }
    }

    /// Puts the marks of the block at `start` behind the first `count`; how many there are then.
    #[inline(always)]
    fn push(&mut self, count: usize, start: usize, bits: u64) -> usize {
        let all = count.wrapping_add(bits.count_ones() as usize);
        let rest = self.push_batch(count, start, bits);
        if rest != 0 {
            self.push_more(count.wrapping_add(BATCH), start, rest);
        }
        all
    }

    /// What few blocks have. Not part of the loop over blocks: a loop in it would cost a check for interrupts each time.
    #[cold]
    #[inline(never)]
    fn push_more(&mut self, mut count: usize, start: usize, mut bits: u64) {
        while bits != 0 {
            bits = self.push_batch(count, start, bits);
            count = count.wrapping_add(BATCH);
        }
    }

    /// The bits that are left.
    #[inline(always)]
    fn push_batch(&mut self, count: usize, start: usize, mut bits: u64) -> u64 {
        // What is written beyond the last mark does not count.
        let Some(batch) = self.places.get_mut(count..).and_then(|places| places.first_chunk_mut::<BATCH>()) else {
            return 0;
        };
        for place in batch {
            *place = (start as u32).wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        bits
    }
}

/// The marks of a block, one bit each.
#[inline(always)]
fn bits(block: &[u8; BLOCK]) -> u64 {
    let (parts, _) = block.as_chunks::<{ Bytes::COUNT }>();
    let mut vectors = [Bytes::all(b' '); BLOCK / Bytes::COUNT];
    vectors.iter_mut().zip(parts).for_each(|(vector, part)| *vector = Bytes::load(part));
    let set = |marked: fn(Bytes) -> Bytes| {
        let [a, b, c, d] = vectors.map(|part| u64::from(marked(part).bits::<7>()));
        a | b << 16 | c << 32 | d << 48
    };
    let [a, b, c, d] = vectors;
    let least = a.least(b).least(c.least(d));
    let quotes = set(|part| part.equal(Bytes::all(b'"')).or(part.equal(Bytes::all(b'\\'))));
    // Few blocks have control characters.
    match is_control(least).is_zero() {
        true => quotes,
        false => quotes | set(is_control),
    }
}

#[inline(always)]
fn is_control(part: Bytes) -> Bytes {
    part.equal(part.least(Bytes::all(0x1f)))
}
