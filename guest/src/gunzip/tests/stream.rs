//! Streams made by hand, field by field, so that each can be wrong.

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::super::Gunzip;
use crate::error::{Failure, Reason, Stage};
use crate::shape::Room;

/// The cap of tests that are not about it.
pub(super) const MOST: usize = 1 << 20;

/// A member without optional fields.
pub(super) fn member(data: &[u8]) -> Vec<u8> {
    framed(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], data)
}

/// A member behind this header.
pub(super) fn framed(header: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [header, &deflated(data, Compression::default()), &crc(data).to_le_bytes(), &length.to_le_bytes()].concat()
}

/// A raw deflate stream.
pub(super) fn deflated(data: &[u8], level: Compression) -> Vec<u8> {
    let mut stream = Vec::with_capacity(data.len() + data.len() / 8 + 64);
    Compress::new(level, false).compress_vec(data, &mut stream, FlushCompress::Finish).unwrap();
    stream
}

pub(super) fn crc(data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(data);
    crc.sum()
}

/// Bytes that neither compress to nothing nor stay as they are.
pub(super) fn data(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let byte = |index: usize| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        if index % 7 < 3 { (state >> 60) as u8 + b'a' } else { b"SELECT a FROM b "[index % 16] }
    };
    (0..length).map(byte).collect()
}

/// By a new decoder, into a new buffer.
pub(super) fn inflate(gzip: &[u8], most: usize) -> Result<Vec<u8>, Reason> {
    let mut output = Vec::new();
    Gunzip::new(Room::default()).inflate(gzip, &mut output, most).map(|()| output).map_err(reason)
}

/// Every failure is one of this stage.
pub(super) fn reason(failure: Failure) -> Reason {
    assert_eq!(failure.stage, Stage::Gunzip);
    failure.reason
}
