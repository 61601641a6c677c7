//! A stream in a Kinesis, a pipeline from it into a file, and what must have come out.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use dastap::synth::{Engine, Settings};
use dastap_tests::peer::Kinesis;
use dastap_tests::program::Dastap;
use dastap_tests::running::Running;
use dastap_tests::stream::Synthetic;
use tempfile::TempDir;

/// A stream of one cluster in a Kinesis, and a pipeline from it into a file.
pub(super) struct Pipeline {
    pub(super) kinesis: Kinesis,
    /// The stream's name.
    pub(super) name: String,
    pub(super) synthetic: Synthetic,
    /// The lines that must come out, by record.
    pub(super) lines: Vec<Vec<String>>,
    pub(super) folder: TempDir,
}

impl Pipeline {
    pub(super) fn new(records: u64, shards: usize) -> Self {
        let (engines, events) = (vec![Engine::Postgres], 1..=3);
        let settings =
            Settings { engines, records, events, instances: 1, heartbeats: 0.0, empty: 0.0, ..Settings::default() };
        let synthetic = Synthetic::new(settings);
        let mut decoded = synthetic.decode("heartbeats: drop").lines.into_iter();
        let of_record = |record: &dastap::synth::Record| decoded.by_ref().take(record.events as usize).collect();
        let lines: Vec<Vec<String>> = synthetic.records.iter().map(of_record).collect();
        assert_eq!(decoded.next(), None);
        let [resource] = synthetic.resources() else { panic!("one cluster") };
        let name = format!("aws-rds-das-{resource}");
        let mut kinesis = Kinesis::start();
        kinesis.create(&name, shards);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("keyring.json"), synthetic.keyring()).expect("the folder is writable");
        let this = Pipeline { kinesis, name, synthetic, lines, folder };
        this.configure("");
        this
    }

    /// Writes the configuration, with more settings of the source.
    pub(super) fn configure(&self, more: &str) {
        let Pipeline { kinesis: Kinesis { endpoint, .. }, name, .. } = self;
        let config = format!(
            "keys: {{ provider: keyring, keyring: keyring.json }}\n\
             sources: [ {{ type: kinesis, stream: {name}, region: eu-west-1, endpoint-url: \"{endpoint}\", \
                           checkpoint: state, poll: 200ms, discovery: 1s{more} }} ]\n\
             sinks: [ {{ type: file, path: events.ndjson }} ]\n\
             dead-letter: {{ type: file, path: failed.ndjson }}\n"
        );
        std::fs::write(self.path("config.yaml"), config).expect("the folder is writable");
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn positions(&self) -> PathBuf {
        self.path("state").join(format!("{}.json", self.name))
    }

    pub(super) fn start(&self) -> Running {
        Dastap::new("run").in_folder(self.folder.path()).args(["-v", "config.yaml"]).start()
    }

    /// Puts records, spread over 16 partition keys.
    pub(super) fn put(&mut self, records: Range<usize>) {
        let records = records.map(|index| (key_of(index), self.synthetic.records[index].line.as_bytes()));
        self.kinesis.put(&self.name, records);
    }

    /// The complete lines of a file.
    pub(super) fn lines_of(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(file)).unwrap_or_default();
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits until so many different events have come out.
    #[track_caller]
    pub(super) fn wait_for(&self, running: &mut Running, records: Range<usize>) {
        let wanted: Vec<&String> = self.lines[records].iter().flatten().collect();
        running.until("all events come out", |_| {
            let found = self.lines_of("events.ndjson");
            let found: std::collections::HashSet<&String> = found.iter().collect();
            wanted.iter().all(|line| found.contains(line))
        });
    }

    /// Each line of these records came out once, and nothing else did; with `twice`, more than once is fine: how often.
    #[track_caller]
    pub(super) fn assert_delivered(&self, records: Range<usize>, twice: bool) -> usize {
        let mut left: HashMap<&str, usize> = HashMap::new();
        for line in self.lines[records].iter().flatten() {
            *left.entry(line).or_default() += 1;
        }
        let found = self.lines_of("events.ndjson");
        let mut duplicates = 0;
        let mut missing: HashMap<&str, usize> = left.clone();
        for line in &found {
            assert!(left.contains_key(line.as_str()), "invented: {line}");
            match missing.get_mut(line.as_str()) {
                Some(0) | None => duplicates += 1,
                Some(count) => *count -= 1,
            }
        }
        let lost: usize = missing.values().sum();
        assert_eq!(lost, 0, "of {} events", left.values().sum::<usize>());
        assert!(twice || duplicates == 0, "{duplicates} of {} events came twice", found.len());
        duplicates
    }

    /// The events of each partition key came out in the order in which their records were put.
    #[track_caller]
    pub(super) fn assert_in_order(&self) {
        let mut order = HashMap::new();
        for (index, lines) in self.lines.iter().enumerate() {
            for line in lines {
                order.insert(line.as_str(), (key_of(index), order.len()));
            }
        }
        let mut last: HashMap<&str, usize> = HashMap::new();
        let found = self.lines_of("events.ndjson");
        for line in &found {
            let (key, place) = &order[line.as_str()];
            let before = last.insert(key, *place);
            assert!(before.is_none_or(|before| before < *place), "{key}: {before:?} came before {place}");
        }
    }
}

/// The partition key of a record.
pub(super) fn key_of(record: usize) -> String {
    format!("key-{}", record % 16)
}
