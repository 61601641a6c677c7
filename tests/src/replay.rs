//! Synthetic records in objects, a configuration that replays them, and what must come out of it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dastap::synth::Settings;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::Dastap;
use crate::stream::Synthetic;

/// Records and what decoding them gives, in a folder of its own.
pub struct Replay {
    /// The records.
    pub stream: Synthetic,
    /// Event lines by their `eventId`, as `dastap decode` writes them.
    pub expected: BTreeMap<String, String>,
    /// How many records fail.
    pub failed: usize,
    folder: TempDir,
}

/// Lines that a run delivered.
pub struct Delivered {
    /// Different lines by `eventId`.
    pub lines: BTreeMap<String, String>,
    /// How many came more than once.
    pub duplicates: usize,
}

impl Replay {
    /// Generates the records and decodes them.
    pub fn new(settings: Settings) -> Self {
        let stream = Synthetic::new(settings);
        let folder = tempfile::tempdir().expect("a folder");
        let failed = stream.records.iter().filter(|record| record.fault.is_some()).count();
        let letter = folder.path().join("decode-failed.ndjson");
        let run = stream.run("decode", folder.path()).arg("--dead-letter").arg(letter).run();
        let run = run.expect(i32::from(failed > 0));
        let expected = Delivered::of([run.stdout]);
        assert_eq!(expected.duplicates, 0);
        Replay { stream, expected: expected.lines, failed, folder }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The records as so many objects: NDJSON, gzip of records back to back, gzip member by member, in turn.
    pub fn objects(&self, count: usize) -> Vec<(String, Vec<u8>)> {
        let lines: Vec<&str> = self.stream.records.iter().map(|record| record.line.as_str()).collect();
        let portions = lines.chunks(lines.len().div_ceil(count));
        let object = |(number, lines): (usize, &[&str])| match number % 3 {
            0 => (format!("2026/{number:04}.ndjson"), (lines.join("\n") + "\n").into_bytes()),
            1 => (format!("2026/{number:04}"), gzip(&lines.concat())),
            _ => (format!("2026/{number:04}.gz"), lines.iter().flat_map(|line| gzip(&format!("{line}\n"))).collect()),
        };
        portions.enumerate().map(object).collect()
    }

    /// Writes them into the folder `in`.
    pub fn write_objects(&self, count: usize) {
        for (name, bytes) in self.objects(count) {
            let path = self.path("in").join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is writable");
            std::fs::write(path, bytes).expect("the folder is writable");
        }
    }

    /// `dastap run` with these sources and sinks (the settings of each behind its type), the keys and databases of the
    /// stream, and the dead letter `failed.ndjson`. `@` stands for the folder.
    pub fn run(&self, source: &str, sink: &str) -> Dastap {
        let keyring = self.path("keyring.json");
        std::fs::write(&keyring, self.stream.keyring()).expect("the folder is writable");
        let config = format!(
            "keys: {{ provider: keyring, keyring: '@/keyring.json' }}\n\
             transform: {{ resources: {:?} }}\n\
             sources: [ {{ type: objects, {source} }} ]\n\
             sinks: [ {{ type: objects, {sink} }} ]\n\
             dead-letter: {{ type: file, path: '@/failed.ndjson' }}\n",
            self.stream.resources()
        );
        let file = self.path("config.yaml");
        std::fs::write(&file, config.replace('@', &self.folder.path().display().to_string())).expect("writable");
        Dastap::new("run").arg(file)
    }

    /// Everything in the folder `out`.
    pub fn delivered(&self) -> Delivered {
        Delivered::of(files(&self.path("out")).into_iter().map(|file| unpacked(&file)))
    }

    /// Input = delivered + dead-lettered; how many came more than once.
    #[track_caller]
    pub fn assert_conserved(&self, delivered: &Delivered) -> usize {
        self.assert_conserved_after(0, delivered)
    }

    /// The same behind so many kills, each of which may leave a line of the dead letter cut. Its record comes again.
    #[track_caller]
    pub fn assert_conserved_after(&self, kills: usize, delivered: &Delivered) -> usize {
        assert_eq!(delivered.lines.len(), self.expected.len(), "events");
        assert!(delivered.lines == self.expected, "an event differs");
        let letter = std::fs::read_to_string(self.path("failed.ndjson")).unwrap_or_default();
        let (whole, cut): (Vec<_>, Vec<_>) = letter.lines().map(serde_json::from_str::<Value>).partition(Result::is_ok);
        assert!(cut.len() <= kills, "{} lines of the dead letter are no JSON after {kills} kills", cut.len());
        let records: std::collections::BTreeSet<String> = (whole.iter().flatten())
            .map(|letter| letter.get("record").or(letter.get("record_base64")).expect("a record").to_string())
            .collect();
        assert_eq!(records.len(), self.failed, "failed records");
        delivered.duplicates
    }
}

impl Delivered {
    /// From whole objects of lines.
    pub fn of(objects: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut delivered = Delivered { lines: BTreeMap::new(), duplicates: 0 };
        for object in objects {
            let text = String::from_utf8(object).expect("UTF-8");
            assert!(text.ends_with('\n') || text.is_empty(), "the last line is whole");
            for line in text.lines() {
                let event: Value = serde_json::from_str(line).expect("JSON");
                let id = event["eventId"].as_str().expect("an id").to_owned();
                if let Some(before) = delivered.lines.insert(id, line.to_owned()) {
                    assert_eq!(before, line, "one event twice, and different");
                    delivered.duplicates += 1;
                }
            }
        }
        delivered
    }
}

/// Waits until something is so; panics after a minute.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// All files that are not hidden, at any depth, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match path.is_dir() {
            _ if is_hidden => {}
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// A file's bytes, unpacked by the standard programs as its name says.
pub fn unpacked(file: &Path) -> Vec<u8> {
    let program = match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => "gzip",
        Some("zst") => "zstd",
        _ => return std::fs::read(file).expect("a file"),
    };
    let output = Command::new(program).args(["-dc"]).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Packed, in one member.
pub fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Unpacked, all members.
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
    plain
}
