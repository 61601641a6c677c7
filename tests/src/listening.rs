//! `dastap run` while it runs: started with a configuration, told to stop as a container platform does.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::built;

/// A listening `dastap run`, in a folder of its own. It ends with this value.
pub struct Listening {
    process: Child,
    folder: TempDir,
}

impl Listening {
    /// Starts it in this folder, with the configuration that is written there, and waits until it listens.
    pub fn start(folder: TempDir, config: &str, listens: SocketAddr) -> Self {
        std::fs::write(folder.path().join("dastap.yaml"), config).expect("the folder is writable");
        let log = File::create(folder.path().join("log")).expect("the folder is writable");
        let process = Command::new(built("dastap"))
            .args(["run", "dastap.yaml", "--log-format", "json"])
            .current_dir(&folder)
            .env_remove("RUST_LOG")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut listening = Listening { process, folder };
        let begun = Instant::now();
        while TcpStream::connect(listens).is_err() {
            let ended = listening.process.try_wait().expect("a process");
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(60), "it listens: {}", listening.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        listening
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).expect("a log")
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Tells it to stop, as `kill` does.
    pub fn terminate(&self) {
        let kill = Command::new("sh").args(["-c", &format!("kill {}", self.process.id())]).status();
        assert!(kill.expect("kill runs").success(), "the process is there");
    }

    /// Waits for its end, which must be a good one; its folder remains.
    #[track_caller]
    pub fn ended(mut self) -> TempDir {
        let status = self.process.wait().expect("a process");
        assert!(status.success(), "{status}: {}", self.log());
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A loopback address that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
