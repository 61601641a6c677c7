//! The folding checksum against the one of `flate2`.

use super::super::crc::crc32;
use super::stream::{crc, data};

#[test]
fn a_known_checksum() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32(b""), 0);
}

/// By the table alone, folded in one stretch, in two, and every length of what is left over.
#[test]
fn every_length() {
    let data = data(13_000);
    for length in (0..2000).chain(4096..4800).chain(8000..8600).chain([12_999, 13_000]) {
        assert_eq!(crc32(&data[..length]), crc(&data[..length]), "{length} bytes");
        assert_eq!(crc32(&data[13_000 - length..]), crc(&data[13_000 - length..]), "{length} bytes");
    }
}

/// A checksum is linear: if it is right for each byte alone, it is right for all.
#[test]
fn every_place_and_every_bit() {
    for length in [767, 768, 5000] {
        let mut bytes = vec![0; length];
        assert_eq!(crc32(&bytes), crc(&bytes));
        for bit in (0..length * 8).step_by(if length > 1000 { 7 } else { 1 }) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(crc32(&bytes), crc(&bytes), "bit {bit} of {length} bytes");
            bytes[bit / 8] = 0;
        }
    }
    assert_eq!(crc32(&[0xff; 100_000]), crc(&[0xff; 100_000]));
}
