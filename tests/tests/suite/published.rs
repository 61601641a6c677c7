//! The two genuine records that AWS has printed: their structure is known, their key is not.

use dastap_tests::corpus;
use dastap_tests::program::Dastap;
use dastap_tests::record::Keyring;
use serde_json::{Value, json};

#[test]
fn inspect_explains_them() {
    let Some(folder) = corpus::folder() else { return };
    let file = folder.join("published.jsonl");
    for record in corpus::lines(&folder, "published.jsonl") {
        let explained = Dastap::new("inspect").stdin(record.to_string()).run().expect(0);
        let explained = String::from_utf8(explained.stdout).expect("UTF-8");
        for expected in ["0x0178", "145", "BC", "DataKey", "4096", "172"] {
            assert!(explained.contains(expected), "{expected} is missing in:\n{explained}");
        }
    }
    Dastap::new("inspect").arg(file).run().expect(0);
}

#[test]
fn the_component_knows_every_part_of_them() {
    let Some(folder) = corpus::folder() else { return };
    let component = dastap_tests::component::Component::new(&Keyring::default(), json!({}));
    for record in corpus::lines(&folder, "published.jsonl") {
        let explained = component.inspect(&record.to_string());
        let message = &explained["message"];
        assert_eq!(message["format"], 1);
        assert_eq!(message["suite"]["id"], "0x0178");
        assert_eq!(message["context"], json!([]));
        assert_eq!(message["headerBytes"], 145);
        assert_eq!(message["bytes"], 357);
        let [entry] = &message["encryptedDataKeys"].as_array().expect("a list")[..] else { panic!("one entry") };
        assert_eq!((&entry["provider"], &entry["name"]), (&json!("BC"), &json!("DataKey")));
        assert_eq!((&entry["infoBytes"], &entry["ciphertextBytes"]), (&json!(27), &json!(48)));
        let body = &message["body"];
        assert_eq!((&body["framed"], &body["frameLength"], &body["frames"]), (&json!(true), &json!(4096), &json!(0)));
        assert_eq!((&body["finalFrameBytes"], &body["trailingBytes"]), (&json!(172), &json!(0)));
        assert_eq!(explained.get("failure").unwrap_or(&Value::Null), &Value::Null);
    }
}

#[test]
fn decode_fails_them_in_stage_key_and_keeps_them() {
    let Some(folder) = corpus::folder() else { return };
    let published = corpus::lines(&folder, "published.jsonl");
    let scratch = tempfile::tempdir().expect("a folder");
    let dead_letter = scratch.path().join("failed.ndjson");
    let run = Dastap::decode(&folder.join("keyring.json"))
        .args(["--resource-id", "cluster-UNKNOWN", "--dead-letter"])
        .arg(&dead_letter)
        .arg(folder.join("published.jsonl"))
        .run()
        .expect(1);
    assert_eq!(run.stdout, b"");
    let text = std::fs::read_to_string(dead_letter).expect("a dead letter");
    let letters: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(letters.len(), published.len());
    for (index, (letter, record)) in letters.iter().zip(&published).enumerate() {
        assert_eq!(letter["index"], index);
        assert_eq!((&letter["error"]["stage"], &letter["error"]["reason"]), (&json!("key"), &json!("refused")));
        assert_eq!(letter["record"].to_string(), record.to_string());
    }
}
