//! What is read of an outer record, and every way in which it can be wrong.

use super::{Envelope, KEY_BYTES_MOST, Payload, decode_key, decode_message};
use crate::error::{Failure, Reason, Stage};

const TYPE: &str = r#""type":"DatabaseActivityMonitoringRecords""#;

/// A record with the right type and these members.
fn record(members: &str) -> String {
    format!("{{{TYPE},{members}}}")
}

fn read(text: &str) -> Result<Envelope<'_>, Failure> {
    Envelope::read(text, 1 << 20, 64)
}

fn reason(text: &str) -> Reason {
    let failure = read(text).map(|envelope| format!("{envelope:?}")).expect_err(text);
    assert_eq!(failure.stage, Stage::Envelope);
    failure.reason
}

fn encrypted(text: &str) -> (String, String) {
    match read(text).unwrap().events {
        Payload::Encrypted { message, key } => (message.into_owned(), key.into_owned()),
        Payload::Decrypted(document) => panic!("expected an encrypted record, found {document}"),
    }
}

#[test]
fn encrypted_records_are_read() {
    let expected = ("bWVzc2FnZQ==".to_string(), "a2V5".to_string());
    for text in [
        record(r#""version":"1.1","databaseActivityEvents":"bWVzc2FnZQ==","key":"a2V5""#),
        format!(r#"{{"key":"a2V5","databaseActivityEvents":"bWVzc2FnZQ==",{TYPE}}}"#),
        record("\"key\" : \"a2V5\" ,\n\"databaseActivityEvents\"\t:\r\"bWVzc2FnZQ==\"\n"),
        record(r#""databaseActivityEvents":"bWVzc2FnZQ\u003d\u003d","k\u0065y":"\u00612V5""#),
        record(r#""x":{"key":1,"type":2},"databaseActivityEvents":"bWVzc2FnZQ==","key":"a2V5","y":[[]],"":null"#),
        r#"{"type":"DatabaseActivityMonitoring\u0052ecords","databaseActivityEvents":"bWVzc2FnZQ==","key":"a2V5"}"#
            .into(),
    ] {
        assert_eq!(encrypted(&text), expected, "{text}");
    }
    assert_eq!(encrypted(&record(r#""databaseActivityEvents":"a\/b\/","key":"\/\/""#)), ("a/b/".into(), "//".into()));
}

#[test]
fn decrypted_records_are_read() {
    let text = record(r#""databaseActivityEvents": {"a":[1, 2]} "#);
    assert!(matches!(read(&text).unwrap().events, Payload::Decrypted(r#"{"a":[1, 2]}"#)));
    // A key is not needed, and not looked at.
    let text = record(r#""databaseActivityEvents":{},"key":17"#);
    assert!(matches!(read(&text).unwrap().events, Payload::Decrypted("{}")));
}

#[test]
fn texts_without_escapes_are_not_copied() {
    let text = record(r#""databaseActivityEvents":"bWVzc2FnZQ==","key":"a2V5""#);
    let Payload::Encrypted { message, key } = read(&text).unwrap().events else {
        panic!("expected an encrypted record")
    };
    assert!(matches!((message, key), (std::borrow::Cow::Borrowed(_), std::borrow::Cow::Borrowed(_))));
}

#[test]
fn any_version_passes() {
    for version in [r#""1.1""#, r#""99.0""#, r#""""#, "1.1", "null", "{}", "[1]"] {
        let text = record(&format!(r#""version":{version},"databaseActivityEvents":{{}}"#));
        let expected = version.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(version);
        assert_eq!(read(&text).unwrap().version, Some(expected));
    }
    assert_eq!(read(&record(r#""databaseActivityEvents":{}"#)).unwrap().version, None);
}

#[test]
fn failures_say_what_is_wrong() {
    let both = r#""databaseActivityEvents":"YQ==","key":"YQ==""#;
    let cases: &[(String, Reason)] = &[
        ("".into(), Reason::NotJson),
        (" ".into(), Reason::NotJson),
        ("garbage".into(), Reason::NotJson),
        ("{".into(), Reason::NotJson),
        ("\u{feff}{}".into(), Reason::NotJson),
        ("nul".into(), Reason::NotJson),
        ("[] []".into(), Reason::NotJson),
        (format!("{}x", record(both)), Reason::NotJson),
        (record(&format!("{both},")), Reason::NotJson),
        (record(&format!("{both},\"x\":01")), Reason::NotJson),
        (record(&format!("{both},\"x\":\"\n\"")), Reason::NotJson),
        (record(&format!("{both},\"x\":{}1{}", "[".repeat(64), "]".repeat(64))), Reason::NotJson),
        ("null".into(), Reason::WrongType),
        ("1".into(), Reason::WrongType),
        ("\"x\"".into(), Reason::WrongType),
        ("[{}]".into(), Reason::WrongType),
        (format!(r#"{{"type":"Other",{both}}}"#), Reason::WrongType),
        (format!(r#"{{"type":"databaseActivityMonitoringRecords",{both}}}"#), Reason::WrongType),
        (format!(r#"{{"type":null,{both}}}"#), Reason::WrongType),
        (format!(r#"{{"type":["DatabaseActivityMonitoringRecords"],{both}}}"#), Reason::WrongType),
        (record(r#""databaseActivityEvents":1,"key":"YQ==""#), Reason::WrongType),
        (record(r#""databaseActivityEvents":null,"key":"YQ==""#), Reason::WrongType),
        (record(r#""databaseActivityEvents":["YQ=="],"key":"YQ==""#), Reason::WrongType),
        (record(r#""databaseActivityEvents":"YQ==","key":1"#), Reason::WrongType),
        (record(r#""databaseActivityEvents":"YQ==","key":{}"#), Reason::WrongType),
        ("{}".into(), Reason::MissingField),
        (format!("{{{both}}}"), Reason::MissingField),
        (record(r#""key":"YQ==""#), Reason::MissingField),
        (record(r#""databaseActivityEvents":"YQ==""#), Reason::MissingField),
        (format!("{{{TYPE},{TYPE},{both}}}"), Reason::NotJson),
        (record(&format!(r#"{both},"key":"YQ==""#)), Reason::NotJson),
        (record(&format!(r#"{both},"ke\u0079":"YQ==""#)), Reason::NotJson),
        (record(&format!(r#"{both},"databaseActivityEvents":{{}}"#)), Reason::NotJson),
        (record(&format!(r#""version":1,"version":1,{both}"#)), Reason::NotJson),
    ];
    for (text, expected) in cases {
        assert_eq!(reason(text), *expected, "{text}");
    }
    assert!(read(&record(&format!("{both},\"x\":{}1{}", "[".repeat(63), "]".repeat(63)))).is_ok());
    assert!(read(&record(&format!("{both},\"x\":1,\"x\":2"))).is_ok(), "unknown members may stand twice");
}

#[test]
fn the_size_is_checked_first() {
    let text = record(r#""databaseActivityEvents":{}"#);
    assert!(Envelope::read(&text, text.len(), 64).is_ok());
    let failure = Envelope::read(&text, text.len() - 1, 64).unwrap_err();
    assert_eq!((failure.stage, failure.reason), (Stage::Envelope, Reason::TooLarge));
    assert_eq!(Envelope::read("not json", 7, 64).unwrap_err().reason, Reason::TooLarge);
}

#[test]
fn messages_and_keys_are_base64() {
    let mut buffer = b"left over".to_vec();
    assert_eq!(decode_message("", &mut buffer), Ok(()));
    assert_eq!(buffer, b"");
    assert_eq!(decode_message("bWVzc2FnZQ==", &mut buffer), Ok(()));
    assert_eq!(buffer, b"message");
    for text in ["bWVzc2FnZQ", "bWVzc2FnZQ=", "bWVzc2Fn ZQ==", "bWVzc2FnZR==", "bWVzc2Fn\nZQ==", "bWVz-2FnZQ==", "é==="]
    {
        let failure = decode_message(text, &mut buffer).unwrap_err();
        assert_eq!((failure.stage, failure.reason), (Stage::Envelope, Reason::BadBase64), "{text}");
        assert!(failure.detail.contains("databaseActivityEvents") && !failure.detail.contains(text));
        let failure = decode_key(text).unwrap_err();
        assert_eq!((failure.stage, failure.reason), (Stage::Envelope, Reason::BadBase64), "{text}");
        assert!(failure.detail.contains("key"));
    }
}

#[test]
fn keys_have_bounds() {
    assert_eq!(decode_key("").unwrap_err().reason, Reason::BadBase64);
    assert_eq!(decode_key("YQ==").unwrap(), b"a");
    assert_eq!(decode_key(&"A".repeat(KEY_BYTES_MOST / 3 * 4)).unwrap().len(), KEY_BYTES_MOST);
    assert_eq!(decode_key(&"A".repeat(KEY_BYTES_MOST / 3 * 4 + 4)).unwrap_err().reason, Reason::TooLarge);
    assert_eq!(decode_key(&"?".repeat(1 << 20)).unwrap_err().reason, Reason::TooLarge);
}
