//! `dastap run` as a long-running process: started, watched through what it writes, stopped or killed.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::built;

/// A process that is killed with this value, if it has not ended.
pub struct Running {
    child: Child,
    log: std::path::PathBuf,
    /// How many runs before this one wrote to the log that they run.
    before: usize,
}

/// What a run logs as soon as it listens to signals; one that comes before ends it as it ends any process.
const RUNS: &str = "INFO running";

/// So long anything may take before a test gives up; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

impl Running {
    /// `dastap run -v CONFIG` in a folder, its stderr in `log` there.
    pub fn start(folder: &Path, config: &str) -> Self {
        let log = folder.join("log");
        let file = File::options().append(true).create(true).open(&log).expect("the folder is writable");
        let before = std::fs::read_to_string(&log).expect("a log").matches(RUNS).count();
        let child = Command::new(built("dastap"))
            .args(["run", "-v", config])
            .current_dir(folder)
            .env_remove("RUST_LOG")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        Running { child, log, before }
    }

    /// The process' number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that was logged so far, by runs before this one too.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).expect("a log")).into_owned()
    }

    /// SIGTERM, then waits for the end; the exit code.
    pub fn stop(mut self) -> i32 {
        self.until("it listens to signals", |this| this.log().matches(RUNS).count() > this.before);
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill is there").success());
        self.end()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Waits for the end; the exit code, 126 when a signal ended it.
    pub fn end(&mut self) -> i32 {
        let mut code = None;
        self.until("the process ends", |this| {
            code = this.child.try_wait().expect("a status").map(|status| status.code().unwrap_or(126));
            code.is_some()
        });
        code.expect("it has ended")
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}; log: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
