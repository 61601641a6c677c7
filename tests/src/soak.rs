//! Hours in minutes: a pipeline at full speed, and whether its memory, handles and threads stay as they are.
//!
//! From stdin, which never ends, to objects, which this removes again, with broken records for the dead letter.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use dastap::synth::{Engine, Fault, Settings};

use crate::program::Dastap;
use crate::replay::files;
use crate::running::Running;
use crate::stream::Synthetic;

/// What a process holds at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// Resident bytes.
    pub memory: u64,
    /// Open handles.
    pub handles: u64,
    /// Threads.
    pub threads: u64,
}

/// A sample each second, and what was done meanwhile.
#[derive(Debug)]
pub struct Soak {
    /// In order.
    pub samples: Vec<Sample>,
    /// Records handed over.
    pub records: u64,
    /// How long it took.
    pub time: Duration,
}

/// The last third may hold so much more memory than the second.
const GROWTH: f64 = 1.10;

/// Lets a pipeline run for so long.
pub fn soak(time: Duration) -> Soak {
    let stream = Synthetic::new(Settings {
        engines: vec![Engine::Postgres],
        records: 20_000,
        faults: Fault::ALL.iter().copied().filter(|fault| *fault != Fault::GzipBomb).collect(),
        fault_rate: Some(0.1),
        rotations: 20,
        ..Settings::default()
    });
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("keyring.json"), stream.keyring()).expect("the folder is writable");
    let config = format!(
        "keys: {{ keyring: keyring.json }}\n\
         transform: {{ resources: [{}] }}\n\
         sources: [ {{ type: stdin }} ]\n\
         sinks: [ {{ type: objects, url: '{}/out', compression: zstd, size: 8MiB, age: 2s }} ]\n\
         dead-letter: {{ type: file, path: failed.ndjson }}\n",
        stream.resources().join(", "),
        here.display(),
    );
    std::fs::write(here.join("dastap.yaml"), config).expect("the folder is writable");
    let mut running = Dastap::new("run").in_folder(here).arg("dastap.yaml").start();
    let (text, count) = (stream.text(), stream.records.len() as u64);
    drop(stream);
    let (written, is_over, begun) = (AtomicU64::new(0), AtomicBool::new(false), Instant::now());
    let mut input = running.stdin();
    let samples = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                input.write_all(text.as_bytes()).expect("the program reads");
                written.fetch_add(count, Relaxed);
            }
            drop(input);
        });
        let mut samples = Vec::new();
        while begun.elapsed() < time {
            std::thread::sleep(Duration::from_secs(1));
            assert!(!running.has_ended(), "{}", running.log());
            samples.push(Sample::of(&running));
            remove(&here.join("out"));
        }
        is_over.store(true, Relaxed);
        samples
    });
    let time = begun.elapsed();
    assert_eq!(running.end(), 0, "{}", running.log());
    Soak { samples, records: written.load(Relaxed), time }
}

impl Soak {
    /// Says what has grown.
    ///
    /// # Errors
    /// The memory of the last third exceeds that of the second by more than 10 %, or there are more handles, or threads by
    /// more than a fifth.
    pub fn judge(&self) -> Result<(), String> {
        let [_, second, third] = self.thirds();
        if third.memory as f64 > second.memory as f64 * GROWTH {
            return Err(format!("expected flat memory, found {} MiB after {}", mebibytes(third), mebibytes(second)));
        }
        // One more or less is where the sample was taken. Threads may become a few more: where the processor is busy, a
        // thread that has finished is not idle yet when the next job comes.
        for (what, before, after, most) in [
            ("handles", second.handles, third.handles, second.handles + 1),
            ("threads", second.threads, third.threads, second.threads + second.threads / 5),
        ] {
            if after > most {
                return Err(format!("expected no more {what}, found {after} after {before}"));
            }
        }
        Ok(())
    }

    /// Means.
    fn thirds(&self) -> [Sample; 3] {
        let third = (self.samples.len() / 3).max(1);
        [0, 1, 2].map(|number| {
            let samples: Vec<&Sample> = self.samples.iter().skip(number * third).take(third).collect();
            let mean = |of: fn(&Sample) -> u64| {
                samples.iter().map(|sample| of(sample)).sum::<u64>() / samples.len().max(1) as u64
            };
            Sample { memory: mean(|it| it.memory), handles: mean(|it| it.handles), threads: mean(|it| it.threads) }
        })
    }
}

impl Sample {
    fn of(running: &Running) -> Self {
        let number = |name: &str| running.status(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let handles = std::fs::read_dir(format!("/proc/{}/fd", running.id())).map_or(0, Iterator::count);
        Sample { memory: number("VmRSS") << 10, handles: handles as u64, threads: number("Threads") }
    }
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        writeln!(f, "{} records in {seconds:.0} s: {:.0} a second", self.records, self.records as f64 / seconds)?;
        writeln!(f, "| mean of   | memory, MiB | handles | threads |\n|---|---:|---:|---:|")?;
        for (name, sample) in ["1st third", "2nd third", "3rd third"].iter().zip(self.thirds()) {
            writeln!(f, "| {name} | {:>11} | {:>7} | {:>7} |", mebibytes(sample), sample.handles, sample.threads)?;
        }
        let most = self.samples.iter().map(|sample| sample.memory).max().unwrap_or(0);
        write!(f, "most memory: {} MiB", most >> 20)
    }
}

fn mebibytes(sample: Sample) -> u64 {
    sample.memory >> 20
}

/// Removes what is complete.
fn remove(folder: &Path) {
    for file in files(folder) {
        std::fs::remove_file(file).expect("nobody else removes it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soak(samples: impl Iterator<Item = (u64, u64, u64)>) -> Soak {
        let sample = |(memory, handles, threads)| Sample { memory: memory << 20, handles, threads };
        Soak { samples: samples.map(sample).collect(), records: 1, time: Duration::from_secs(1) }
    }

    #[test]
    fn what_grows_is_found() {
        assert_eq!(soak((0..60).map(|n| (if n < 20 { n } else { 50 + n % 5 }, 20, 10))).judge(), Ok(()));
        assert!(soak((0..60).map(|n| (50 + n, 20, 10))).judge().unwrap_err().contains("flat memory"));
        assert!(soak((0..60).map(|n| (50, 20 + n / 5, 10))).judge().unwrap_err().contains("no more handles"));
        assert!(soak((0..60).map(|n| (50, 20, 10 + n / 5))).judge().unwrap_err().contains("no more threads"));
        assert_eq!(soak((0..60).map(|n| (50, 20, 17 + n / 15))).judge(), Ok(()));
    }
}
