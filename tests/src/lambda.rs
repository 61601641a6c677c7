//! AWS Lambda as a function sees it: the Runtime API over HTTP on a loopback port, as AWS documents it, and the program
//! as the function.
//!
//! `GET /2018-06-01/runtime/invocation/next` waits for an event; `POST ../invocation/<id>/response` and
//! `POST ../invocation/<id>/error` answer it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::built;

/// A function whose code is `dastap`. It ends with this.
pub struct Function {
    process: Child,
    events: Sender<Vec<u8>>,
    answers: Receiver<Answer>,
    time: Arc<Mutex<Duration>>,
    ready: Arc<AtomicBool>,
    folder: TempDir,
}

/// What the function said to one event.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// The answer.
    Response(Value),
    /// It failed the call as a whole.
    Error(Value),
}

/// How long a call or the end of the function may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(120);

impl Function {
    /// Starts `dastap lambda` with this configuration, as Lambda starts a `bootstrap`: without any argument.
    pub fn start(config: &str) -> Self {
        Function::with_files(config, &[])
    }

    /// The same with more files beside the configuration.
    pub fn with_files(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files.iter().chain([&("dastap.yaml", config)]) {
            std::fs::write(folder.path().join(name), text).expect("the folder is writable");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let ((events, to_hand_over), (sender, answers)) = (channel(), channel());
        let time = Arc::new(Mutex::new(PATIENCE));
        let ready = Arc::new(AtomicBool::new(false));
        let api = Arc::new(Api {
            events: Mutex::new((to_hand_over, 0)),
            answers: sender,
            time: Arc::clone(&time),
            ready: Arc::clone(&ready),
        });
        std::thread::spawn(move || serve(&listener, &api));
        let process = command(folder.path(), &address).spawn().expect("the function starts");
        Function { process, events, answers, time, ready, folder }
    }

    /// Calls the function with an event.
    pub fn call(&self, event: &[u8]) -> Answer {
        self.call_within(event, PATIENCE)
    }

    /// Calls the function, which is told that it has so much time.
    pub fn call_within(&self, event: &[u8], time: Duration) -> Answer {
        *self.time.lock().expect("nobody panics") = time;
        self.events.send(event.to_vec()).expect("the Runtime API is up");
        self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer; stderr is in {:?}", self.log()))
    }

    /// The answer to an event that must have one.
    #[track_caller]
    pub fn response(&self, event: &[u8]) -> Value {
        match self.call(event) {
            Answer::Response(answer) => answer,
            Answer::Error(error) => panic!("expected an answer, found {error}"),
        }
    }

    /// Waits until the function asks for an event.
    #[track_caller]
    pub fn wait_until_ready(&self) {
        let begun = std::time::Instant::now();
        while !self.ready.load(Ordering::Relaxed) {
            assert!(begun.elapsed() < PATIENCE, "not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the function has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    /// Waits until the function ends by itself: the exit code and the log.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let code = self.process.wait().expect("the function ends").code();
        (code, self.log())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path, address: &str) -> Command {
    let log = std::fs::File::create(folder.join("log")).expect("the folder is writable");
    let mut command = Command::new(built("dastap"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", address),
        ("AWS_LAMBDA_FUNCTION_NAME", "dastap"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("LAMBDA_TASK_ROOT", folder.to_str().expect("UTF-8")),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command.env_remove("DASTAP_LOG");
    command
}

/// The Runtime API of one function.
struct Api {
    /// The events to come, and how many have come.
    events: Mutex<(Receiver<Vec<u8>>, u32)>,
    answers: Sender<Answer>,
    time: Arc<Mutex<Duration>>,
    ready: Arc<AtomicBool>,
}

/// Each connection on a thread of its own; it ends with the function.
fn serve(listener: &TcpListener, api: &Arc<Api>) {
    for connection in listener.incoming() {
        let (connection, api) = (connection.expect("a connection"), Arc::clone(api));
        std::thread::spawn(move || converse(connection, &api));
    }
}

/// Nothing, when the other side has gone.
fn converse(connection: TcpStream, api: &Api) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut writer = connection;
    loop {
        let (method, path, body) = request(&mut reader)?;
        let path = path.strip_prefix("/2018-06-01/runtime/invocation/").expect("a path of the Runtime API").to_owned();
        if (method.as_str(), path.as_str()) == ("GET", "next") {
            api.ready.store(true, Ordering::Relaxed);
            let mut events = api.events.lock().expect("nobody panics");
            let event = events.0.recv().ok()?;
            events.1 += 1;
            let time = *api.time.lock().expect("nobody panics");
            let deadline = (SystemTime::now() + time).duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
            write!(
                writer,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Lambda-Runtime-Aws-Request-Id: request-{}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:dastap\r\n\
                 Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n\r\n",
                event.len(),
                events.1,
            )
            .ok()?;
            writer.write_all(&event).ok()?;
            continue;
        }
        assert!(body.len() <= 6 << 20, "Lambda takes no answer of {} bytes", body.len());
        let body = serde_json::from_slice(&body).expect("JSON");
        let answer = match (method.as_str(), path.split_once('/')) {
            ("POST", Some((_, "response"))) => Answer::Response(body),
            ("POST", Some((_, "error"))) => Answer::Error(body),
            other => panic!("expected an answer, found {other:?}"),
        };
        write!(writer, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").ok()?;
        api.answers.send(answer).ok()?;
    }
}

/// The next request: method, path, body.
fn request(reader: &mut impl BufRead) -> Option<(String, String, Vec<u8>)> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut length = 0;
    loop {
        let header = line()?;
        match header.split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, _)) => assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "expected a length"),
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, body))
}
