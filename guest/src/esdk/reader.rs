//! A bounded cursor over a message: the only code that slices input.
//!
//! All integers are big endian (data-format/README.md). Nothing is copied, and a declared length is
//! compared with the bytes that are there before anything is done with it.

use super::Error;

/// What is left of the input. Copying it remembers a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The next `length` bytes; `what` names the field in the error.
    pub(crate) fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Error::Truncated { what, missing: length.saturating_sub(self.rest.len()) })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], Error> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Error::Truncated { what, missing: N.saturating_sub(self.rest.len()) })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Error> {
        self.array::<1>(what).map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Error> {
        self.array(what).map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Error> {
        self.array(what).map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Error> {
        self.array(what).map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A 16-bit length and that many bytes.
    pub(crate) fn field(&mut self, what: &'static str) -> Result<&'a [u8], Error> {
        let length = self.u16(what)?;
        self.take(length.into(), what)
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
