//! The oracle: records, what each must become, and a count of what became of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use dastap::synth::{Engine, Fault, Settings};
use serde::Deserialize;
use serde_json::Value;

use crate::peer::Kms;
use crate::stream::Synthetic;

/// Records with one event each, so that the event's id is the record's.
pub(super) struct Corpus {
    /// The records, each a line without its end.
    pub(super) records: Vec<String>,
    /// The database that they are of.
    pub(super) resource: String,
    keyring: String,
    /// By `eventId`: the record, and the hash of the line that it must become.
    events: HashMap<String, (usize, u64)>,
    /// By hash: records, as the dead letter keeps them.
    originals: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

/// What became of the records of a run. Of each record: how often it came out.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Records that came out as events.
    pub delivered: usize,
    /// Records that came out in the dead letter.
    pub dead: usize,
    /// How often any of them came out again.
    pub duplicates: usize,
    /// Records that came out nowhere.
    pub lost: usize,
    /// Lines that are not whole: a process was killed while it wrote them.
    pub cut: usize,
    /// The reasons in the dead letter.
    pub reasons: HashMap<String, usize>,
}

/// A faulty record is as good as any other, but this one takes a second to inflate.
const SLOW: Fault = Fault::GzipBomb;

impl Corpus {
    /// So many records under 20 data keys one after another, `poison` percent of them broken in every way.
    pub(super) fn new(records: usize, poison: f64) -> Self {
        let faults = if poison > 0.0 { Fault::ALL.to_vec() } else { vec![] };
        let stream = Synthetic::new(Settings {
            engines: vec![Engine::Postgres],
            records: records as u64,
            events: 1..=1,
            instances: 4,
            rotations: 4,
            heartbeats: 0.0,
            empty: 0.0,
            fault_rate: (poison > 0.0).then_some(poison),
            faults: faults.into_iter().filter(|fault| *fault != SLOW).collect(),
            ..Settings::default()
        });
        let [resource] = stream.resources() else { panic!("one cluster") };
        let folder = tempfile::tempdir().expect("a folder");
        let decoded = stream.run("decode", folder.path()).run().expect(i32::from(poison > 0.0)).stdout;
        let hasher = RandomState::new();
        let lines = std::str::from_utf8(&decoded).expect("UTF-8").lines();
        let good = stream.records.iter().enumerate().filter(|(_, record)| record.fault.is_none());
        let event = |((index, _), line): ((usize, _), &str)| (id(line).expect("an id"), (index, hasher.hash_one(line)));
        let events: HashMap<_, _> = good.zip(lines).map(event).collect();
        let keyring = stream.keyring().to_owned();
        let resource = resource.clone();
        let records: Vec<String> = stream.records.into_iter().map(|record| record.line).collect();
        let mut corpus = Corpus { records, resource, keyring, events, originals: HashMap::new(), hasher };
        corpus.note_originals();
        corpus
    }

    /// The same, with data keys that this KMS has encrypted.
    pub(super) fn under(mut self, kms: &mut Kms) -> Self {
        let keyring: Value = serde_json::from_str(&self.keyring).expect("JSON");
        let mut blobs = HashMap::new();
        for key in keyring["keys"].as_array().expect("a list") {
            let text = |name: &str| key[name].as_str().expect("a text");
            let context = key["context"].as_object().expect("pairs");
            let context: Vec<(&str, &str)> =
                context.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))).collect();
            let blob = kms.encrypt(&BASE64_STANDARD.decode(text("plaintext")).expect("base64"), &context);
            blobs.insert(text("ciphertext").to_owned(), BASE64_STANDARD.encode(blob));
        }
        for record in &mut self.records {
            let (message, key) = record.split_once(r#""key":""#).expect("a key");
            let (key, rest) = key.split_once('"').expect("its end");
            *record = format!(r#"{message}"key":"{}"{rest}"#, blobs[key]);
        }
        self.note_originals();
        self
    }

    /// The keyring that opens them, unless they are under a KMS.
    pub(super) fn keyring(&self) -> &str {
        &self.keyring
    }

    /// How many cannot be decoded.
    pub(super) fn poison(&self) -> usize {
        self.records.len() - self.events.len()
    }

    /// Counts. An event that nobody sent, or that is not as it was, is not counted but a panic.
    pub(super) fn tally<'a>(
        &self,
        delivered: impl IntoIterator<Item = &'a str>,
        dead: impl IntoIterator<Item = &'a str>,
    ) -> Tally {
        let mut tally = Tally::default();
        let (mut out, mut failed) = (vec![0u32; self.records.len()], vec![0u32; self.records.len()]);
        for line in delivered {
            let Some(id) = id(line) else {
                tally.cut += 1;
                continue;
            };
            let (record, hash) = self.events.get(&id).unwrap_or_else(|| panic!("nobody sent {line}"));
            assert_eq!(*hash, self.hasher.hash_one(line), "changed on the way: {line}");
            out[*record] += 1;
        }
        // Some broken records are the same: none is counted twice before each was counted once.
        let mut turns: HashMap<u64, usize> = HashMap::new();
        for line in dead {
            let Ok(letter) = serde_json::from_str::<Letter<'_>>(line) else {
                tally.cut += 1;
                continue;
            };
            let hash = self.hash(&letter.original());
            let records = self.originals.get(&hash).unwrap_or_else(|| panic!("nobody sent {line}"));
            let turn = turns.entry(hash).or_default();
            failed[records[*turn % records.len()]] += 1;
            *turn += 1;
            *tally.reasons.entry(letter.error.reason.to_owned()).or_default() += 1;
        }
        for (out, failed) in out.into_iter().zip(failed) {
            tally.delivered += usize::from(out > 0);
            tally.dead += usize::from(failed > 0);
            tally.duplicates += (out + failed).saturating_sub(1) as usize;
            tally.lost += usize::from(out + failed == 0);
        }
        tally
    }

    fn note_originals(&mut self) {
        self.originals.clear();
        for (index, record) in self.records.iter().enumerate() {
            self.originals.entry(self.hasher.hash_one(record.as_bytes())).or_default().push(index);
        }
    }

    fn hash(&self, record: &[u8]) -> u64 {
        self.hasher.hash_one(record)
    }
}

/// A line of the dead letter, as far as it matters here.
#[derive(Deserialize)]
struct Letter<'a> {
    #[serde(borrow)]
    error: Reason<'a>,
    #[serde(borrow)]
    record: Option<&'a serde_json::value::RawValue>,
    record_base64: Option<&'a str>,
}

#[derive(Deserialize)]
struct Reason<'a> {
    reason: &'a str,
}

impl Letter<'_> {
    fn original(&self) -> Vec<u8> {
        match (self.record, self.record_base64) {
            (Some(record), _) => record.get().as_bytes().to_vec(),
            (_, Some(bytes)) => BASE64_STANDARD.decode(bytes).expect("base64"),
            _ => panic!("a record stands in every line"),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identified {
    event_id: String,
}

/// The id in an event's line; none where it is not whole.
fn id(line: &str) -> Option<String> {
    serde_json::from_str::<Identified>(line).ok().map(|event| event.event_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Dastap;

    #[test]
    fn what_is_lost_comes_twice_or_is_invented_is_found() {
        let corpus = Corpus::new(60, 20.0);
        let folder = tempfile::tempdir().unwrap();
        let [keyring, failed] = ["keyring.json", "failed.ndjson"].map(|name| folder.path().join(name));
        std::fs::write(&keyring, corpus.keyring()).unwrap();
        let decode = Dastap::decode(&keyring).args(["--resource-id", &corpus.resource, "--dead-letter"]).arg(&failed);
        let decoded = decode.stdin(corpus.records.join("\n")).run().expect(1).stdout;
        let (decoded, failed) = (String::from_utf8(decoded).unwrap(), std::fs::read_to_string(failed).unwrap());
        let (events, letters): (Vec<&str>, Vec<&str>) = (decoded.lines().collect(), failed.lines().collect());
        let tally = |events: &[&str], letters: &[&str]| {
            let tally = corpus.tally(events.iter().copied(), letters.iter().copied());
            (tally.delivered, tally.dead, tally.duplicates, tally.lost, tally.cut)
        };
        let (good, bad) = (events.len(), letters.len());
        assert!(good > 30 && bad > 5 && good + bad == 60, "{good} and {bad}");
        assert_eq!(tally(&events, &letters), (good, bad, 0, 0, 0));
        assert_eq!(tally(&events[1..], &letters[2..]), (good - 1, bad - 2, 0, 3, 0));
        assert_eq!(tally(&[&events[..], &events[..2]].concat(), &[letters.clone(), letters].concat()).2, 2 + bad);
        assert_eq!(tally(&[&events[0][..50], events[0]], &[]), (1, 0, 0, 59, 1));
        let other = events[0].replace("\"eventId\":\"", "\"eventId\":\"0");
        assert!(std::panic::catch_unwind(|| tally(&[&other], &[])).is_err(), "nobody sent it");
        let changed = events[0].replace("\"type\":\"record\"", "\"type\":\"other\"");
        assert!(std::panic::catch_unwind(|| tally(&[&changed], &[])).is_err(), "not as it was sent");
    }
}
