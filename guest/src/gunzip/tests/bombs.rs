//! Streams that inflate to more than is allowed: refused, with memory bounded by the cap.

use flate2::{Compress, Compression, FlushCompress};

use super::super::Gunzip;
use super::super::output::SLACK;
use super::stream::{data, inflate, member, reason};
use crate::error::Reason;
use crate::shape::Room;

/// 1 GiB of zeros in a stream of about 1 MiB, whose last four bytes declare this length.
fn bomb(declared: u32) -> Vec<u8> {
    let mut mebibyte = Vec::with_capacity(1 << 16);
    // A full flush ends on a byte and forgets the window, so the same bytes can stand there again and again.
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 1 << 20], &mut mebibyte, FlushCompress::Full)
        .unwrap();
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    (0..1024).for_each(|_| gzip.extend(&mebibyte));
    // The empty last block, any checksum, the length.
    gzip.extend([3, 0]);
    gzip.extend([0; 4]);
    gzip.extend(declared.to_le_bytes());
    gzip
}

#[test]
fn exactly_the_cap_and_one_more() {
    for most in [0, 1, 100, 4096, 65_536, 100_000] {
        assert_eq!(inflate(&member(&data(most)), most).map(|output| output.len()), Ok(most));
        assert_eq!(inflate(&member(&data(most + 1)), most), Err(Reason::TooLarge));
        if most > 1 {
            let halves = [member(&data(most / 2)), member(&data(most - most / 2))].concat();
            assert_eq!(inflate(&halves, most).map(|output| output.len()), Ok(most));
            let one_more = [halves, member(b"x")].concat();
            assert_eq!(inflate(&one_more, most), Err(Reason::TooLarge));
        }
    }
}

#[test]
fn a_bomb_takes_no_more_memory_than_the_cap() {
    for declared in [0, 1, 1000, 1 << 20, 1 << 30, u32::MAX] {
        let bomb = bomb(declared);
        for most in [0, 1, 1 << 20, 10 << 20] {
            let mut output = Vec::new();
            let refused = Gunzip::new(Room::default()).inflate(&bomb, &mut output, most).map_err(reason);
            assert_eq!(refused, Err(Reason::TooLarge), "declared {declared}, cap {most}");
            assert!(output.capacity() <= most + most / 4 + SLACK, "{} for a cap of {most}", output.capacity());
        }
    }
}

#[test]
fn many_stored_blocks_take_no_more_memory_than_their_bytes() {
    let plain = vec![b'x'; 3 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(&mut gzip, &plain).unwrap();
    let mut output = Vec::new();
    Gunzip::new(Room::default()).inflate(&gzip.finish().unwrap(), &mut output, 64 << 20).unwrap();
    assert!(output == plain && output.capacity() <= plain.len() + SLACK, "{}", output.capacity());
}

/// A buffer that is used again, for records that grow, does not double over the cap.
#[test]
fn memory_stays_bounded_however_the_records_come() {
    let most = 1 << 20;
    let (mut gunzip, mut output) = (Gunzip::new(Room::default()), Vec::new());
    for length in [0, 10, 600_000, 700_000, 100, 800_000, 1_000_000, 1 << 20] {
        gunzip.inflate(&member(&data(length)), &mut output, most).unwrap();
        assert_eq!(output.len(), length);
        let two = [member(&data(length / 2)), member(b"")].concat();
        gunzip.inflate(&two, &mut output, most).unwrap();
        assert!(output.capacity() <= most + most / 4 + SLACK, "{} for a cap of {most}", output.capacity());
    }
}

/// Deflate makes 1032 bytes of one at most, so a short stream that declares more is not believed.
#[test]
fn an_incredible_length_reserves_nothing() {
    let mut gzip = member(b"small");
    let at = gzip.len() - 4;
    gzip[at..].copy_from_slice(&0x3fff_ffff_u32.to_le_bytes());
    let mut output = Vec::new();
    assert_eq!(Gunzip::new(Room::default()).inflate(&gzip, &mut output, 1 << 30).map_err(reason), Err(Reason::Corrupt));
    assert!(output.capacity() < 64 << 10, "{}", output.capacity());
}
