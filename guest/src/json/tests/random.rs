//! Random JSON, and random text that is nearly JSON.

use proptest::prelude::*;
use serde_json::Value;

use super::oracle::{agree, ours};

fn json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-9i64..100).prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        any::<String>().prop_map(Value::from),
        "[ -~]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Tokens and pieces of tokens in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["{", "}", "[", "]", ":", ",", "\"", "\\", " ", "\n"]).prop_map(str::to_string),
        2 => prop::sample::select(vec!["null", "true", "false", "0", "-1", "1.5", "1e9", "01", "-"]).prop_map(str::to_string),
        2 => prop::sample::select(vec!["\"a\"", "\"a\":", "\"\":", "\"\\n\"", "\"\\u00e9\"", "\"é\""]).prop_map(str::to_string),
        1 => "\\PC{0,40}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_accepted(value in json()) {
        for text in [value.to_string(), format!("{value:#}")] {
            prop_assert_eq!(ours(text.as_bytes()), Some(text.as_str()));
            agree(text.as_bytes());
        }
    }

    #[test]
    fn damaged_json(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = value.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agree(&bytes);
    }

    #[test]
    fn garbage_that_looks_like_json(text in pieces()) {
        agree(text.as_bytes());
    }

    #[test]
    fn garbage_inside_a_string(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        agree(&[b"\"", bytes.as_slice(), b"\""].concat());
    }

    #[test]
    fn any_text_inside_a_string(text in any::<String>(), padding in 0usize..70) {
        let text = format!("[\"{}\",\"{text}\"]", "x".repeat(padding));
        agree(text.as_bytes());
    }
}
