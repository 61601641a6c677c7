//! The `base64` crate's `STANDARD`, which is strict in the same way, is the oracle.

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use proptest::prelude::*;

use super::{NotBase64, decode};

/// Both say the same about a text.
#[track_caller]
fn agree(text: &str) {
    let mut bytes = b"what was there before".to_vec();
    let ours = decode(text, &mut bytes);
    match STANDARD.decode(text) {
        Ok(expected) => assert_eq!((ours, &bytes), (Ok(()), &expected), "{text:?}"),
        Err(_) => assert_eq!((ours, bytes.len()), (Err(NotBase64), 0), "{text:?}"),
    }
}

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 167 + index / 3 * 59 + length) as u8).collect()
}

#[test]
fn every_length() {
    for length in (0..=300).chain(4090..4110) {
        agree(&STANDARD.encode(data(length)));
        agree(&STANDARD_NO_PAD.encode(data(length)));
        agree(&URL_SAFE.encode(data(length)));
        agree(&"=".repeat(length.min(100)));
        agree(&"A".repeat(length.min(100)));
        agree(&"/".repeat(length.min(100)));
    }
}

#[test]
fn every_three_bytes_that_differ_in_one_group() {
    for value in 0..1u32 << 24 {
        // All of the first 2^18, then every 61st.
        if value >> 18 == 0 || value % 61 == 0 {
            let text = STANDARD.encode(&value.to_be_bytes()[1..]);
            let mut bytes = Vec::new();
            assert_eq!(decode(&text, &mut bytes), Ok(()));
            assert_eq!(bytes, &value.to_be_bytes()[1..]);
        }
    }
}

/// Every byte at every position of texts that the vector part, its end and the rest decode.
#[test]
fn every_byte_at_every_position() {
    for length in [1, 2, 3, 11, 12, 13, 24, 46, 47, 48, 49, 50, 75, 99, 100] {
        let good = STANDARD.encode(data(length)).into_bytes();
        for at in 0..good.len() {
            for byte in 0..0x80 {
                let mut text = good.clone();
                text[at] = byte;
                agree(std::str::from_utf8(&text).unwrap());
            }
            // Two bytes of UTF-8 in the place of two characters.
            for wide in ["\u{80}", "\u{c1}", "\u{7ff}"] {
                let mut text = good.clone();
                if at + 2 <= text.len() {
                    text.splice(at..at + 2, wide.bytes());
                    agree(std::str::from_utf8(&text).unwrap());
                }
            }
        }
    }
}

#[test]
fn padding_is_what_it_must_be() {
    for length in [0, 1, 2, 3, 45, 46, 47, 48, 96] {
        let good = STANDARD.encode(data(length));
        let bare = good.trim_end_matches('=');
        for count in 0..6 {
            agree(&format!("{bare}{}", "=".repeat(count)));
        }
        for at in 0..=good.len() {
            for inserted in ["=", "==", "A", "\n", " ", "\r\n", "\0", "====", "A===", "AA==", "é"] {
                agree(&format!("{}{inserted}{}", &good[..at], &good[at..]));
            }
            agree(&good[..at]);
            agree(&good[at..]);
        }
        // Two texts behind each other are one only when the first needs no padding.
        agree(&format!("{good}{good}"));
    }
}

/// The bits behind the last byte must be zero: else two texts would stand for the same bytes.
#[test]
fn trailing_bits_are_zero() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for before in ["", "AAAA", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"] {
        for last in ALPHABET.map(char::from) {
            for text in [format!("{before}A{last}=="), format!("{before}AA{last}=")] {
                agree(&text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        agree(&STANDARD.encode(&bytes));
    }

    #[test]
    fn text_that_looks_like_base64(text in "[A-Za-z0-9+/]{0,200}[A-Za-z0-9+/=\n-]{0,4}") {
        agree(&text);
    }
}
