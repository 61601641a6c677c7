//! A `dastap` that goes on while a test does something: watched through its log, told to stop, or killed.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A process that is killed with this value, if it has not ended.
pub struct Running {
    child: Child,
    log: PathBuf,
    /// Its own, if it has one.
    _folder: TempDir,
}

/// So long anything may take before a test gives up; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// SIGTERM, as `/proc` counts signals.
const TERM: u32 = 15;

impl Running {
    /// Starts the command in its folder, with stderr in the file `log` there, behind what is in it.
    pub(crate) fn of(mut command: Command, folder: TempDir) -> Self {
        let log = command.get_current_dir().unwrap_or(folder.path()).join("log");
        let file = File::options().append(true).create(true).open(&log).expect("the folder is writable");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(file).spawn();
        Running { child: child.expect("the program starts"), log, _folder: folder }
    }

    /// The process' number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The end of its stdin that is written to. Otherwise it stays open and empty until [`Self::end`].
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("nobody has it yet")
    }

    /// All that was logged so far, by runs before this one in the same folder too.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).expect("a log")).into_owned()
    }

    /// SIGTERM, as an operator or a container platform sends it, as soon as the process catches it.
    #[track_caller]
    pub fn terminate(&mut self) {
        self.until("it catches signals", |this| this.catches(TERM) || this.has_ended());
        if !self.has_ended() {
            self.signal("TERM");
        }
    }

    /// SIGTERM, then waits for the end; the exit code.
    #[track_caller]
    pub fn stop(mut self) -> i32 {
        self.terminate();
        self.end()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it was started");
        self.child.wait().expect("it ends");
    }

    /// Waits for the end; the exit code, 126 when a signal ended it.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        drop(self.child.stdin.take());
        self.until("the process ends", Self::has_ended);
        self.child.wait().expect("a status").code().unwrap_or(126)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_some()
    }

    /// Waits until something is so. It is not once the process has ended.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        loop {
            let is_last = self.has_ended() || begun.elapsed() > PATIENCE;
            if is_so(self) {
                return;
            }
            assert!(!is_last, "waited in vain: {what}; log: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until somebody listens there.
    #[track_caller]
    pub fn until_it_listens(&mut self, address: SocketAddr) {
        self.until("it listens", |_| TcpStream::connect(address).is_ok());
    }

    /// A number of `/proc/<pid>/status`; none when the process has ended.
    pub fn status(&self, name: &str) -> Option<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.split_whitespace().next().map(str::to_owned)
    }

    fn catches(&self, signal: u32) -> bool {
        let caught = self.status("SigCgt").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
        caught.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(told.expect("kill is there").success(), "a process that was not waited for is there");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
