//! Keyring files, good and bad.

use super::*;

const BLOB: &str = "c2VhbGVk"; // "sealed"
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; // 0, 1, 2 ... 31

fn row(ciphertext: &str, resource: &str, plaintext: &str) -> String {
    format!(r#"{{"ciphertext":"{ciphertext}","context":{{"aws:rds:dbc-id":"{resource}"}},"plaintext":"{plaintext}"}}"#)
}

fn file(rows: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, rows.join(","))
}

fn request(ciphertext: &[u8], resource: &str) -> KeyRequest {
    let context = vec![("aws:rds:dbc-id".to_owned(), resource.to_owned())];
    KeyRequest { ciphertext: ciphertext.to_vec(), context }
}

fn refusal(keyring: &Keyring, request: &KeyRequest) -> String {
    match keyring.find(request) {
        Err(KeyError::Refused(text)) => text,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn finds_a_key_by_blob_and_context() {
    let keyring = Keyring::from_json(&file(&[row(BLOB, "cluster-ABC", KEY)])).expect("valid");
    let secret = keyring.find(&request(b"sealed", "cluster-ABC")).expect("known");
    assert_eq!(secret.expose(), (0..32).collect::<Vec<u8>>());
    assert_eq!((keyring.len(), keyring.is_empty(), keyring.scope()), (1, false, "keyring"));
    assert_eq!(format!("{keyring:?}"), "Keyring(1 keys)");
}

#[test]
fn the_order_of_the_context_does_not_matter() {
    let text = format!(r#"{{"keys":[{{"ciphertext":"{BLOB}","context":{{"b":"2","a":"1"}},"plaintext":"{KEY}"}}]}}"#);
    let keyring = Keyring::from_json(&text).expect("valid");
    let mut context = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
    for _ in 0..2 {
        keyring.find(&KeyRequest { ciphertext: b"sealed".to_vec(), context: context.clone() }).expect("known");
        context.reverse();
    }
}

#[test]
fn refusals_say_whether_the_blob_is_known() {
    let keyring = Keyring::from_json(&file(&[row(BLOB, "cluster-XYZ", KEY)])).expect("valid");
    assert_eq!(
        refusal(&keyring, &request(b"sealed", "cluster-ABC")),
        "the key is known, but for aws:rds:dbc-id = cluster-XYZ, not for aws:rds:dbc-id = cluster-ABC: \
         check the resource id"
    );
    let text = refusal(&keyring, &request(b"other", "cluster-XYZ"));
    assert!(text.starts_with("none of the 1 keys of the keyring is this record's"), "{text}");
}

#[test]
fn escaped_strings_are_read_as_well() {
    let escaped = row("\\u0063\\u0032VhbGVk", "cluster-ABC", &KEY.replace('=', "\\u003d"));
    let keyring = Keyring::from_json(&file(&[escaped])).expect("valid");
    keyring.find(&request(b"sealed", "cluster-ABC")).expect("known");
}

#[test]
fn the_same_entry_twice_is_one_key_and_a_contradiction_is_an_error() {
    let good = row(BLOB, "cluster-ABC", KEY);
    let keyring = Keyring::from_json(&file(&[good.clone(), good.clone()])).expect("valid");
    assert_eq!(keyring.len(), 1);
    let other = row(BLOB, "cluster-ABC", "AAECAwQFBgcICQoLDA0ODw==");
    let error = Keyring::from_json(&file(&[good, other])).expect_err("contradiction").to_string();
    assert!(error.contains("key 2: an earlier entry has the same ciphertext"), "{error}");
}

#[test]
fn errors_name_the_entry_and_what_was_expected_and_show_no_key() {
    let good = row(BLOB, "cluster-ABC", KEY);
    for (text, expected) in [
        (String::new(), "cannot be read: EOF while parsing a value at line 1 column 0; expected {\"keys\":[{"),
        ("[]".to_owned(), "wrong type at line 1"),
        (format!("\"{KEY}\""), "wrong type at line 1"),
        (format!(r#"{{"keys":"{KEY}"}}"#), "wrong type at line 1"),
        (format!(r#"{{"keys":["{KEY}"]}}"#), "wrong type at line 1"),
        (format!(r#"{{"keys":[{{"context":"{KEY}"}}]}}"#), "wrong type at line 1"),
        (file(&[good.clone(), r#"{"context":{}}"#.to_owned()]), "key 2: \"ciphertext\" is missing: expected base64"),
        (file(&[format!(r#"{{"ciphertext":"{BLOB}"}}"#)]), "key 1: \"context\" is missing"),
        (file(&[format!(r#"{{"ciphertext":"{BLOB}","context":{{}}}}"#)]), "key 1: \"plaintext\" is missing"),
        (file(&[row(BLOB, "x", &KEY.replace('=', "!"))]), "key 1: \"plaintext\" is not base64"),
        (file(&[row("", "x", KEY)]), "key 1: expected an encrypted key of 1 to 6144 bytes, found 0"),
    ] {
        let error = Keyring::from_json(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains(&KEY[..8]), "a key in {error}");
    }
}

#[test]
fn files_are_bounded_and_named_in_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keyring.json");
    let error = Keyring::load(&path).expect_err("missing").to_string();
    assert!(error.starts_with("cannot read keyring ") && error.contains("keyring.json: "), "{error}");

    std::fs::write(&path, file(&[row(BLOB, "cluster-ABC", KEY)])).expect("written");
    assert_eq!(Keyring::load(&path).expect("valid").len(), 1);

    File::create(&path).and_then(|file| file.set_len(MAX_FILE + 1)).expect("written");
    let error = Keyring::load(&path).expect_err("too large").to_string();
    assert!(error.contains("keyring.json is too large: expected at most 16777216 bytes"), "{error}");
}

#[test]
fn reads_the_corpus() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/keyring.json");
    if path.exists() {
        assert!(!Keyring::load(&path).expect("valid").is_empty());
    }
}
