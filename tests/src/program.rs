//! The program under test, as a user runs it: a process with arguments, an input, an exit code, and a peak of memory.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::running::Running;

/// Where the peak of memory is noted, in the folder of the run.
const PEAK: &str = "peak";

/// One run of `dastap`, in an empty folder of its own unless it is given one.
pub struct Dastap {
    command: Command,
    stdin: Vec<u8>,
    folder: TempDir,
}

/// How a run ended.
pub struct Outcome {
    /// The exit code; 126 when a signal ended the process.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
    /// Its largest resident size, in bytes.
    pub peak: u64,
    /// The folder it ran in.
    pub folder: TempDir,
}

impl Dastap {
    /// `dastap SUBCOMMAND`, with AWS credentials that only a fake KMS accepts, and no settings of the user who runs the
    /// tests.
    pub fn new(subcommand: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(built("dastap"));
        command
            .arg(subcommand)
            .current_dir(&folder)
            .env_remove("RUST_LOG")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Dastap { command, stdin: Vec::new(), folder }
    }

    /// `dastap decode --keyring FILE`.
    pub fn decode(keyring: &Path) -> Self {
        Dastap::new("decode").arg("--keyring").arg(keyring)
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// More arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// In a folder that is there already, and stays.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With a signal ignored, such as `XFSZ`: then a file that may not grow is an error, as on a full disk.
    pub fn ignoring(mut self, signal: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' {signal}; exec \"$@\""), "sh"]);
        self.command = started_by(shell, &self.command);
        self
    }

    /// What the process reads from stdin.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Outcome {
        let Dastap { command, stdin, folder } = self;
        let mut watched = Command::new(built("peak"));
        watched.arg(folder.path().join(PEAK));
        let mut child = with_pipes(&mut started_by(watched, &command));
        let mut input = child.stdin.take().expect("a piped stdin");
        let output = std::thread::scope(|scope| {
            // The program may end before it has read everything: that is its right.
            scope.spawn(move || input.write_all(&stdin));
            child.wait_with_output().expect("the program ends")
        });
        Outcome {
            code: output.status.code().unwrap_or(126),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            peak: std::fs::read_to_string(folder.path().join(PEAK)).expect("a peak").parse().expect("a number"),
            folder,
        }
    }

    /// Starts it and leaves its pipes to the caller.
    pub fn piped(&mut self) -> Child {
        with_pipes(&mut self.command)
    }

    /// The command alone, for who starts it in another way. Its folder must have been given.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Starts it and lets it run; what it logs is kept in its folder.
    pub fn start(self) -> Running {
        Running::of(self.command, self.folder)
    }
}

impl Outcome {
    /// The lines of stdout, each of them JSON.
    pub fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.stdout).expect("stdout is UTF-8");
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is complete");
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// Panics, with what the program said, unless it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code; stderr: {}", self.stderr);
        self
    }
}

/// The same command as an argument of another one.
fn started_by(mut starter: Command, command: &Command) -> Command {
    starter.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => starter.env(name, value),
            None => starter.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        starter.current_dir(folder);
    }
    starter
}

fn with_pipes(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// The program under test is `DASTAP` where that is set: a release build, say. It and all others of this workspace are
/// beside the tests that run now.
pub fn built(name: &str) -> PathBuf {
    if let Some(program) = std::env::var_os("DASTAP").filter(|_| name == "dastap") {
        return program.into();
    }
    let tests = std::env::current_exe().expect("the path of the tests");
    // target/<profile>/<program>, or target/<profile>/deps/<tests>
    let program = tests.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|program| program.is_file());
    program.unwrap_or_else(|| panic!("{name} is missing: run `make test`, which builds it first"))
}
