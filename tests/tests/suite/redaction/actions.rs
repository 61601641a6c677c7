//! Each action by itself, and settings that are refused.

use std::collections::HashMap;

use dastap::synth::Settings;
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::Dastap;
use dastap_tests::record;
use dastap_tests::stream::Synthetic;
use serde_json::Value;

const EVENT: &str = r#"{"class":"DDL","commandText":"create user bob password 'x'","dbUserName":"admin","rowCount":1.0,"errorMessage":null,"paramList":["a",1],"serverType":"PostgreSQL","engineNativeAuditFields":{"SQL_TEXT":"x","ROLE":"DBA"},"n":1e5}"#;

/// The HMAC-SHA256 of `admin` under `sixteen bytes or more`.
const HASHED: &str = "b1fe1ebff44360f836c4e198a27546792a83e076de41313ca74a08698fe2193e";

/// The event as it leaves.
fn redacted(config: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.yaml"), config).expect("writable");
    let run = Dastap::decode(&record::keyring().write(folder.path())).args(["--resource-id", CLUSTER, "--config"]);
    let run = run.arg(folder.path().join("config.yaml")).stdin(record::plain(&document::of(&[EVENT]))).run().expect(0);
    document::event_of(std::str::from_utf8(&run.stdout).expect("UTF-8"))
}

#[test]
fn each_action_changes_its_value_and_leaves_the_rest() {
    let with = |from: &str, to: &str| EVENT.replacen(from, to, 1);
    let statement = "\"create user bob password 'x'\"";
    for (config, expected) in [
        ("redact: {}", EVENT.to_owned()),
        ("redact: { commandText: drop }", with(&format!("\"commandText\":{statement},"), "")),
        ("redact: { commandText: mask }", with(statement, "\"***\"")),
        ("redact: { commandText: sql-literals }", with(statement, "\"create user bob password ?\"")),
        (
            "redact: { commandText: { truncate: 11 } }",
            with(
                statement,
                "\"create user... (28 bytes, sha256 cf23a837c935560706b799b9602bb710eac03ea828ec04f73755039a214501bd)\"",
            ),
        ),
        ("redact: { commandText: { truncate: 28 } }", EVENT.to_owned()),
        (
            "redact: { dbUserName: hash }\nredact-key: sixteen bytes or more",
            with("\"admin\"", &format!("\"{HASHED}\"")),
        ),
        (
            "redact: { dbUserName: hash }\nredact-key: 'base64:c2l4dGVlbiBieXRlcyBvciBtb3Jl'",
            with("\"admin\"", &format!("\"{HASHED}\"")),
        ),
        ("redact: { errorMessage: mask, rowCount: mask }", with("1.0", "\"***\"")),
        ("redact: { engineNativeAuditFields.ROLE: drop }", with(",\"ROLE\":\"DBA\"", "")),
        (
            "redact: { engineNativeAuditFields: drop, commandTag: mask }",
            with("\"engineNativeAuditFields\":{\"SQL_TEXT\":\"x\",\"ROLE\":\"DBA\"},", ""),
        ),
        (
            "redact: { preset: sql, paramList: drop }",
            with(statement, "\"create user bob password ?\"").replacen("\"paramList\":[\"a\",1],", "", 1),
        ),
    ] {
        assert_eq!(redacted(config), expected, "{config}");
    }
}

#[test]
fn a_wrong_redaction_is_refused_before_anything_leaves() {
    const SECRET: &str = "a-secret-that-stands-in-the-wrong-place";
    for (config, expected) in [
        ("redact: { comandText: mask }", "transform.redact.comandText: unknown field; did you mean `commandText`?"),
        ("redact: { commandText: maks }", "transform.redact.commandText: unknown action `maks`; did you mean `mask`?"),
        ("redact: { commandText: truncate }", "transform.redact.commandText: expected a number with it: "),
        ("redact: { commandText: { truncate: -1 } }", "transform.redact.commandText: expected truncate: 0 to 1000000"),
        ("redact: { dbUserName: hash }", "transform.redact.dbUserName: `hash` needs a key; set redact-key"),
        ("redact: { dbUserName: hash }\nredact-key: short", "transform.redact-key: expected 16 to 4096 bytes, found 5"),
        (
            "redact-key: [a-secret-that-stands-in-the-wrong-place]",
            "transform.redact-key: expected a text, found a list",
        ),
        ("redact-key: base64:a-secret-that-stands-in-the-wrong-place", "transform.redact-key: expected base64 behind "),
        (
            "redact: { dbUserName: a-secret-that-stands-in-the-wrong-place }",
            "transform.redact.dbUserName: unknown action; known are ",
        ),
        ("redact: pci", "transform.redact: unknown preset `pci`; known is sql"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.yaml"), config).expect("writable");
        let run = Dastap::decode(&record::keyring().write(folder.path())).args(["-vv", "--config"]);
        let run = run.arg(folder.path().join("config.yaml")).stdin(record::plain(&document::of(&[EVENT])));
        let run = run.run().expect(2);
        assert!(run.stderr.contains(&format!("config.yaml: {expected}")), "{}\n{expected}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.contains(SECRET), "{}", run.stderr);
    }
}

#[test]
fn equal_values_have_equal_hashes_and_the_key_is_nowhere() {
    const KEY: &str = "the key of all hashes, which nobody may see";
    let stream = Synthetic::new(Settings { records: 100, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let hashed = |key: &str| {
        let (config, stats) = (folder.path().join("config.yaml"), folder.path().join("stats.json"));
        std::fs::write(&config, format!("redact: {{ dbUserName: hash }}\nredact-key: {key}")).expect("writable");
        let run = stream.run("decode", folder.path()).arg("-vv").arg("--config").arg(config).arg("--stats").arg(&stats);
        let run = run.run().expect(0);
        let said = [run.stdout.as_slice(), run.stderr.as_bytes(), &std::fs::read(stats).expect("statistics")].concat();
        assert!(!String::from_utf8_lossy(&said).contains(key));
        run.lines().iter().map(|line| line["dbUserName"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    let names: Vec<Value> = stream.events().iter().map(|event| event["dbUserName"].clone()).collect();
    let hashes = hashed(KEY);
    let mut known = HashMap::new();
    for (name, hash) in names.iter().zip(&hashes) {
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(*known.entry(name.to_string()).or_insert(hash), hash, "{name}");
    }
    let mut different: Vec<_> = known.values().collect();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() == known.len() && known.len() > 15, "{}", known.len());
    assert_eq!(hashed(KEY), hashes);
    assert!(hashed("another key of many bytes").iter().zip(&hashes).all(|(other, hash)| other != hash));
}
