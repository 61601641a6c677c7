//! Synthetic streams with what decoding them must give, and the files that the program needs for it.

use std::collections::HashSet;
use std::path::Path;

use dastap::synth::{Record, Settings, Stream};
use serde_json::Value;

use crate::program::Dastap;

/// What decoding with a configuration left behind.
pub struct Left {
    /// The lines of output.
    pub lines: Vec<String>,
    /// The statistics.
    pub stats: Value,
}

/// A whole stream, in memory.
pub struct Synthetic {
    /// Its records with what is in them, in order.
    pub records: Vec<Record>,
    resources: Vec<String>,
    keyring: String,
}

impl Left {
    /// The lines as values.
    pub fn values(&self) -> Vec<Value> {
        let value = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.lines.iter().map(value).collect()
    }
}

impl Synthetic {
    /// The stream of these settings.
    pub fn new(settings: Settings) -> Self {
        let stream = Stream::new(settings).expect("good settings");
        let mut keyring = Vec::new();
        stream.write_keyring(&mut keyring).expect("memory takes everything");
        let keyring = String::from_utf8(keyring).expect("UTF-8");
        let resources = stream.resources().into_iter().map(str::to_owned).collect();
        Synthetic { records: stream.collect(), resources, keyring }
    }

    /// The keyring file's text.
    pub fn keyring(&self) -> &str {
        &self.keyring
    }

    /// The ids of its clusters and instances, as `--resource-id` takes them.
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// The records as they lie in a file.
    pub fn text(&self) -> String {
        self.records.iter().map(|record| format!("{}\n", record.line)).collect()
    }

    /// `dastap SUBCOMMAND` with the keys and databases of this stream, reading it.
    pub fn run(&self, subcommand: &str, folder: &Path) -> Dastap {
        let keyring = folder.join("synthetic-keyring.json");
        std::fs::write(&keyring, &self.keyring).expect("the folder is writable");
        let run = Dastap::new(subcommand).arg("--keyring").arg(keyring).stdin(self.text());
        self.resources.iter().fold(run, |run, resource| run.args(["--resource-id", resource]))
    }

    /// Decodes it with this configuration; every record must decode.
    #[track_caller]
    pub fn decode(&self, config: &str) -> Left {
        let folder = tempfile::tempdir().expect("a folder");
        let (config_file, stats) = (folder.path().join("config.yaml"), folder.path().join("stats.json"));
        std::fs::write(&config_file, config).expect("the folder is writable");
        let run = self.run("decode", folder.path()).arg("--config").arg(config_file).arg("--stats").arg(&stats);
        let run = run.run().expect(0);
        Left {
            lines: String::from_utf8(run.stdout).expect("UTF-8").lines().map(str::to_owned).collect(),
            stats: serde_json::from_slice(&std::fs::read(stats).expect("statistics")).expect("JSON"),
        }
    }

    /// The events that must come out, heartbeats left out, each as the database wrote it.
    pub fn events(&self) -> Vec<Value> {
        let good = self.records.iter().filter(|record| record.fault.is_none());
        let events = |record: &Record| {
            let mut document: Value = serde_json::from_str(&record.document).expect("JSON");
            let Value::Array(events) = document["databaseActivityEventList"].take() else { panic!("a list") };
            events.into_iter().filter(|event| event["type"] != "heartbeat")
        };
        good.flat_map(events).collect()
    }

    /// How many different data keys its good records are under.
    pub fn data_keys(&self) -> usize {
        let good = self.records.iter().filter(|record| record.fault.is_none());
        let key = |record: &Record| serde_json::from_str::<Value>(&record.line).expect("JSON")["key"].to_string();
        good.map(key).collect::<HashSet<_>>().len()
    }
}
