//! The header's flags and optional fields (RFC 1952, 2.3.1).

use super::stream::{MOST, crc, data, framed, inflate};
use crate::error::Reason;

const FTEXT: u8 = 1;
const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;

/// A header with the fields that `flags` names, a right checksum included.
fn header(flags: u8, extra: &[u8], name: &[u8], comment: &[u8]) -> Vec<u8> {
    let mut header = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 3];
    if flags & FEXTRA != 0 {
        header.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        header.extend(extra);
    }
    for (flag, text) in [(FNAME, name), (FCOMMENT, comment)] {
        if flags & flag != 0 {
            header.extend(text);
            header.push(0);
        }
    }
    if flags & FHCRC != 0 {
        let sum = crc(&header).to_le_bytes();
        header.extend(&sum[..2]);
    }
    header
}

#[test]
fn every_set_of_flags() {
    let data = data(1000);
    for flags in 0..32 {
        for (extra, name, comment) in [
            (&b""[..], &b""[..], &b""[..]),
            (b"AB\x02\0xy", b"a.json", b"a comment"),
            (&[0; 65535], &[b'n'; 3000], b"\xff"),
        ] {
            let gzip = framed(&header(flags, extra, name, comment), &data);
            assert_eq!(inflate(&gzip, MOST).as_ref(), Ok(&data), "flags {flags}");
        }
    }
}

#[test]
fn the_checksum_of_the_header_is_checked() {
    for flags in (0..32).filter(|flags| flags & FHCRC != 0) {
        let good = header(flags, b"extra", b"name", b"comment");
        for at in 4..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            let refused = inflate(&framed(&bad, b"data"), MOST).unwrap_err();
            // A length of the extra field that leads elsewhere may be seen as anything but good.
            let length_of_extra = flags & FEXTRA != 0 && (10..12).contains(&at);
            assert!(refused == Reason::Corrupt || length_of_extra, "flags {flags}, byte {at}: {refused:?}");
        }
    }
}

#[test]
fn headers_cut_off_at_every_byte() {
    for flags in 0..32 {
        let header = header(flags, b"extra", b"name", b"comment");
        for length in 0..header.len() {
            let expected = if length < 2 { Reason::NotGzip } else { Reason::Truncated };
            assert_eq!(inflate(&header[..length], MOST), Err(expected), "flags {flags}, {length} bytes");
        }
    }
}

#[test]
fn reserved_flags_are_refused() {
    for flag in [0x20, 0x40, 0x80, 0xe0] {
        let gzip = framed(&[0x1f, 0x8b, 8, flag, 0, 0, 0, 0, 0, 255], b"data");
        assert_eq!(inflate(&gzip, MOST), Err(Reason::Corrupt));
    }
}

#[test]
fn what_says_nothing_about_the_content_is_free() {
    let data = data(100);
    for at in [4, 5, 6, 7, 8, 9] {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut gzip = framed(&header(FTEXT, b"", b"", b""), &data);
            gzip[at] = byte;
            assert_eq!(inflate(&gzip, MOST).as_ref(), Ok(&data));
        }
    }
}

#[test]
fn other_magic_and_other_methods_are_not_gzip() {
    let good = framed(&header(0, b"", b"", b""), b"data");
    for (at, byte) in [(0, 0x1e), (0, b'{'), (1, 0x8a), (1, 0x9d), (2, 0), (2, 7), (2, 9)] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(inflate(&bad, MOST), Err(Reason::NotGzip));
    }
    let zlib = [0x78, 0x9c, 0x4b, 0x04, 0x00, 0x00, 0x62, 0x00, 0x62];
    assert_eq!(inflate(&zlib, MOST), Err(Reason::NotGzip));
    assert_eq!(inflate(b"", MOST), Err(Reason::NotGzip));
}
