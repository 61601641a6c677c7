//! gzip (RFC 1952): all members, checksum and length verified, output capped, nothing behind the last member.
//!
//! One shot: the output is sized by the trailer's ISIZE field where that is credible, and the inflate state is
//! reset, not made anew, for each record.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::{Failure, Reason, Stage};

/// The inflate state, used again for every record.
pub(crate) struct Gunzip {
    inflate: Decompress,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Gunzip { inflate: Decompress::new(false) }
    }

    /// Inflates all members of `gzip` into `output`, which is emptied first and never holds more than `most` bytes.
    pub(crate) fn inflate(&mut self, gzip: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Failure> {
        output.clear();
        reserve(gzip, output, most)?;
        let mut rest = gzip;
        loop {
            rest = self.member(rest, output, most)?;
            if rest.is_empty() {
                return Ok(());
            }
            if !rest.starts_with(&MAGIC) {
                let detail = format!("{} bytes behind the last gzip member", rest.len());
                return Err(failure(Reason::Corrupt, detail));
            }
        }
    }

    /// Inflates one member behind `output` and answers what follows it.
    fn member<'a>(&mut self, gzip: &'a [u8], output: &mut Vec<u8>, most: usize) -> Result<&'a [u8], Failure> {
        let start = output.len();
        let deflated = read_header(gzip)?;
        let rest = self.deflate_stream(deflated, output, most)?;
        let (trailer, rest) = rest.split_first_chunk::<8>().ok_or_else(truncated)?;
        let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
        let member = output.get(start..).unwrap_or_default();
        let mut crc = Crc::new();
        crc.update(member);
        if crc.sum() != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(failure(Reason::Corrupt, "the checksum of the gzip member does not match"));
        }
        // ISIZE is the length modulo 2^32; the cap keeps lengths below that.
        if u32::try_from(member.len()) != Ok(u32::from_le_bytes([l0, l1, l2, l3])) {
            return Err(failure(Reason::Corrupt, "the length of the gzip member does not match"));
        }
        Ok(rest)
    }

    /// Inflates one raw deflate stream behind `output` and answers what follows it.
    fn deflate_stream<'a>(
        &mut self,
        deflated: &'a [u8],
        output: &mut Vec<u8>,
        most: usize,
    ) -> Result<&'a [u8], Failure> {
        self.inflate.reset(false);
        loop {
            let consumed = usize::try_from(self.inflate.total_in()).unwrap_or(usize::MAX);
            let input = deflated.get(consumed..).unwrap_or_default();
            let room = output.capacity().saturating_sub(output.len());
            let status = self
                .inflate
                .decompress_vec(input, output, FlushDecompress::Finish)
                .map_err(|_| failure(Reason::Corrupt, "the deflate stream is broken"))?;
            let consumed = usize::try_from(self.inflate.total_in()).unwrap_or(usize::MAX);
            if output.len() > most {
                return Err(too_large(most));
            }
            match status {
                Status::StreamEnd => return Ok(deflated.get(consumed..).unwrap_or_default()),
                // No output room was left over, so that is what it waits for: the trailer had lied.
                _ if output.len() == output.capacity() => grow(output, most)?,
                // Input used up, or no progress with room to spare.
                _ if consumed >= deflated.len() || room > 0 => return Err(truncated()),
                _ => grow(output, most)?,
            }
        }
    }
}

/// Makes room for what the last member's ISIZE says, if that is within the cap and what deflate can reach.
fn reserve(gzip: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Failure> {
    if !gzip.starts_with(&MAGIC) {
        return Err(failure(Reason::NotGzip, "expected a gzip stream"));
    }
    let Some((_, isize)) = gzip.split_last_chunk::<4>() else { return Err(truncated()) };
    let declared = usize::try_from(u32::from_le_bytes(*isize)).unwrap_or(usize::MAX);
    let reachable = gzip.len().saturating_mul(RATIO_MOST);
    if declared <= reachable && declared > most {
        return Err(too_large(most));
    }
    let wanted = declared.min(reachable).min(most).saturating_add(SLACK);
    if wanted > output.capacity() {
        // At least twice as much as before, so that growing records do not each ask for memory; never beyond the cap.
        let doubled = output.capacity().saturating_mul(2).min(most.saturating_add(SLACK));
        // The old buffer is empty: given back first, it is neither copied nor held beside the new one.
        *output = Vec::new();
        output.reserve_exact(wanted.max(doubled));
    }
    Ok(())
}

/// Doubles the output's room, up to the cap and a little more, so that going over the cap is seen.
fn grow(output: &mut Vec<u8>, most: usize) -> Result<(), Failure> {
    let ceiling = most.saturating_add(SLACK);
    let more = output.len().max(4096).min(ceiling.saturating_sub(output.len()));
    if more == 0 {
        return Err(too_large(most));
    }
    output.reserve_exact(more);
    Ok(())
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
        let mut crc = Crc::new();
        crc.update(covered);
        if crc.sum().to_le_bytes().first_chunk::<2>() != Some(sum) {
            return Err(failure(Reason::Corrupt, "the checksum of the gzip header does not match"));
        }
        rest = behind;
    }
    Ok(rest)
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

/// Room behind the expected end: inflate's fast loop stops 258 bytes before the end of its output.
const SLACK: usize = 320;

#[cfg(test)]
mod tests;
