//! Neither keys nor what a failed record holds get into anything but the events: not with the most talkative logs.

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use dastap_guest::esdk::SUITES;
use dastap_tests::document::{self, CLUSTER, CONTEXT};
use dastap_tests::peer::{Encrypt, Entry, Sdk};
use dastap_tests::program::Dastap;
use dastap_tests::record::{self, Keyring};

const SECRET: &str = "SECRET-IN-AN-EVENT";
const DATA_KEY: [u8; 32] = *b"\xf3\x91this is the data key\x00\xfe 012345\xff";

/// All the ways in which bytes get into a text.
fn spellings(key: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = key.iter().map(u8::to_string).collect();
    let texts = [
        hex.to_uppercase(),
        hex,
        BASE64_STANDARD.encode(key),
        BASE64_STANDARD_NO_PAD.encode(key),
        BASE64_URL_SAFE_NO_PAD.encode(key),
        numbers.join(", "),
        numbers.join(","),
        key.escape_ascii().to_string(),
    ];
    texts.into_iter().map(String::into_bytes).chain([key.to_vec()]).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A good record, and one for each stage in which a record fails behind the key.
fn records() -> Vec<String> {
    let mut sdk = Sdk::shared();
    let secret = document::of(&[document::event(1, SECRET)]);
    let mut record = |suite, payload: &[u8], spoil: fn(&mut Vec<u8>)| {
        let keys = [Entry::Aes("BC", "DataKey", &DATA_KEY)];
        let (context, authenticate_only): (_, &[&str]) = (&[], &[]);
        let wanted = Encrypt { suite, frame_length: 128, payload, context, authenticate_only, keys: &keys };
        let mut message = sdk.encrypt(&wanted);
        spoil(&mut message);
        record::of(&message, b"blob")
    };
    let gzip = document::gzip(secret.as_bytes());
    let mut cut = gzip.clone();
    cut.truncate(gzip.len() - 9);
    let no_json = document::gzip(secret.replace('}', "").as_bytes());
    let no_list = document::gzip(format!(r#"{{"databaseActivityEventList":"{SECRET}"}}"#).as_bytes());
    let no_utf8 = document::gzip(&[secret.as_bytes(), b"\xff"].concat());
    let last_bit = |message: &mut Vec<u8>| *message.last_mut().expect("a message") ^= 1;
    let mut records: Vec<String> = SUITES.iter().map(|suite| record(suite.id, &gzip, |_| {})).collect();
    records.extend(SUITES.iter().map(|suite| record(suite.id, &gzip, last_bit)));
    records
        .extend([cut, no_json, no_list, no_utf8, secret.into_bytes()].map(|payload| record(0x0178, &payload, |_| {})));
    records
}

#[test]
fn nothing_but_the_events_tells_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name);
    let run = Dastap::decode(&Keyring::of(b"blob", &CONTEXT, &DATA_KEY).write(folder.path()))
        .args(["-vv", "--resource-id", CLUSTER])
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .arg("--stats")
        .arg(path("stats.json"))
        .arg("--dead-letter")
        .arg(path("failed.ndjson"))
        .stdin(records().join("\n"))
        .run()
        .expect(1);
    let (stats, dead) = (std::fs::read(path("stats.json")), std::fs::read(path("failed.ndjson")));
    let (stats, dead) = (stats.expect("statistics"), dead.expect("a dead letter"));
    assert!(contains(&run.stdout, SECRET.as_bytes()), "the events themselves tell it");
    assert_eq!(dead.split(|&byte| byte == b'\n').count(), 11 + 5 + 1);

    for (name, text) in [
        ("stdout", &run.stdout),
        ("stderr", &run.stderr.clone().into_bytes()),
        ("stats", &stats),
        ("dead letter", &dead),
    ] {
        for spelling in spellings(&DATA_KEY) {
            assert!(!contains(text, &spelling), "{name} tells the data key");
        }
    }
    for (name, text) in [("stderr", run.stderr.as_bytes()), ("stats", &stats), ("dead letter", &dead)] {
        assert!(!contains(text, SECRET.as_bytes()), "{name} tells what an event says");
    }
}

#[test]
fn a_broken_keyring_file_is_not_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = Keyring::of(b"blob", &CONTEXT, &DATA_KEY).text();
    let key = BASE64_STANDARD.encode(DATA_KEY);
    for broken in
        [good.replace("\"plaintext\"", "\"plain\""), good.replace(&key, &format!("{key}!")), good.replace("}]}", "}]")]
    {
        let path = folder.path().join("keyring.json");
        std::fs::write(&path, &broken).expect("writable");
        let run =
            Dastap::decode(&path).args(["-vv", "--resource-id", CLUSTER]).env("RUST_LOG", "trace").run().expect(2);
        assert!(!run.stderr.contains(&key), "{}", run.stderr);
        assert!(run.stderr.contains("keyring.json"), "the file is named: {}", run.stderr);
    }
}
