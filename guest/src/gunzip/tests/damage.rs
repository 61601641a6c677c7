//! Damaged streams: never a wrong output, never a panic.

use flate2::{Compression, Decompress, FlushDecompress, Status};
use proptest::prelude::*;

use super::stream::{MOST, crc, data, deflated, framed, inflate, member};
use crate::error::Reason;

#[test]
fn cut_off_at_every_byte() {
    for gzip in [member(b""), member(b"x"), member(&data(3000)), [member(&data(200)), member(b"y")].concat()] {
        let first_member = member(&data(200)).len();
        for length in 0..gzip.len() {
            match inflate(&gzip[..length], MOST) {
                Err(Reason::Truncated) => assert!(length >= 2),
                Err(Reason::NotGzip) => assert!(length < 2, "{length} bytes"),
                // One byte of the second member's two: it does not look like a member yet.
                Err(Reason::Corrupt) => assert_eq!(length, first_member + 1),
                Err(reason) => panic!("{length} bytes: {reason:?}"),
                Ok(_) => assert_eq!(length, first_member),
            }
        }
    }
}

#[test]
fn every_bit_flipped() {
    let header = [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255, b'n', b'a', b'm', b'e', 0];
    for length in [0, 1, 40, 700, 5000] {
        let data = data(length);
        let mut gzip = framed(&header, &data);
        for bit in 0..gzip.len() * 8 {
            gzip[bit / 8] ^= 1 << (bit % 8);
            match inflate(&gzip, MOST) {
                // The time, the name and the like say nothing about the content, nor do the bits that fill up the
                // deflate stream's last byte.
                Ok(output) => {
                    let unused = bit / 8 < header.len() || bit / 8 == gzip.len() - 9;
                    assert!(output == data && unused, "bit {bit} of {length} bytes");
                }
                Err(Reason::NotGzip | Reason::Corrupt | Reason::Truncated | Reason::TooLarge) => {}
                Err(reason) => panic!("bit {bit}: {reason:?}"),
            }
            gzip[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// The tables of a block are what a change in its first bytes breaks, or makes others of.
#[test]
fn changed_tables_are_read_as_by_zlib() {
    let (mut state, mut read, mut refused) = (1u64, 0, 0);
    let mut next = |below: usize| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) as usize % below
    };
    for length in [20, 150, 900, 4000] {
        let stream = deflated(&data(length), Compression::best());
        for _ in 0..5000 {
            let mut changed = stream.clone();
            for _ in 0..=next(3) {
                let bit = next(8 * stream.len().min(60));
                changed[bit / 8] ^= 1 << (bit % 8);
            }
            let (mut zlib, mut output) = (Decompress::new(false), Vec::with_capacity(MOST));
            let status = zlib.decompress_vec(&changed, &mut output, FlushDecompress::Finish);
            let taken = match status {
                Ok(Status::StreamEnd) => zlib.total_in() as usize,
                _ => changed.len(),
            };
            let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
            let trailer = [crc(&output).to_le_bytes(), (output.len() as u32).to_le_bytes()].concat();
            let ours = inflate(&[&header, &changed[..taken], &trailer].concat(), MOST);
            match status {
                Ok(Status::StreamEnd) => assert!(ours == Ok(output), "{changed:x?}"),
                _ => assert!(ours.is_err(), "{changed:x?}"),
            }
            *if ours.is_ok() { &mut read } else { &mut refused } += 1;
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_behind_a_header_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], bytes.as_slice()].concat();
        prop_assert!(inflate(&gzip, MOST).is_err());
    }

    #[test]
    fn any_bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..5000), repeat in 1usize..20) {
        let data = bytes.repeat(repeat);
        prop_assert_eq!(inflate(&member(&data), MOST), Ok(data));
    }
}
