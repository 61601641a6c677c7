//! Documents damaged at every byte: scanner and oracle agree on each.

use super::documents;
use super::oracle::agree;

/// What a byte is replaced with, and what is put between two bytes: one of each class that some rule tells apart.
const BYTES: [u8; 29] = *b"\"\\{}[]:,0159-+.eEtnu/ \n\x00\x1f\x7f\x80\xc3\xff";

#[test]
fn the_documents_themselves() {
    documents::with_events().iter().for_each(|text| agree(text.as_bytes()));
}

#[test]
fn cut_off_at_every_byte() {
    for text in documents::with_events() {
        for length in 0..text.len() {
            agree(&text.as_bytes()[..length]);
            agree(&text.as_bytes()[length..]);
        }
    }
}

#[test]
fn every_bit_flipped() {
    every_place(|bytes, at, check| {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            check(bytes);
            bytes[at] ^= 1 << bit;
        }
    });
}

#[test]
fn every_byte_replaced() {
    every_place(|bytes, at, check| {
        let byte = bytes[at];
        for other in BYTES {
            bytes[at] = other;
            check(bytes);
        }
        bytes[at] = byte;
    });
}

#[test]
fn a_byte_put_in_everywhere() {
    every_place(|bytes, at, check| {
        bytes.insert(at, 0);
        for other in BYTES {
            bytes[at] = other;
            check(bytes);
        }
        bytes.remove(at);
    });
}

#[test]
fn a_byte_or_two_taken_out_everywhere() {
    every_place(|bytes, at, check| {
        let byte = bytes.remove(at);
        check(bytes);
        if at < bytes.len() {
            let next = bytes.remove(at);
            check(bytes);
            bytes.insert(at, next);
        }
        bytes.insert(at, byte);
    });
}

#[test]
fn neighbours_swapped_everywhere() {
    every_place(|bytes, at, check| {
        if at + 1 < bytes.len() {
            bytes.swap(at, at + 1);
            check(bytes);
            bytes.swap(at, at + 1);
        }
    });
}

/// Calls `mutate` at each byte of each document; it leaves the bytes as they were.
fn every_place(mutate: impl Fn(&mut Vec<u8>, usize, &dyn Fn(&[u8]))) {
    for text in documents::with_events() {
        let mut bytes = text.as_bytes().to_vec();
        for at in 0..text.len() {
            mutate(&mut bytes, at, &|damaged| agree(damaged));
        }
        assert_eq!(bytes, text.as_bytes());
    }
}
