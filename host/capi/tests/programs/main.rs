//! C programs against the header and the library: compiled without a warning, run under valgrind without an error or a
//! leak, and their lines are those of `dastap decode`.

mod conformance;
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dastap_tests::stream::Synthetic;
use engine::synth::{Engine, Fault, Settings};
use program::{compile, valgrind};
use serde_json::Value;

/// A folder with the library, a program, and a stream.
struct Place {
    folder: tempfile::TempDir,
    program: PathBuf,
    stream: Synthetic,
}

impl Place {
    fn new(source: &str, engine: Engine, faults: Vec<Fault>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings { engines: vec![engine], records: 48, events: 1..=6, faults, ..Settings::default() };
        let stream = Synthetic::new(settings);
        let program = compile(source, folder.path(), &[]);
        let place = Place { folder, program, stream };
        place.file("keys.json", place.stream.keyring());
        place.file("records.ndjson", &place.stream.text());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("the folder is writable");
        self.path(name)
    }

    /// The program under valgrind, which finds nothing.
    fn run(&self, arguments: &[&str]) -> Output {
        let output = valgrind(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .expect("valgrind: run `make test`, which installs it");
        let log = fs::read_to_string(self.path("valgrind.log")).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{stderr}\n{log}", output.status);
        assert_eq!(log, "", "{arguments:?}");
        output
    }

    /// Lines and failed records as `dastap decode` has them: "place stage reason".
    fn expected(&self, config: &Path) -> (String, Vec<String>) {
        let run = self.stream.run("decode", self.folder.path()).arg("--config").arg(config).run();
        let letters = fs::read_to_string(run.folder.path().join("dastap-failed.ndjson")).unwrap_or_default();
        let failed = letters.lines().map(|letter| {
            let letter: Value = serde_json::from_str(letter).expect("JSON");
            let error = &letter["error"];
            let stage = ["envelope", "key", "message", "gunzip", "events", "guest"].map(Value::from);
            let stage = stage.iter().position(|stage| *stage == error["stage"]).expect("a stage") + 1;
            format!("{} {stage} {}", letter["index"], error["reason"].as_str().expect("a reason"))
        });
        (String::from_utf8(run.stdout).expect("UTF-8"), failed.collect())
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

/// Keys for the C program's callback: "ciphertext name value key", bytes in hexadecimal.
fn keys_in_lines(keyring: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let hex = |text: &Value| -> String {
        let bytes = BASE64_STANDARD.decode(text.as_str().expect("a text")).expect("base64");
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let keyring: Value = serde_json::from_str(keyring).expect("JSON");
    let line = |key: &Value| {
        let (name, value) = key["context"].as_object().expect("a context").iter().next().expect("a pair");
        let value = value.as_str().expect("a text");
        format!("{} {name} {value} {}\n", hex(&key["ciphertext"]), hex(&key["plaintext"]))
    };
    keyring["keys"].as_array().expect("keys").iter().map(line).collect()
}

#[test]
fn every_way_gives_the_lines_of_decode() {
    let faults = vec![Fault::ALL[0], Fault::ALL[7], Fault::ALL[15], Fault::ALL[23]];
    let place = Place::new(include_str!("../c/decode.c"), Engine::Postgres, faults);
    let resource = place.stream.resources()[0].clone();
    let transform = r#"{"rules":[{"name":"reads","keep":{"class":"READ"},"route":"reads"}],"heartbeats":"keep"}"#;
    let bare = place.file("transform.json", transform);
    let config = format!(r#"{{"keys":{{"keyring":"keys.json"}},"workers":3,"transform":{transform}}}"#);
    place.file("config.json", &config);
    place.file("keys.txt", &keys_in_lines(place.stream.keyring()));
    let (expected, failed) = place.expected(&bare);
    assert!(expected.lines().count() > 48, "too few events to compare");
    assert!(failed.len() > 1, "too few failures to compare");

    for way in ["batch", "one", "threads"] {
        let output = place.run(&[way, "config.json", "records.ndjson", &resource]);
        assert!(output.stdout == expected.as_bytes(), "{way}: other lines than decode's");
        assert_eq!(lines(&output.stderr), failed, "{way}");
    }
    let output = place.run(&["callback", "transform.json", "records.ndjson", &resource, "keys.txt"]);
    assert!(output.stdout == expected.as_bytes(), "callback: other lines than decode's");
    let mut said = lines(&output.stderr);
    let calls: usize = said.pop().and_then(|line| line.strip_prefix("calls ")?.parse().ok()).expect("calls");
    assert_eq!(said, failed, "callback");
    let keys = place.stream.data_keys();
    assert!((keys..=keys + failed.len()).contains(&calls), "{calls} calls for {keys} keys: four threads share a cache");
}

#[test]
fn a_stream_that_only_the_configuration_names() {
    let place = Place::new(include_str!("../c/decode.c"), Engine::Oracle, vec![]);
    let resources = serde_json::to_string(place.stream.resources()).expect("JSON");
    let bare = place.file("transform.json", "{}");
    place.file(
        "config.json",
        &format!(r#"{{"keys":{{"keyring":"keys.json"}},"transform":{{"resources":{resources}}}}}"#),
    );
    let output = place.run(&["batch", "config.json", "records.ndjson", "-"]);
    assert!(output.stdout == place.expected(&bare).0.as_bytes(), "other lines than decode's");
    assert!(!output.stdout.is_empty());
}

#[test]
fn every_error_is_told_and_leaves_nothing_behind() {
    let place = Place::new(include_str!("../c/errors.c"), Engine::Postgres, vec![]);
    let record = &place.stream.records[0].line;
    place.run(&[record, &place.stream.resources()[0]]);
}

#[test]
fn the_example_of_the_readme() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example in C");
    let place = Place::new(example, Engine::Mysql, vec![]);
    let (expected, _) = place.expected(&place.file("transform.json", "{}"));
    let run = format!("./program keys.json {} <records.ndjson", place.stream.resources()[0]);
    let mut command = Command::new("sh");
    command.args(["-c", &run]).current_dir(&place.folder).env("LD_LIBRARY_PATH", place.folder.path());
    let output = command.output().expect("sh");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.stdout == expected.as_bytes(), "other lines than decode's");
}
