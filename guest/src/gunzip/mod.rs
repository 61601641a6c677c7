//! gzip (RFC 1952): all members, checksum and length verified, output capped, nothing behind the last member.
//!
//! One shot: the output is sized by the trailer's ISIZE field where that is credible, and the inflate state is
//! reset, not made anew, for each record.

mod bits;
mod coded;
mod copy;
#[cfg(any(test, target_family = "wasm"))]
mod crc;
mod huffman;
mod inflate;
mod meanings;
mod output;
mod symbols;
#[cfg(test)]
mod tests;

#[cfg(target_family = "wasm")]
use crc::crc32;
use inflate::{Error, Inflate};
use output::Output;

use crate::error::{Failure, Reason, Stage};
use crate::shape::Room;

/// The inflate state, used again for every record.
pub(crate) struct Gunzip {
    inflate: Box<Inflate>,
    room: Room,
}

impl Gunzip {
    /// Inflates into buffers of this `room`.
    pub(crate) fn new(room: Room) -> Self {
        Gunzip { inflate: Inflate::new(), room }
    }

    /// Inflates all members of `gzip` into `output`, whose content is replaced and which never takes much more than `most`
    /// bytes; after a failure it is empty.
    pub(crate) fn inflate(&mut self, gzip: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Failure> {
        let inflated = self.members(gzip, output, most);
        output.truncate(*inflated.as_ref().unwrap_or(&0));
        inflated.map(|_| ())
    }

    /// Inflates to the front of `output`, which may have more; how many bytes.
    fn members(&mut self, gzip: &[u8], output: &mut Vec<u8>, most: usize) -> Result<usize, Failure> {
        let mut output = Output::new(output, expected(gzip, most)?, most, self.room);
        let mut rest = gzip;
        loop {
            rest = self.member(rest, &mut output, most)?;
            if rest.is_empty() {
                return Ok(output.end());
            }
            if !rest.starts_with(&MAGIC) {
                let detail = format!("{} bytes behind the last gzip member", rest.len());
                return Err(failure(Reason::Corrupt, detail));
            }
        }
    }

    /// Inflates one member behind what was written and answers what follows it.
    fn member<'a>(&mut self, gzip: &'a [u8], output: &mut Output<'_>, most: usize) -> Result<&'a [u8], Failure> {
        let start = output.end();
        let deflated = read_header(gzip)?;
        let length = self.inflate.stream(deflated, output).map_err(|error| match error {
            Error::Truncated => truncated(),
            Error::Corrupt => failure(Reason::Corrupt, "the deflate stream is broken"),
            Error::TooLarge => too_large(most),
        })?;
        let rest = deflated.get(length..).unwrap_or_default();
        let (trailer, rest) = rest.split_first_chunk::<8>().ok_or_else(truncated)?;
        let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
        let member = output.written(start);
        if crc32(member) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(failure(Reason::Corrupt, "the checksum of the gzip member does not match"));
        }
        // ISIZE is the length modulo 2^32; the cap keeps lengths below that.
        if u32::try_from(member.len()) != Ok(u32::from_le_bytes([l0, l1, l2, l3])) {
            return Err(failure(Reason::Corrupt, "the length of the gzip member does not match"));
        }
        Ok(rest)
    }
}

/// What the last member's ISIZE says, if that is within what deflate can reach.
fn expected(gzip: &[u8], most: usize) -> Result<usize, Failure> {
    if !gzip.starts_with(&MAGIC) {
        return Err(failure(Reason::NotGzip, "expected a gzip stream"));
    }
    let Some((_, isize)) = gzip.split_last_chunk::<4>() else { return Err(truncated()) };
    let declared = usize::try_from(u32::from_le_bytes(*isize)).unwrap_or(usize::MAX);
    let reachable = gzip.len().saturating_mul(RATIO_MOST);
    if declared <= reachable && declared > most {
        return Err(too_large(most));
    }
    Ok(declared.min(reachable))
}

/// RFC 1952, 2.3: magic, method 8, flags, time, extra flags, system; then the optional fields. Answers what follows.
fn read_header(gzip: &[u8]) -> Result<&[u8], Failure> {
    let (header, mut rest) = gzip.split_first_chunk::<10>().ok_or_else(truncated)?;
    let [id1, id2, method, flags, ..] = *header;
    if [id1, id2] != MAGIC || method != 8 {
        return Err(failure(Reason::NotGzip, "expected a gzip stream of method 8, deflate"));
    }
    if flags & RESERVED != 0 {
        return Err(failure(Reason::Corrupt, "a reserved flag is set in the gzip header"));
    }
    if flags & FEXTRA != 0 {
        let (length, behind) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        let length = usize::from(u16::from_le_bytes(*length));
        rest = behind.get(length..).ok_or_else(truncated)?;
    }
    for flag in [FNAME, FCOMMENT] {
        if flags & flag != 0 {
            let mut parts = rest.splitn(2, |byte| *byte == 0);
            rest = parts.nth(1).ok_or_else(truncated)?;
        }
    }
    if flags & FHCRC != 0 {
        let (sum, behind) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        let covered = gzip.get(..gzip.len().saturating_sub(rest.len())).unwrap_or_default();
        if crc32(covered).to_le_bytes().first_chunk::<2>() != Some(sum) {
            return Err(failure(Reason::Corrupt, "the checksum of the gzip header does not match"));
        }
        rest = behind;
    }
    Ok(rest)
}

/// By the processor's own instructions, where it has them.
#[cfg(not(target_family = "wasm"))]
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn failure(reason: Reason, detail: impl Into<String>) -> Failure {
    Failure::new(Stage::Gunzip, reason, detail)
}

fn truncated() -> Failure {
    failure(Reason::Truncated, "the gzip stream ends early")
}

fn too_large(most: usize) -> Failure {
    failure(Reason::TooLarge, format!("inflates to more than the limit of {most} bytes"))
}

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0b1110_0000;

/// Deflate cannot make more than this many bytes of one (258 bytes from 2 bits).
const RATIO_MOST: usize = 1032;
