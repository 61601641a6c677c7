//! What was inflated, in a buffer with room behind it.

use super::inflate::Error;
use crate::shape::Room;

/// What was written, in a buffer with room behind it.
pub(super) struct Output<'a> {
    pub(super) bytes: &'a mut Vec<u8>,
    /// How many bytes of `bytes` were written.
    pub(super) end: usize,
    /// How many may be.
    pub(super) most: usize,
    room: Room,
}

/// Room behind the expected end, so that there is always enough for a symbol.
pub(super) const SLACK: usize = 320;

impl<'a> Output<'a> {
    /// At most `most` bytes, into a buffer that has room for `expected`.
    pub(super) fn new(bytes: &'a mut Vec<u8>, expected: usize, most: usize, room: Room) -> Self {
        let expected = expected.min(most);
        let wanted = room.of(expected);
        if bytes.capacity() < wanted {
            // What it holds is of no use: given back first, it is neither copied nor held beside the new one.
            *bytes = Vec::with_capacity(wanted.saturating_add(SLACK));
        }
        let mut output = Output { bytes, end: 0, most, room };
        output.reserve(expected.saturating_add(SLACK));
        output
    }

    /// What was written from `start` on.
    pub(super) fn written(&self, start: usize) -> &[u8] {
        self.bytes.get(start..self.end).unwrap_or_default()
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Room for `room` more bytes, or as many as there may be.
    pub(super) fn grow(&mut self, room: usize) -> Result<(), Error> {
        if self.end > self.most {
            return Err(Error::TooLarge);
        }
        let wanted = self.end.saturating_add(room);
        if wanted > self.bytes.len() {
            let doubled = self.bytes.len().saturating_mul(2);
            self.reserve(wanted.max(doubled).min(self.most.saturating_add(SLACK)));
        }
        Ok(())
    }

    fn reserve(&mut self, length: usize) {
        if self.bytes.capacity() < length {
            self.bytes.reserve_exact(self.room.of(length).saturating_sub(self.bytes.len()));
        }
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }
}
