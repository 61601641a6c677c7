//! Where a case plays: records that arrive in portions, a pipeline over them, and a look at what has come out.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::corpus::{Corpus, Tally};
use crate::program::Dastap;
use crate::running::Running;

/// The file of the sink `file`, and that of the dead letter.
pub(super) const EVENTS: &str = "events.ndjson";
/// The file of the dead letter.
pub(super) const FAILED: &str = "failed.ndjson";

/// A folder with a pipeline: from objects in it, to a sink.
pub(super) struct Stage {
    /// What goes in.
    pub(super) corpus: Corpus,
    folder: TempDir,
    objects: usize,
}

/// How long it took after a fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recovery {
    /// Until something came out that had not come out before.
    pub first: Duration,
    /// Until all had come out.
    pub all: Duration,
}

/// Records in an object.
const OBJECT: usize = 2000;

/// Nothing takes as long as this, not 100,000 records on a busy machine either.
const PATIENCE: Duration = Duration::from_secs(300);

impl Stage {
    /// With a pipeline to this sink. Data keys come from the corpus' keyring.
    pub(super) fn new(corpus: Corpus, sink: &str) -> Self {
        Stage::with_keys(corpus, "keyring: keyring.json", sink)
    }

    /// With these settings of `keys`.
    pub(super) fn with_keys(corpus: Corpus, keys: &str, sink: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Stage { corpus, folder, objects: 0 };
        std::fs::create_dir_all(stage.path("in")).expect("the folder is writable");
        stage.write("keyring.json", stage.corpus.keyring());
        let (here, resource) = (stage.folder.path().display(), &stage.corpus.resource);
        stage.configure(
            keys,
            &format!("type: objects, url: '{here}/in', checkpoint: state, follow: 1s"),
            resource,
            sink,
        );
        stage
    }

    /// Writes the configuration, with another source.
    pub(super) fn configure(&self, keys: &str, source: &str, resource: &str, sink: &str) {
        let config = format!(
            "keys: {{ {keys} }}\n\
             transform: {{ resources: [{resource}] }}\n\
             sources: [ {{ {source} }} ]\n\
             sinks: [ {{ {sink} }} ]\n\
             dead-letter: {{ type: file, path: {FAILED} }}\n"
        );
        self.write("dastap.yaml", &config);
    }

    /// The pipeline, not yet started.
    pub(super) fn run(&self) -> Dastap {
        Dastap::new("run").in_folder(self.folder.path()).arg("dastap.yaml")
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The records of a part of so many equal parts, by place.
    pub(super) fn part(&self, part: usize, of: usize) -> Range<usize> {
        let records = self.corpus.records.len();
        records * part / of..records * (part + 1) / of
    }

    /// Makes records appear, as every writer should: in objects that are complete.
    pub(super) fn publish(&mut self, records: Range<usize>) {
        for lines in self.corpus.records[records].chunks(OBJECT) {
            let text = lines.iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            });
            std::fs::write(self.path(".new"), text).expect("the folder is writable");
            let name = format!("in/{:06}.ndjson", self.objects);
            std::fs::rename(self.path(".new"), self.path(&name)).expect("one file system");
            self.objects += 1;
        }
    }

    /// How many objects there are by now.
    pub(super) fn objects(&self) -> usize {
        self.objects
    }

    /// Counts what has come out into the files of sink and dead letter.
    pub(super) fn watch(&self) -> impl FnMut() -> usize + use<> {
        let mut files = [EVENTS, FAILED].map(|name| Lines { path: self.path(name), read: 0, count: 0 });
        move || files.iter_mut().map(Lines::count).sum()
    }

    /// What became of the records, by the files.
    pub(super) fn tally(&self) -> Tally {
        let [events, failed] = [EVENTS, FAILED].map(|name| self.text(name));
        self.corpus.tally(events.lines(), failed.lines())
    }

    /// A file's text; empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder is writable");
    }
}

/// Waits until so much has come out.
#[track_caller]
pub(super) fn wait_for(running: &mut Running, wanted: usize, count: &mut impl FnMut() -> usize) {
    let begun = Instant::now();
    while count() < wanted {
        let goes_on = !running.has_ended() && begun.elapsed() < PATIENCE;
        assert!(goes_on, "{} of {wanted} came out; log: {}", count(), running.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Watches a pipeline whose fault is over since now, until so much has come out. `before`: what had.
#[track_caller]
pub(super) fn recovery(
    running: &mut Running,
    ended: Instant,
    before: usize,
    wanted: usize,
    count: &mut impl FnMut() -> usize,
) -> Recovery {
    wait_for(running, (before + 1).min(wanted), count);
    let first = ended.elapsed();
    wait_for(running, wanted, count);
    Recovery { first, all: ended.elapsed() }
}

/// The lines of a file that grows.
struct Lines {
    path: PathBuf,
    read: u64,
    count: usize,
}

impl Lines {
    fn count(&mut self) -> usize {
        let Ok(mut file) = File::open(&self.path) else { return 0 };
        // What a full disk made the program cut off again is counted when it is there again.
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(self.read)).and_then(|_| file.read_to_end(&mut new)).expect("a file");
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.count += new[..whole].iter().filter(|byte| **byte == b'\n').count();
        self.read += whole as u64;
        self.count
    }
}
