//! The plugin through a loader that calls it as Fluent Bit does, and the Lua script under LuaJIT, on the same records:
//! both give the events of `dastap decode`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dastap::synth::{Engine, Fault, Settings};
use dastap_tests::stream::Synthetic;
use rmpv::Value;

const REPLACED: &str = "1";
const UNTOUCHED: &str = "2";

/// A folder with the files of a stream, and how to run both forms on it.
struct Place {
    folder: tempfile::TempDir,
    stream: Synthetic,
}

impl Place {
    fn new(records: u64, faults: &[Fault]) -> Self {
        let settings = Settings {
            engines: vec![Engine::Postgres],
            records,
            events: 1..=12,
            faults: faults.to_vec(),
            ..Settings::default()
        };
        let place = Place { folder: tempfile::tempdir().expect("a folder"), stream: Synthetic::new(settings) };
        place.file("keys.json", place.stream.keyring());
        place.file("records.ndjson", place.stream.text());
        place.file("dastap.yaml", "keys: { keyring: keys.json }\n");
        place.file("transform.yaml", "{}\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).expect("the folder is writable");
        self.path(name)
    }

    fn resource(&self) -> &str {
        &self.stream.resources()[0]
    }

    /// The lines of `dastap decode`, and how many records failed.
    fn expected(&self) -> (Vec<String>, usize) {
        let run = self.stream.run("decode", self.folder.path()).arg("--config").arg(self.path("transform.yaml")).run();
        let letters = fs::read_to_string(run.folder.path().join("dastap-failed.ndjson")).unwrap_or_default();
        (lines(&run.stdout), letters.lines().count())
    }

    /// The loader on one chunk: what the plugin returned, and the chunk that it made.
    fn filter(&self, chunk: &[Value], options: &[&str]) -> (String, Vec<Value>) {
        let (program, plugin) = (self.path("loader"), built("libflb_filter_dastap.so"));
        if !program.exists() {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/loader.c");
            let flags = ["-Wall", "-Wextra", "-Werror", "-std=c11", "-rdynamic", "-o"];
            done(Command::new("gcc").args(flags).arg(&program).arg(source).arg("-ldl"));
        }
        let mut packed = Vec::new();
        for record in chunk {
            rmpv::encode::write_value(&mut packed, record).expect("memory");
        }
        let (chunk, made) = (self.file("chunk", packed), self.path("made"));
        let run = Command::new(program)
            .arg(plugin)
            .arg("1")
            .args([&chunk, &made])
            .args(options)
            .current_dir(&self.folder)
            .output()
            .expect("the loader runs");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{}: {}", run.status, String::from_utf8_lossy(&run.stderr));
        let bytes = fs::read(made).expect("a chunk");
        let mut rest = bytes.as_slice();
        let records = std::iter::from_fn(|| {
            (!rest.is_empty()).then(|| rmpv::decode::read_value(&mut rest).expect("MessagePack"))
        });
        let records = records.collect();
        (said.split(' ').next().expect("a code").to_owned(), records)
    }
}

/// A log record: time, metadata, body.
fn record(seconds: i32, body: Vec<(Value, Value)>) -> Value {
    let time = Value::Ext(0, [seconds.to_be_bytes(), 7_i32.to_be_bytes()].concat());
    let metadata = Value::Map(vec![(Value::from("from"), Value::from(seconds))]);
    Value::Array(vec![Value::Array(vec![time, metadata]), Value::Map(body)])
}

fn sealed(seconds: i32, line: &str) -> Value {
    record(seconds, vec![(Value::from("log"), Value::from(line)), (Value::from("kept"), Value::from("kept"))])
}

/// MessagePack as the JSON that it came from.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Nil => serde_json::Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, number) => number.into(),
        },
        Value::F64(number) => (*number).into(),
        Value::String(text) => text.as_str().expect("UTF-8").into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Map(members) => {
            members.iter().map(|(name, value)| (name.as_str().expect("a text").to_owned(), json(value))).collect()
        }
        other => panic!("{other} is no JSON"),
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

fn values(lines: &[String]) -> Vec<serde_json::Value> {
    lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A library of this workspace, beside the tests that run now.
fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the path of the tests");
    let library = tests.ancestors().nth(2).expect("target/<profile>/deps/<tests>").join(name);
    assert!(library.is_file(), "{} is missing: run `make test`, which builds it first", library.display());
    library
}

#[track_caller]
fn done(command: &mut Command) -> Output {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run `make test`, which installs it"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_thousand_records_through_the_plugin_and_through_lua_are_the_events_of_decode() {
    let place = Place::new(1000, &Fault::ALL[..12]);
    let (expected, failed) = place.expected();
    assert!(expected.len() > 2500 && failed >= 10, "{} events, {failed} failures", expected.len());

    let chunk: Vec<Value> =
        place.stream.records.iter().zip(1..).map(|(record, time)| sealed(time, &record.line)).collect();
    let resource = format!("Resource_Id={}", place.resource());
    let (code, made) = place.filter(&chunk, &["Config=dastap.yaml", "Key=log", &resource]);
    assert_eq!(code, REPLACED);
    let mut events = Vec::new();
    let mut kept = 0;
    let mut last = 0;
    for record in &made {
        let (head, body) = (&record[0], json(&record[1]));
        let seconds = head[1]["from"].as_i64().expect("the metadata of its record");
        assert!(seconds >= last, "the order is kept");
        last = seconds;
        if body.get("dastap_error").is_some() {
            assert_eq!(body["kept"], "kept");
            let line = &place.stream.records[usize::try_from(seconds).expect("small") - 1].line;
            assert_eq!(body["log"].as_str(), Some(line.as_str()));
            kept += 1;
        } else {
            events.push(body);
        }
    }
    assert_eq!(kept, failed);
    assert!(events == values(&expected), "other events than decode's");

    for name in ["libdastap.so", "libdastap.so.1"] {
        symlink(built("libdastap.so"), place.path(name)).expect("the folder is writable");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = done(
        Command::new("luajit")
            .arg(root.join("tests/peer/caller.lua"))
            .arg(root.join("dastap.lua"))
            .args(["log", "records.ndjson"])
            .current_dir(&place.folder)
            .env("DASTAP_LIBRARY", place.path("libdastap.so.1"))
            .env("DASTAP_CONFIG", "dastap.yaml")
            .env("DASTAP_RESOURCE_ID", place.resource()),
    );
    assert_eq!(lines(&output.stderr).len(), failed);
    assert!(lines(&output.stdout) == expected, "other lines than decode's");
}

#[test]
fn what_is_no_encrypted_record_stays() {
    let place = Place::new(2, &[]);
    let resource = format!("resource_id={}", place.resource());
    let options = ["Config=dastap.yaml", &resource];
    let text = |name: &str, text: &str| (Value::from(name), Value::from(text));
    let line = &place.stream.records[0].line;
    let (begin, end) = (record(-1, vec![text("log", line)]), record(-2, vec![text("log", line)]));
    let other = record(5, vec![text("message", "hello")]);
    let old = Value::Array(vec![Value::from(9), Value::Map(vec![text("log", "{}")])]);
    let (code, made) = place.filter(&[begin.clone(), other.clone(), sealed(6, "no JSON"), end.clone(), old], &options);
    assert_eq!((code.as_str(), made.len()), (REPLACED, 5));
    assert_eq!((&made[0], &made[3]), (&begin, &end), "group markers pass through");
    assert_eq!(made[1][0], other[0]);
    assert_eq!(
        (made[1][1]["message"].as_str(), made[1][1]["dastap_error"]["reason"].as_str()),
        (Some("hello"), Some("no-record"))
    );
    assert_eq!(
        (made[2][1]["log"].as_str(), made[2][1]["dastap_error"]["stage"].as_str()),
        (Some("no JSON"), Some("envelope"))
    );
    assert_eq!(made[2][1]["dastap_error"]["retryable"].as_bool(), Some(false));
    assert_eq!((made[4][0].as_i64(), made[4][1]["dastap_error"]["stage"].as_str()), (Some(9), Some("envelope")));

    // No chunk, and one whose second record is none: nothing of either is touched.
    assert_eq!(place.filter(&[], &options), (UNTOUCHED.to_owned(), vec![]));
    assert_eq!(place.filter(&[sealed(1, line), Value::from(1)], &options), (UNTOUCHED.to_owned(), vec![]));

    // A wrong resource id is an error of each record, not of the chunk.
    let (code, made) = place.filter(&[sealed(1, line)], &["Config=dastap.yaml", "Resource_Id=cluster-OTHER"]);
    assert_eq!((code.as_str(), made[0][1]["dastap_error"]["stage"].as_str()), (REPLACED, Some("key")));
}

#[test]
fn all_events_dropped_leave_an_empty_chunk() {
    let place = Place::new(3, &[]);
    place.file("dastap.yaml", "keys: { keyring: keys.json }\ntransform: { otherwise: drop }\n");
    let resource = format!("Resource_Id={}", place.resource());
    let chunk: Vec<Value> = place.stream.records.iter().map(|record| sealed(1, &record.line)).collect();
    assert_eq!(place.filter(&chunk, &["Config=dastap.yaml", &resource]), (REPLACED.to_owned(), vec![]));
}
