//! What the tests of the pipelines share: one corpus that each of them decodes, a folder with a pipeline's own files, and
//! the programs that run in it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use dastap::synth::Settings;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::built;
use crate::running::free_address;
use crate::stream::Synthetic;

/// How long a pipeline may take. A machine under load is slow; a pipeline that stands still fails all the same.
const PATIENCE: Duration = Duration::from_secs(240);

/// The records that every pipeline decodes: what `dastap gen` makes when it is told nothing, and the events in them.
pub struct Corpus {
    /// The records with their keyring.
    pub stream: Synthetic,
    /// What `dastap decode` gives: one event a line.
    pub lines: Vec<String>,
}

impl Corpus {
    /// The corpus, made once.
    pub fn shared() -> &'static Corpus {
        static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
            let stream = Synthetic::new(Settings::default());
            assert_eq!(stream.records.len(), 1000, "what `dastap gen` makes");
            let lines = stream.decode("{}").lines;
            Corpus { stream, lines }
        });
        &CORPUS
    }

    /// The ids of its events.
    pub fn ids(&self) -> BTreeSet<String> {
        ids(&self.lines.iter().map(|line| json(line)).collect::<Vec<_>>())
    }
}

/// A folder with the files of `pipelines/<name>`, changed in nothing but where things are.
pub struct Installed {
    folder: TempDir,
}

impl Installed {
    /// Copies the files, and the corpus' keyring. Where a file names a path or an address as an installation has it, it
    /// names this folder, the program under test, and what `places` says.
    pub fn new(pipeline: &str, places: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().to_str().expect("UTF-8").to_owned();
        let program = built("dastap");
        let program = program.to_str().expect("UTF-8");
        let usual = [
            ("/usr/local/bin/dastap", program),
            ("/etc/dastap", &here),
            ("/var/log/dastap", &here),
            ("/var/spool/dastap", &here),
        ];
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines").join(pipeline);
        for entry in std::fs::read_dir(&source).expect("the pipeline's folder") {
            let path = entry.expect("an entry").path();
            let mut text = std::fs::read_to_string(&path).expect("a text");
            for (usual, here) in usual.iter().chain(places) {
                text = text.replace(usual, here);
            }
            std::fs::write(folder.path().join(path.file_name().expect("a name")), text)
                .expect("the folder is writable");
        }
        std::fs::write(folder.path().join("keyring.json"), Corpus::shared().stream.keyring()).expect("writable");
        Installed { folder }
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A text in the folder; empty as long as there is none.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The whole lines of a file in the folder, each of them JSON.
    pub fn values(&self, name: &str) -> Vec<Value> {
        let text = self.text(name);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(json).collect()
    }

    /// Starts a program in the folder, in a process group of its own; what it says goes to a file `log`.
    pub fn start(&self, command: &mut Command) -> Running {
        use std::os::unix::process::CommandExt;
        let log = File::options().create(true).append(true).open(self.path("log")).expect("the folder is writable");
        let errors = log.try_clone().expect("a file");
        command.current_dir(&self.folder).process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
        command.env_remove("RUST_LOG").env("AWS_EC2_METADATA_DISABLED", "true");
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Running { process }
    }

    /// Waits until this is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "waited for: {what}; the log says: {}", self.text("log"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a file has all events of the corpus, and checks that they are these and no others, none twice and none
    /// changed.
    #[track_caller]
    pub fn expect_corpus(&self, file: &str) {
        self.expect_values(file);
        let mut found: Vec<String> = self.values(file).iter().map(Value::to_string).collect();
        let mut expected: Vec<String> = Corpus::shared().lines.iter().map(|line| json(line).to_string()).collect();
        found.sort();
        expected.sort();
        assert!(found == expected, "every event as `dastap decode` writes it");
    }

    /// The same of a pipeline that writes an event's members in an order of its own.
    #[track_caller]
    pub fn expect_values(&self, file: &str) {
        let corpus = Corpus::shared();
        self.until("all events", || self.text(file).lines().count() >= corpus.lines.len());
        let found = self.values(file);
        assert_eq!(found.len(), corpus.lines.len(), "events, none twice");
        assert_eq!(ids(&found), corpus.ids());
        let by_id = |event: Value| (event["eventId"].to_string(), event);
        let found: HashMap<String, Value> = found.into_iter().map(by_id).collect();
        let expected: HashMap<String, Value> = corpus.lines.iter().map(|line| by_id(json(line))).collect();
        assert!(found == expected, "every event with the values that `dastap decode` writes");
    }
}

/// A program that runs. It and its children end with this.
pub struct Running {
    process: Child,
}

impl Running {
    /// Tells the program, and no child of it, to stop, and waits for its end.
    pub fn stop(mut self) -> std::process::ExitStatus {
        self.signal("TERM", &self.process.id().to_string());
        self.process.wait().expect("a process")
    }

    /// Waits for the program's own end.
    pub fn ended(mut self) -> std::process::ExitStatus {
        self.process.wait().expect("a process")
    }

    /// Tells the program and all its children to stop, and waits for the program's end.
    pub fn stop_all(mut self) -> std::process::ExitStatus {
        self.signal("TERM", &format!("-{}", self.process.id()));
        self.process.wait().expect("a process")
    }

    /// Ends the children of the program at once, without a word; the program itself goes on.
    pub fn kill_children(&self) {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("a process");
        for thread in threads {
            // A thread that ends meanwhile has no children.
            let children = std::fs::read_to_string(thread.expect("a thread").path().join("children"));
            children.unwrap_or_default().split_whitespace().for_each(|child| self.signal("KILL", child));
        }
    }

    /// Ends the program and all its children at once, without a word.
    pub fn kill(self) {
        drop(self);
    }

    fn signal(&self, signal: &str, whom: &str) {
        // Nobody is left to be told when they have all ended.
        let _ = Command::new("kill").args(["-s", signal, "--", whom]).stderr(Stdio::null()).status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal("KILL", &format!("-{}", self.process.id()));
        let _ = self.process.wait();
    }
}

/// Sends text to a port once somebody listens there.
pub fn send(port: u16, text: &str) {
    let begun = Instant::now();
    let mut connection = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => break connection,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "port {port}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    connection.write_all(text.as_bytes()).expect("the other side reads");
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    free_address().port()
}

/// The `eventId`s.
pub fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["eventId"].as_str().unwrap_or_else(|| panic!("an event: {event}")).into()).collect()
}

/// A line as a value.
pub fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Where `make` puts programs that cannot be installed into the system: `DASTAP_PEERS`, or in the target directory.
pub fn peers() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers");
    std::env::var_os("DASTAP_PEERS").map_or_else(beside, PathBuf::from)
}

/// A program of a package manager; missing, it is named.
pub fn installed(program: &Path, package: &str) -> Command {
    assert!(program.exists(), "{} is missing: run `make test`, which installs {package}", program.display());
    Command::new(program)
}
