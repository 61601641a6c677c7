//! The progress bar of `decode` and of a `run` whose sources have an end, and how log lines get past it.

use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::metrics::Progress;
use crate::pass::Stats;

/// The bar on the terminal, if there is one: log lines must not be written across it.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// A bar for reading these inputs: shown where standard error is a terminal and nothing else is written there.
pub(super) fn start(inputs: &[impl AsRef<Path>]) -> ProgressBar {
    let typed = inputs.iter().any(|input| input.as_ref() == Path::new("-")) && io::stdin().is_terminal();
    if !io::stderr().is_terminal() || io::stdout().is_terminal() || typed {
        return ProgressBar::hidden();
    }
    bar(inputs.iter().map(|input| size(input.as_ref())).sum())
}

fn bar(total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match total {
        Some(_) => "{wide_bar} {bytes} of {total_bytes}, {msg}",
        None => "{spinner} {bytes}, {msg}",
    };
    BAR.get_or_init(|| {
        bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
    })
    .clone()
}

/// Shows how far the sources of a run are, once they know how far they have to go.
pub(super) async fn of_run(progress: &Progress) -> Infallible {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let (read, all) = progress.so_far();
        if all > 0 && io::stderr().is_terminal() && !io::stdout().is_terminal() {
            let bar = bar(Some(all));
            bar.set_length(all);
            bar.set_position(read);
        }
    }
}

/// Takes the bar away, if there is one.
pub(super) fn clear() {
    if let Some(bar) = BAR.get() {
        bar.finish_and_clear();
    }
}

/// Moves the bar on.
pub(super) fn show(bar: &ProgressBar, read: &AtomicU64, stats: &Stats) {
    let seconds = stats.seconds.max(0.001);
    let rate = stats.records as f64 / seconds;
    bar.set_position(read.load(Ordering::Relaxed));
    let (records, rate, failed) = (HumanCount(stats.records), HumanCount(rate as u64), HumanCount(stats.failed));
    bar.set_message(format!("{records} records, {rate}/s, {failed} failed"));
}

/// Takes the bar away, and leaves the numbers of a run that came to an end.
pub(super) fn finish(bar: &ProgressBar, stats: Option<&Stats>) {
    let visible = !bar.is_hidden();
    bar.finish_and_clear();
    let Some(Stats { records, decoded, failed, events, seconds, .. }) = stats else { return };
    if visible {
        let [records, events] = [*records, events.kept].map(HumanCount);
        eprintln!("{records} records, {events} events in {seconds:.1} s");
    }
    tracing::info!(records, decoded, failed, events = events.kept, seconds, "input ended");
}

/// Standard error, beside the bar.
pub(super) fn stderr() -> impl Write {
    Beside
}

struct Beside;

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match BAR.get() {
            Some(bar) => bar.suspend(|| io::stderr().write_all(bytes))?,
            None => io::stderr().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The size of a regular file in bytes, also when it is redirected to standard input.
fn size(input: &Path) -> Option<u64> {
    let path = if input == Path::new("-") { Path::new("/dev/stdin") } else { input };
    std::fs::metadata(path).ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len())
}
