//! The standard library is the oracle.

use proptest::prelude::*;

use super::{from_utf8, is_utf8};

#[track_caller]
fn agree(bytes: &[u8]) {
    assert_eq!(is_utf8(bytes), std::str::from_utf8(bytes).is_ok(), "{bytes:02x?}");
    assert_eq!(from_utf8(bytes), std::str::from_utf8(bytes));
}

/// Every sequence of three bytes at the start, across vectors and blocks, at the end; with and without a fourth.
#[test]
fn every_three_bytes() {
    let third =
        (0..=0xff).filter(|byte| *byte < 3 || [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff].contains(byte));
    let third: Vec<u8> = third.collect();
    for first in 0x70..=0xff {
        for second in 0..=0xff {
            for &third in &third {
                agree(&[first, second, third]);
                let mut bytes = [b'x'; 80];
                for at in [13, 62] {
                    bytes[at..at + 4].copy_from_slice(&[first, second, third, 0x80]);
                    agree(&bytes);
                    bytes[at + 3] = b'y';
                    agree(&bytes);
                    bytes[at..at + 4].fill(b'z');
                }
            }
        }
    }
}

#[test]
fn every_character_is_accepted_everywhere() {
    let text: String = (0..=0x10ffff).step_by(7).filter_map(char::from_u32).collect();
    agree(text.as_bytes());
    for character in ["\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"] {
        for before in 0..140 {
            for behind in [0, 1, 15, 70] {
                agree(format!("{}{character}{}", "x".repeat(before), "y".repeat(behind)).as_bytes());
            }
        }
    }
}

#[test]
fn cut_off_and_damaged_everywhere() {
    let text = "aé監😀\u{7ff}\u{800}b".repeat(6) + &"x".repeat(70) + "😀" + &"x".repeat(61) + "é監";
    for length in 0..text.len() {
        agree(&text.as_bytes()[..length]);
        agree(&text.as_bytes()[length..]);
    }
    let mut bytes = text.into_bytes();
    for at in 0..bytes.len() {
        let byte = bytes[at];
        for other in 0..=0xff {
            bytes[at] = other;
            agree(&bytes);
        }
        bytes[at] = byte;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>(), before in 0usize..70) {
        agree(format!("{}{text}", "x".repeat(before)).as_bytes());
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        agree(&bytes);
    }

    #[test]
    fn damaged_text(text in "[a-z\u{80}-\u{7ff}\u{4e00}-\u{4eff}\u{1f600}-\u{1f64f}]{1,80}", at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agree(&bytes);
    }
}
