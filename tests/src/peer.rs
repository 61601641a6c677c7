//! The foreign side: the Python programs of `peer/`, child processes that answer one JSON line with one JSON line, or
//! all of their stdin at once.

mod azure;
mod kinesis;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

/// Runs a program of `peer/` that reads its stdin to the end and answers on stdout.
///
/// # Errors
/// What it said on stdout and stderr, when it did not end well.
pub fn run(program: &str, arguments: &[&OsStr], stdin: &[u8]) -> Result<String, String> {
    let mut process = Command::new(python())
        .arg(folder().join(program))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the peer starts");
    let mut input = process.stdin.take().expect("a piped stdin");
    let output = std::thread::scope(|scope| {
        // It may end before it has read everything: then what it says is the answer.
        scope.spawn(move || input.write_all(stdin));
        process.wait_with_output().expect("the peer ends")
    });
    let [said, complaint] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    if output.status.success() { Ok(said) } else { Err(said + &complaint) }
}

pub use azure::Azure;
pub use kinesis::Kinesis;

/// One running program. It ends when its stdin does, that is, with this value or with the test.
pub(crate) struct Peer {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// AWS's own Encryption SDK.
pub struct Sdk(Peer);

/// A KMS that speaks HTTP on a loopback port, with one key.
pub struct Kms {
    peer: Peer,
    /// Its URL.
    pub endpoint: String,
    /// The id of its key.
    pub key_id: String,
}

/// S3 with the bucket `das`, and a KMS with one key, at one loopback port.
pub struct S3 {
    peer: Peer,
    /// Its URL.
    pub endpoint: String,
}

/// An object in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub key: String,
    /// Its content type.
    pub kind: String,
    /// What is in it.
    pub body: Vec<u8>,
}

/// What the SDK is asked to encrypt.
pub struct Encrypt<'a> {
    /// The id of the algorithm suite.
    pub suite: u16,
    /// Bytes of a frame, a multiple of 128; 0 makes one unframed block.
    pub frame_length: u32,
    /// What goes into the message.
    pub payload: &'a [u8],
    /// The encryption context.
    pub context: &'a [(&'a str, &'a str)],
    /// The names of the pairs that are authenticated without being stored.
    pub authenticate_only: &'a [&'a str],
    /// Who may open the message: its encrypted data keys, in this order.
    pub keys: &'a [Entry<'a>],
}

/// Who may open a message: one encrypted data key.
#[derive(Clone, Copy)]
pub enum Entry<'a> {
    /// A raw AES wrapping key: provider, name, key.
    Aes(&'a str, &'a str, &'a [u8]),
    /// A raw RSA key that nobody has: provider, name.
    Rsa(&'a str, &'a str),
}

impl Sdk {
    /// The SDK: one process for all tests, which ends with them.
    pub fn shared() -> MutexGuard<'static, Sdk> {
        static SDK: LazyLock<Mutex<Sdk>> = LazyLock::new(|| Mutex::new(Sdk(Peer::start("encrypt.py", &[]))));
        // A test that failed while it held the SDK has still had its answer.
        SDK.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encrypts one message.
    pub fn encrypt(&mut self, wanted: &Encrypt<'_>) -> Vec<u8> {
        let answer = self.0.ask(&json!({
            "do": "encrypt",
            "suite": format!("0x{:04x}", wanted.suite),
            "frameLength": wanted.frame_length,
            "payload": BASE64_STANDARD.encode(wanted.payload),
            "context": context(wanted.context),
            "authenticateOnly": wanted.authenticate_only,
            "keys": wanted.keys.iter().map(|entry| entry.json()).collect::<Vec<_>>(),
        }));
        payload(&answer).unwrap_or_else(|error| panic!("the SDK does not encrypt: {error}"))
    }

    /// Decrypts one message, or says why not.
    pub fn decrypt(&mut self, message: &[u8], keys: &[Entry<'_>]) -> Result<Vec<u8>, String> {
        payload(&self.0.ask(&json!({
            "do": "decrypt",
            "payload": BASE64_STANDARD.encode(message),
            "keys": keys.iter().map(|entry| entry.json()).collect::<Vec<_>>(),
        })))
    }
}

impl Kms {
    /// Starts the service and makes its key.
    pub fn start() -> Self {
        let mut peer = Peer::start("kms.py", &[]);
        let hello = peer.answer();
        let text = |name: &str| hello[name].as_str().expect("a text").to_owned();
        Kms { endpoint: text("endpoint"), key_id: text("keyId"), peer }
    }

    /// Encrypts a data key under the service's key: the blob that stands in a record's `key`.
    pub fn encrypt(&mut self, data_key: &[u8], pairs: &[(&str, &str)]) -> Vec<u8> {
        let plaintext = BASE64_STANDARD.encode(data_key);
        let answer = self.peer.ask(&json!({ "do": "encrypt", "plaintext": plaintext, "context": context(pairs) }));
        BASE64_STANDARD.decode(answer["ciphertext"].as_str().expect("a blob")).expect("base64")
    }

    /// Disables the service's key.
    pub fn disable_key(&mut self) {
        self.peer.ask(&json!({ "do": "disable" }));
    }

    /// Fails the next `Decrypt` requests with an HTTP status and an error code of AWS; 0 times: none any more.
    pub fn fail(&mut self, status: u16, code: &str, times: u32) {
        self.peer.ask(&json!({ "do": "fail", "status": status, "code": code, "times": times }));
    }

    /// Fails this share of all `Decrypt` requests from now on.
    pub fn fail_share(&mut self, share: f64, status: u16, code: &str) {
        let failure = json!({ "do": "fail", "status": status, "code": code, "times": u32::MAX, "share": share });
        self.peer.ask(&failure);
    }

    /// Nobody listens any more, until [`Self::open`].
    pub fn close(&mut self) {
        self.peer.ask(&json!({ "do": "close" }));
    }

    /// It is back.
    pub fn open(&mut self) {
        self.peer.ask(&json!({ "do": "open" }));
    }

    /// How many `Decrypt` requests have reached the service.
    pub fn decrypt_calls(&mut self) -> u64 {
        self.peer.ask(&json!({ "do": "calls" }))["Decrypt"].as_u64().unwrap_or(0)
    }
}

impl S3 {
    /// Starts the service and makes bucket and key.
    pub fn start() -> Self {
        let mut peer = Peer::start("s3.py", &[]);
        let endpoint = peer.answer()["endpoint"].as_str().expect("a text").to_owned();
        S3 { endpoint, peer }
    }

    /// Puts an object.
    pub fn put(&mut self, key: &str, body: &[u8]) {
        self.peer.ask(&json!({ "do": "put", "key": key, "body": BASE64_STANDARD.encode(body) }));
    }

    /// All objects, by name.
    pub fn objects(&mut self) -> Vec<Stored> {
        stored(&self.peer.ask(&json!({ "do": "objects" })))
    }

    /// How many uploads in parts are neither complete nor called off.
    pub fn uploads(&mut self) -> u64 {
        self.peer.ask(&json!({ "do": "uploads" }))["uploads"].as_u64().expect("a number")
    }

    /// Fails the program's next requests to S3 with this method.
    pub fn fail(&mut self, method: &str, status: u16, times: u32) {
        self.peer.ask(&json!({ "do": "fail", "method": method, "status": status, "times": times }));
    }

    /// How many of the program's requests have reached S3: by method, or `part`.
    pub fn calls(&mut self, what: &str) -> u64 {
        self.peer.ask(&json!({ "do": "calls" }))[what].as_u64().unwrap_or(0)
    }

    /// Encrypts a data key under the key of the KMS.
    pub fn encrypt(&mut self, data_key: &[u8], pairs: &[(&str, &str)]) -> Vec<u8> {
        let plaintext = BASE64_STANDARD.encode(data_key);
        let answer = self.peer.ask(&json!({ "do": "encrypt", "plaintext": plaintext, "context": context(pairs) }));
        BASE64_STANDARD.decode(answer["ciphertext"].as_str().expect("a blob")).expect("base64")
    }
}

impl Peer {
    pub(crate) fn start(program: &str, arguments: &[&OsStr]) -> Self {
        let mut process = Command::new(python())
            .arg(folder().join(program))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("a piped stdout"));
        Peer { process, requests, answers }
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        let requests = self.requests.as_mut().expect("open until dropped");
        writeln!(requests, "{request}").expect("the peer listens");
        self.answer()
    }

    pub(crate) fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the peer ended; what it said is on stderr"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.requests.take());
        // Nothing is left to say if waiting fails: the process is gone.
        let _ = self.process.wait();
    }
}

impl Entry<'_> {
    fn json(self) -> Value {
        match self {
            Entry::Aes(provider, name, key) => {
                json!({ "kind": "aes", "provider": provider, "name": name, "key": BASE64_STANDARD.encode(key) })
            }
            Entry::Rsa(provider, name) => json!({ "kind": "rsa", "provider": provider, "name": name }),
        }
    }
}

/// The objects in an answer.
fn stored(answer: &Value) -> Vec<Stored> {
    let text = |object: &Value, name: &str| object[name].as_str().expect("a text").to_owned();
    let stored = |object: &Value| Stored {
        key: text(object, "key"),
        kind: text(object, "type"),
        body: BASE64_STANDARD.decode(text(object, "body")).expect("base64"),
    };
    answer["objects"].as_array().expect("a list").iter().map(stored).collect()
}

fn context(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| (name.to_string(), Value::from(*value))).collect()
}

fn payload(answer: &Value) -> Result<Vec<u8>, String> {
    match answer["payload"].as_str() {
        Some(payload) => Ok(BASE64_STANDARD.decode(payload).expect("base64")),
        None => Err(answer["error"].to_string()),
    }
}

/// A program of `peer/`, for who starts it in another way.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(python());
    command.arg(folder().join(program));
    command
}

/// Where the programs are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peer")
}

/// `DASTAP_PYTHON`, or the virtual environment that `make` puts into the target directory.
pub fn python() -> PathBuf {
    let python = std::env::var_os("DASTAP_PYTHON")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python"), PathBuf::from);
    assert!(python.is_file(), "{} is missing: run `make test`, which installs it", python.display());
    python
}
