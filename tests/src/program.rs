//! The program under test, as a user runs it: a process with arguments, an input, an exit code, and a peak of memory.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Where the peak of memory is noted, in the folder of the run.
const PEAK: &str = "peak";

/// One run of `dastap`, in an empty folder of its own.
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
        let mut command = Command::new(built("peak"));
        command
            .arg(PEAK)
            .args([built("dastap").as_os_str(), OsStr::new(subcommand)])
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

    /// With a signal ignored, such as `XFSZ`: then a file that may not grow is an error, as on a full disk.
    pub fn ignoring(mut self, signal: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' {signal}; exec \"$@\""), "sh"]).arg(self.command.get_program());
        shell.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        self.command = shell;
        self.command.current_dir(&self.folder);
        self
    }

    /// What the process reads from stdin.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Outcome {
        let Dastap { mut command, stdin, folder } = self;
        let mut child = spawn(&mut command);
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
    pub fn start(&mut self) -> Child {
        spawn(&mut self.command)
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

/// Asks a process to end, as an operator or a container platform does.
pub fn terminate(child: &Child) {
    let kill = Command::new("kill").args(["-TERM", &program(child).to_string()]).status().expect("kill runs");
    assert!(kill.success());
}

/// The process of the program itself, which is started by the one that notes its memory.
fn program(child: &Child) -> u32 {
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let children = std::fs::read_to_string(children).expect("Linux tells the children of a process");
    children.split_whitespace().next().and_then(|id| id.parse().ok()).unwrap_or_else(|| child.id())
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// A program of this workspace, beside the tests that run now.
pub fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the path of the tests");
    let program = tests.ancestors().nth(2).expect("target/<profile>/deps/<tests>").join(name);
    assert!(program.is_file(), "{} is missing: run `make test`, which builds it first", program.display());
    program
}
