//! The clock of the deadlines: a thread that moves the engine's epoch while calls are running, and sleeps otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often a running call looks at its stopwatch and lets other tasks of the executor run.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ends its thread when it is dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    running: AtomicUsize,
    ended: AtomicBool,
}

/// A call is running for as long as this lives.
pub(crate) struct Running {
    shared: Arc<Shared>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { running: AtomicUsize::new(0), ended: AtomicBool::new(false) });
        let (engine, seen) = (engine.weak(), Arc::clone(&shared));
        let thread = thread::Builder::new().name("dastap-ticker".to_string()).spawn(move || {
            while !seen.ended.load(Ordering::Acquire) {
                if seen.running.load(Ordering::Acquire) == 0 {
                    thread::park();
                    continue;
                }
                thread::sleep(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
        Ok(Ticker { shared, thread: Some(thread) })
    }

    /// Ticks until the answer is dropped.
    pub(crate) fn run(&self) -> Running {
        if self.shared.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.wake();
        }
        Running { shared: Arc::clone(&self.shared) }
    }

    fn wake(&self) {
        self.thread.as_ref().map(JoinHandle::thread).into_iter().for_each(Thread::unpark);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.wake();
    }
}
