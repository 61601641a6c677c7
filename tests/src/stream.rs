//! Synthetic streams with what decoding them must give, and the files that the program needs for it.

use std::collections::HashSet;
use std::path::Path;

use dastap::synth::{Record, Settings, Stream};
use serde_json::Value;

use crate::program::Dastap;

/// A whole stream, in memory.
pub struct Synthetic {
    /// Its records with what is in them, in order.
    pub records: Vec<Record>,
    resources: Vec<String>,
    keyring: String,
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
