//! Signals: the first asks the run to end, the second ends the process.

use std::io;
use std::sync::mpsc;

use tokio::sync::watch;

/// Becomes true with SIGINT or SIGTERM. A second one ends the process, whatever it is waiting for.
///
/// They are caught from the return of this function on, by a thread of its own: before there is a runtime, and also when
/// all threads of that are busy.
pub(super) fn stop_on_signal() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    let (ready, caught) = mpsc::channel();
    let wait = move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let mut signals = Signals::catch()?;
            // Nobody listens any more when the program has gone on without: it does not.
            let _ = ready.send(());
            signals.next().await?;
            stop.send_replace(true);
            signals.next().await?;
            std::process::exit(130);
        })
    };
    // Where this fails, a signal ends the process at once, as it ends any.
    if std::thread::Builder::new().name("signals".into()).spawn(wait).is_ok() {
        let _ = caught.recv();
    }
    stopped
}

/// What asks the process to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> io::Result<()> {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
        Ok(())
    }
}

/// What asks the process to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
