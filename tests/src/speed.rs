//! How much of the speed of `decode` is left to `run`, from the same files to lines on the same disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use dastap::synth::Settings;

use crate::program::Dastap;
use crate::replay::files;
use crate::stream::Synthetic;

/// Medians of interleaved rounds.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// Records a second, from the start of the process to its end.
    pub run: f64,
    /// The same.
    pub decode: f64,
}

/// `run` is to reach at least this share of the speed of `decode`.
pub const GOAL: f64 = 0.85;

/// How many records, and how many files they are in.
const RECORDS: u64 = 40_000;
const FILES: usize = 8;

impl Speed {
    /// Measures, after a round that is not counted.
    pub fn measure(rounds: usize) -> Self {
        let stream = Synthetic::new(Settings { records: RECORDS, ..Settings::default() });
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        std::fs::create_dir(here.join("in")).expect("the folder is writable");
        std::fs::write(here.join("keyring.json"), stream.keyring()).expect("the folder is writable");
        for (number, records) in stream.records.chunks(stream.records.len().div_ceil(FILES)).enumerate() {
            let text: String = records.iter().map(|record| format!("{}\n", record.line)).collect();
            std::fs::write(here.join(format!("in/{number}.ndjson")), text).expect("the folder is writable");
        }
        let resources = stream.resources().to_vec();
        drop(stream);
        let (mut run_times, mut decode_times) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let (run_time, ran) = run(here, &resources);
            let (decode_time, decoded) = decode(here, &resources);
            assert_eq!(ran, decoded, "both do the same work");
            if round > 0 {
                run_times.push(run_time);
                decode_times.push(decode_time);
            }
        }
        Speed { run: RECORDS as f64 / median(run_times), decode: RECORDS as f64 / median(decode_times) }
    }

    /// The share of `decode`'s speed that `run` reaches.
    pub fn share(self) -> f64 {
        self.run / self.decode
    }
}

/// Seconds, and bytes of events.
fn run(here: &Path, resources: &[String]) -> (f64, u64) {
    let config = format!(
        "keys: {{ keyring: keyring.json }}\n\
         transform: {{ resources: [{}] }}\n\
         sources: [ {{ type: objects, url: '{here}/in' }} ]\n\
         sinks: [ {{ type: objects, url: '{here}/out' }} ]\n\
         dead-letter: {{ type: file, path: failed.ndjson }}\n",
        resources.join(", "),
        here = here.display(),
    );
    std::fs::write(here.join("dastap.yaml"), config).expect("the folder is writable");
    let begun = Instant::now();
    let ended = Dastap::new("run").in_folder(here).arg("dastap.yaml").start().end();
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(ended, 0);
    let objects = files(&here.join("out"));
    let bytes = objects.iter().map(|file| std::fs::metadata(file).expect("an object").len()).sum();
    std::fs::remove_dir_all(here.join("out")).expect("it is there");
    (seconds, bytes)
}

/// The same, into one file.
fn decode(here: &Path, resources: &[String]) -> (f64, u64) {
    let events = here.join("events.ndjson");
    let mut file = File::create(&events).expect("the folder is writable");
    let run = Dastap::decode(&here.join("keyring.json")).in_folder(here).args(files(&here.join("in")));
    let run = resources.iter().fold(run, |run, resource| run.args(["--resource-id", resource]));
    let begun = Instant::now();
    let status = run.into_command().stdout(file.try_clone().expect("a file")).stderr(Stdio::null()).status();
    // As safe as an object is when `run` ends.
    file.flush().and_then(|()| file.sync_all()).expect("the disk takes it");
    let seconds = begun.elapsed().as_secs_f64();
    assert!(status.expect("the program starts").success());
    let bytes = std::fs::metadata(&events).expect("events").len();
    std::fs::remove_file(events).expect("it is there");
    (seconds, bytes)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}
