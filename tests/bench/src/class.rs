//! The record classes: a lone heartbeat, and 1, 10, 100, 1000 events of Aurora PostgreSQL a record.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dastap::synth::{Engine, Settings, Stream};

use crate::Result;

/// A batch of the program is full with so many records or bytes (`host/src/record/batch.rs`).
const BATCH_RECORDS: usize = 100;
const BATCH_BYTES: usize = 64 * 1024;

/// Records of one size, all under one data key.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// The records as the program cuts them.
    pub(crate) batches: Vec<Vec<String>>,
    pub(crate) resource: String,
    /// The keyring file's text.
    pub(crate) keyring: String,
    /// Events of a record that are no heartbeats.
    pub(crate) events_each: usize,
    pub(crate) plain_bytes: usize,
    pub(crate) records_path: PathBuf,
    pub(crate) keyring_path: PathBuf,
}

/// All classes; their files go into `folder`.
pub(crate) fn all(folder: &Path) -> Result<Vec<Arc<Class>>> {
    [("H", 0, 2000), ("1", 1, 2000), ("10", 10, 1000), ("100", 100, 250), ("1000", 1000, 40)]
        .into_iter()
        .map(|(name, events, records)| Class::new(folder, name, events, records).map(Arc::new))
        .collect()
}

impl Class {
    pub(crate) fn new(folder: &Path, name: &'static str, events: u32, records: u64) -> Result<Self> {
        let settings = Settings {
            engines: vec![Engine::Postgres],
            records,
            events: events.max(1)..=events.max(1),
            instances: 1,
            heartbeats: if events == 0 { 100.0 } else { 0.0 },
            empty: 0.0,
            ..Settings::default()
        };
        let mut stream = Stream::new(settings)?;
        let mut keyring = Vec::new();
        stream.write_keyring(&mut keyring)?;
        let made: Vec<_> = stream.by_ref().collect();
        let resource = made.first().map(|record| record.resource.clone()).ok_or("expected records")?;
        let plain_bytes = made.iter().map(|record| record.document.len()).sum();
        let records: Vec<String> = made.into_iter().map(|record| record.line).collect();
        let records_path = folder.join(format!("{name}.ndjson"));
        let keyring_path = folder.join(format!("{name}.keyring.json"));
        fs::write(&records_path, records.join("\n") + "\n")?;
        fs::write(&keyring_path, &keyring)?;
        let (keyring, batches, events_each) = (String::from_utf8(keyring)?, batches(records), events as usize);
        Ok(Class { name, batches, resource, keyring, events_each, plain_bytes, records_path, keyring_path })
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &String> {
        self.batches.iter().flatten()
    }

    pub(crate) fn records_in(&self, batches: Range<usize>) -> usize {
        self.batches[batches].iter().map(Vec::len).sum()
    }

    pub(crate) fn events_in(&self, batches: Range<usize>) -> usize {
        self.events_each * self.records_in(batches)
    }

    /// The 32 bytes of the one data key.
    pub(crate) fn data_key(&self) -> Result<Vec<u8>> {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        let keyring: serde_json::Value = serde_json::from_str(&self.keyring)?;
        let key = keyring["keys"][0]["plaintext"].as_str().ok_or("expected a key")?;
        Ok(BASE64_STANDARD.decode(key)?)
    }
}

fn batches(records: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for record in records {
        match batches.last_mut() {
            Some(batch) if bytes < BATCH_BYTES && batch.len() < BATCH_RECORDS => {
                bytes += record.len();
                batch.push(record);
            }
            _ => {
                bytes = record.len();
                batches.push(vec![record]);
            }
        }
    }
    batches
}
