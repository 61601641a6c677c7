//! The program as a process: time from its start to the first event, and its peak of memory.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::class::Class;

/// What a user waits for, and pays in memory.
pub(crate) struct Process {
    /// Seconds from the start of the process to the first line of its output.
    pub(crate) first_event: f64,
    /// Bytes, after decoding ordinary records.
    pub(crate) peak_ordinary: u64,
    /// Bytes, one worker, after decoding records of 1 MiB.
    pub(crate) peak_large: u64,
}

/// How often the program is started.
const STARTS: usize = 15;

pub(crate) fn measure(folder: &Path) -> Result<Process> {
    let one = Class::new(folder, "first", 1, 1)?;
    let mut seconds = Vec::new();
    for _ in 0..STARTS {
        seconds.push(first_event(&one)?);
    }
    let ordinary = Class::new(folder, "ordinary", 10, 20_000)?;
    // About 1 MiB of outer record each, some 8 MiB of plaintext.
    let large = Class::new(folder, "large", 7_500, 24)?;
    Ok(Process {
        first_event: crate::turns::median(&seconds),
        peak_ordinary: peak(&ordinary)?,
        peak_large: peak(&large)?,
    })
}

fn command(class: &Class) -> Command {
    let program = std::env::current_exe().unwrap_or_default().with_file_name("dastap");
    let mut command = Command::new(program);
    command.args(["decode", "--workers", "1", "--resource-id", &class.resource, "--keyring"]).arg(&class.keyring_path);
    command.stderr(Stdio::inherit());
    command
}

fn first_event(class: &Class) -> Result<f64> {
    let start = Instant::now();
    let mut process = command(class).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = process.stdin.take().ok_or("expected a pipe")?;
    input.write_all(class.records().cloned().collect::<String>().as_bytes())?;
    drop(input);
    let mut line = String::new();
    BufReader::new(process.stdout.take().ok_or("expected a pipe")?).read_line(&mut line)?;
    let seconds = start.elapsed().as_secs_f64();
    process.wait()?;
    match line.starts_with("{\"eventId\"") {
        true => Ok(seconds),
        false => Err("expected an event".into()),
    }
}

/// Peak of resident memory, read when all events are there and the process still waits for more input. What `wait`
/// reports would count this program's own memory, which the child starts with.
fn peak(class: &Class) -> Result<u64> {
    let events = class.events_in(0..class.batches.len());
    let mut process = command(class).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = process.stdin.take().ok_or("expected a pipe")?;
    let output = BufReader::new(process.stdout.take().ok_or("expected a pipe")?);
    let peak = std::thread::scope(|scope| {
        let writer = scope.spawn(|| input.write_all(&std::fs::read(&class.records_path)?).map(|()| input));
        let found = output.split(b'\n').take(events).count();
        let input = writer.join().map_err(|_| "expected the input to be taken")??;
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
        drop(input);
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("expected a peak")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        match found == events {
            true => Ok(kilobytes << 10),
            false => Err("expected all events".into()),
        }
    });
    process.wait()?;
    peak
}
