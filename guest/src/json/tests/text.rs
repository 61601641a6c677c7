//! What string bodies stand for: `serde_json`'s `String` is the oracle.

use proptest::prelude::*;

use super::super::string::{equals, unescape};

fn oracle(body: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{body}\"")).ok()
}

#[test]
fn every_code_unit_as_an_escape() {
    for unit in 0..=u16::MAX {
        for body in [format!("\\u{unit:04x}"), format!("a\\u{unit:04X}\\n")] {
            let text = unescape(&body);
            match oracle(&body) {
                Some(expected) => assert_eq!(text, expected),
                None => assert_eq!(text.matches('\u{fffd}').count(), 1, "half a pair: {body}"),
            }
        }
    }
}

#[test]
fn every_pair_of_surrogates_and_half_pairs() {
    let (high, low) = ([0xd800u16, 0xd801, 0xd83d, 0xdbfe, 0xdbff], [0xdc00u16, 0xdc01, 0xde00, 0xdffe, 0xdfff]);
    for (high, low) in high.into_iter().flat_map(|high| low.map(|low| (high, low))) {
        let body = format!("\\u{high:04x}\\u{low:04x}");
        assert_eq!(Some(unescape(&body).into_owned()), oracle(&body));
        let halves =
            format!("\\u{low:04x}\\u{high:04x}|\\u{high:04x}x|\\u{high:04x}\\n|\\u{high:04x}\\u{high:04x}\\u{low:04x}");
        let pair = char::decode_utf16([high, low]).next().unwrap().unwrap();
        let expected = format!("\u{fffd}\u{fffd}|\u{fffd}x|\u{fffd}\n|\u{fffd}{pair}");
        assert_eq!(unescape(&halves), expected);
    }
}

#[test]
fn every_simple_escape() {
    let body = r#"\"\\\/\b\f\n\r\t"#;
    assert_eq!(unescape(body), "\"\\/\u{8}\u{c}\n\r\t");
    assert_eq!(Some(unescape(body).into_owned()), oracle(body));
}

#[test]
fn a_body_without_escapes_is_not_copied() {
    for body in ["", "plain", "é☃"] {
        assert!(matches!(unescape(body), std::borrow::Cow::Borrowed(same) if same == body));
    }
}

#[test]
fn names_are_equal_however_they_are_written() {
    for name in ["type", "t\\u0079pe", "\\u0074\\u0079\\u0070\\u0065", "ty\\u0070e"] {
        assert!(equals(name, "type"), "{name}");
    }
    for name in ["", "typ", "types", "Type", "typ\\u0045", "type\\u0000", "\\\\type", "\\u0074ypf"] {
        assert!(!equals(name, "type"), "{name}");
    }
    assert!(equals("", "") && !equals("\\u0000", ""));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_survives_being_written(text in any::<String>(), escaped in any::<u64>()) {
        let written = serde_json::to_string(&text).unwrap();
        let body = &written[1..written.len() - 1];
        prop_assert_eq!(unescape(body), text.as_str());
        prop_assert!(equals(body, &text));
        // Each character as it stands or as `\u`, as the bits say.
        let body: String = text.chars().enumerate().map(|(index, c)| match escaped >> (index % 64) & 1 {
            0 if !matches!(c, '"' | '\\' | '\0'..='\u{1f}') => c.to_string(),
            _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        }).collect();
        prop_assert_eq!(unescape(&body), text.as_str());
        prop_assert_eq!(oracle(&body), Some(text.clone()));
        let longer = format!("{text}x");
        prop_assert!(equals(&body, &text) && !equals(&body, &longer));
    }
}
