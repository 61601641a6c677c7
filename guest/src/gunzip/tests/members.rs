//! One member, many, empty ones, and what stands behind the last.

use flate2::Compression;

use super::super::Gunzip;
use super::stream::{MOST, crc, data, deflated, framed, inflate, member, reason};
use crate::error::Reason;
use crate::shape::Room;

#[test]
fn every_length_and_every_level() {
    for length in (0..300).chain([1000, 4095, 4096, 4097, 32767, 32768, 32769, 65535, 65536, 300_000]) {
        let data = data(length);
        assert!(inflate(&member(&data), MOST).as_ref() == Ok(&data), "{length} bytes");
    }
    let data = data(100_000);
    for level in 0..=9 {
        let deflated = deflated(&data, Compression::new(level));
        let trailer = [crc(&data).to_le_bytes(), 100_000u32.to_le_bytes()].concat();
        let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], deflated.as_slice(), &trailer].concat();
        assert!(inflate(&gzip, MOST).as_ref() == Ok(&data), "level {level}");
    }
}

#[test]
fn members_are_joined() {
    let parts = [data(10), data(50_000), Vec::new(), data(1), Vec::new(), data(3000)];
    for count in 0..=parts.len() {
        let gzip: Vec<u8> = parts[..count].iter().flat_map(|part| member(part)).collect();
        let expected: Vec<u8> = parts[..count].concat();
        match count {
            0 => assert_eq!(inflate(&gzip, MOST), Err(Reason::NotGzip)),
            _ => assert!(inflate(&gzip, MOST) == Ok(expected), "{count} members"),
        }
    }
    let many: Vec<u8> = (0..2000).flat_map(|_| member(b"x")).collect();
    assert_eq!(inflate(&many, MOST), Ok(vec![b'x'; 2000]));
    let empty: Vec<u8> = (0..2000).flat_map(|_| member(b"")).collect();
    assert_eq!(inflate(&empty, MOST), Ok(Vec::new()));
}

#[test]
fn each_member_is_checked() {
    let (first, second) = (member(b"first"), member(b"second"));
    for (broken, at) in [(0, first.len() - 8), (0, first.len() - 4), (1, second.len() - 8), (1, second.len() - 4)] {
        let mut members = [first.clone(), second.clone(), member(b"third")];
        members[broken][at] ^= 1;
        assert_eq!(inflate(&members.concat(), MOST), Err(Reason::Corrupt));
    }
}

#[test]
fn nothing_may_stand_behind_the_last_member() {
    for rest in [&b"\0"[..], b"\0\0\0\0\0\0\0\0", b"x", b"\x1f", b"\x1e\x8b", b"trailing garbage", &[0; 4096]] {
        let gzip = [&member(b"data"), rest].concat();
        assert_eq!(inflate(&gzip, MOST), Err(Reason::Corrupt), "{rest:?}");
    }
    // What begins like a member must be one.
    assert_eq!(inflate(&[&member(b"data"), &b"\x1f\x8b"[..]].concat(), MOST), Err(Reason::Truncated));
    assert_eq!(inflate(&[&member(b"data"), &b"\x1f\x8b\x07\0\0\0\0\0\0\0"[..]].concat(), MOST), Err(Reason::NotGzip));
}

/// The last four bytes give the size of the buffer, so each of these leads the one shot astray. Only the right length
/// is accepted.
#[test]
fn a_length_that_lies_is_refused() {
    let data = data(10_000);
    let good = member(&data);
    for declared in [0, 1, 9_999, 10_001, 20_000, 500_000, 0x7fff_ffff, 0xffff_ffff, 10_000 + (1 << 24)] {
        let mut bad = good.clone();
        let at = bad.len() - 4;
        bad[at..].copy_from_slice(&u32::to_le_bytes(declared));
        let mut output = Vec::new();
        let refused = Gunzip::new(Room::default()).inflate(&bad, &mut output, MOST).map_err(reason);
        // Over the limit and within what so few bytes can reach: that is already too large.
        let expected = if declared == 500_000 || declared < 100_000 { Reason::Corrupt } else { Reason::TooLarge };
        assert!(matches!(refused, Err(found) if found == expected || found == Reason::Corrupt), "{declared}");
    }
}

/// With several members the last one's length says nothing about the first ones.
#[test]
fn the_output_grows_when_the_last_length_is_not_the_whole() {
    let (large, small) = (data(400_000), data(3));
    assert!(inflate(&[member(&large), member(&small)].concat(), MOST) == Ok([large.clone(), small.clone()].concat()));
    assert!(inflate(&[member(&small), member(&large)].concat(), MOST) == Ok([small, large].concat()));
}

#[test]
fn a_decoder_is_as_new_after_every_stream() {
    let good = data(70_000);
    let mut corrupt = member(&data(5_000));
    corrupt[500] ^= 0x55;
    let streams = [
        member(&good),
        corrupt,
        member(b""),
        member(&good)[..1000].to_vec(),
        framed(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 9], b""),
        b"no gzip".to_vec(),
        [member(b"one"), member(b"two")].concat(),
        member(&data(MOST + 1)),
    ];
    let mut reused = Gunzip::new(Room::default());
    let mut output = Vec::new();
    for first in &streams {
        for second in &streams {
            let _ = reused.inflate(first, &mut output, MOST);
            let again = reused.inflate(second, &mut output, MOST).map(|()| output.clone()).map_err(reason);
            assert!(
                again == inflate(second, MOST),
                "{:?} behind {:?}",
                &second[..second.len().min(20)],
                &first[..first.len().min(20)]
            );
        }
    }
}
