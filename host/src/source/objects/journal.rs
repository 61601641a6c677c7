//! What was read and delivered, in a folder: `objects.ndjson` with one line for each object, and a lock.
//!
//! ```json
//! {"object":"2026/08/21/14/das-1.gz","version":"\"9b2c..\"","records":1200,"done":true}
//! ```
//! Lines are appended; the last one on an object counts. A line that was cut off by a crash is not there, and its object is
//! read again: at least once. At the start the file is written anew, under another name, and moved into place.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::listing::Object;

/// Which objects are done. Nobody else has it as long as this lives.
pub(super) struct Journal {
    /// How many records of an object are delivered; none: all. An entry takes some 50 bytes of memory.
    known: HashMap<Id, Option<u64>>,
    file: Option<File>,
    /// Lines that could not be written yet.
    unwritten: String,
    _lock: Option<File>,
}

/// An object in one version, shortened so that millions can be remembered.
pub(super) type Id = u128;

#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    object: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    version: std::borrow::Cow<'a, str>,
    records: u64,
    done: bool,
}

/// The first line: whose journal it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    url: String,
}

const FILE: &str = "objects.ndjson";
const LOCK: &str = "objects.lock";

impl Journal {
    /// One that is forgotten at the end of the run.
    pub(super) fn in_memory() -> Self {
        Journal { known: HashMap::new(), file: None, unwritten: String::new(), _lock: None }
    }

    /// Opens or makes it, for the objects of this URL.
    ///
    /// # Errors
    /// For people: another process has it, it is of another URL, it cannot be read or written.
    pub(super) fn open(folder: &Path, url: &str) -> Result<Self, String> {
        let problem = |error: io::Error| format!("checkpoint {}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(problem)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK));
        let lock = lock.map_err(problem)?;
        if let Err(error) = lock.try_lock() {
            return Err(match error {
                std::fs::TryLockError::WouldBlock => {
                    format!("checkpoint {}: another process or source is working with it", folder.display())
                }
                std::fs::TryLockError::Error(error) => problem(error),
            });
        }
        let path = folder.join(FILE);
        let (known, lines) = match File::open(&path) {
            Ok(file) => read(BufReader::new(file), url).map_err(|error| problem(io::Error::other(error)))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Default::default(),
            Err(error) => return Err(problem(error)),
        };
        let file = rewrite(folder, &path, url, &lines).map_err(problem)?;
        Ok(Journal { known, file: Some(file), unwritten: String::new(), _lock: Some(lock) })
    }

    /// Whether all of it was delivered.
    pub(super) fn is_done(&self, id: Id) -> bool {
        matches!(self.known.get(&id), Some(None))
    }

    /// How many of its records were delivered before.
    pub(super) fn delivered(&self, id: Id) -> u64 {
        self.known.get(&id).copied().flatten().unwrap_or(0)
    }

    /// So many records of an object are delivered; `done`: that is all of it.
    ///
    /// # Errors
    /// The file cannot be written; the next call tries again. A crash before means that records are delivered twice.
    pub(super) fn note(&mut self, object: &Object, records: u64, done: bool) -> io::Result<()> {
        self.known.insert(object.id(), (!done).then_some(records));
        if self.file.is_some() {
            let line = Line { object: object.name().into(), version: object.version().into(), records, done };
            self.unwritten += &serde_json::to_string(&line)?;
            self.unwritten.push('\n');
        }
        self.write()
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// As [`Self::note`].
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }

    fn write(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file
            && !self.unwritten.is_empty()
        {
            // An end of a line in front: what a failed attempt left behind must not swallow the first line.
            file.write_all(format!("\n{}", self.unwritten).as_bytes())?;
            self.unwritten.clear();
        }
        Ok(())
    }
}

impl Line<'_> {
    fn read(&self) -> (Id, Option<u64>) {
        (id(&self.object, &self.version), (!self.done).then_some(self.records))
    }
}

/// The id of this version of this object.
pub(super) fn id(object: &str, version: &str) -> Id {
    let digest = Sha256::new().chain_update(object).chain_update([0]).chain_update(version).finalize();
    digest.iter().take(16).fold(0, |id, byte| id << 8 | Id::from(*byte))
}

type Known = (HashMap<Id, Option<u64>>, Vec<String>);

/// Each object's last line, in the order of the last lines.
fn read(file: impl BufRead, url: &str) -> Result<Known, String> {
    let mut lines = file.lines();
    let head = lines.next().transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    if let Ok(found) = serde_json::from_str::<Head>(&head)
        && found.url != url
    {
        return Err(format!("expected a folder of its own for {url}, found the one of {}", found.url));
    }
    let mut last: HashMap<Id, (Option<u64>, String)> = HashMap::new();
    for line in lines {
        // What is no such line was cut off by a crash.
        let Ok(line) = line else { continue };
        let Ok((id, records)) = serde_json::from_str::<Line<'_>>(&line).map(|line| line.read()) else { continue };
        last.insert(id, (records, line));
    }
    let mut known = HashMap::with_capacity(last.len());
    let mut texts = Vec::with_capacity(last.len());
    for (id, (records, line)) in last {
        known.insert(id, records);
        texts.push(line);
    }
    texts.sort_unstable();
    Ok((known, texts))
}

fn rewrite(folder: &Path, path: &Path, url: &str, lines: &[String]) -> io::Result<File> {
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = io::BufWriter::new(new.as_file_mut());
    writeln!(writer, "{}", serde_json::to_string(&Head { url: url.to_owned() })?)?;
    for line in lines {
        writeln!(writer, "{line}")?;
    }
    writer.flush()?;
    drop(writer);
    new.as_file().sync_all()?;
    let file = new.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> Object {
        Object::test(name, "1")
    }

    #[test]
    fn what_was_noted_is_known_to_the_next_run_even_if_it_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let [done, half, new] = ["done", "half", "new"].map(object);
        let mut journal = Journal::open(folder.path(), "s3://b").unwrap();
        journal.note(&half, 3, false).unwrap();
        journal.note(&done, 10, true).unwrap();
        journal.note(&half, 7, false).unwrap();
        drop(journal);
        // Killed in the middle of a line.
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(b"\n{\"object\":\"new\",\"version\":\"1\",\"rec").unwrap();
        for _ in 0..2 {
            let mut journal = Journal::open(folder.path(), "s3://b").unwrap();
            assert!(journal.is_done(done.id()) && !journal.is_done(half.id()) && !journal.is_done(new.id()));
            assert_eq!((journal.delivered(half.id()), journal.delivered(new.id())), (7, 0));
            journal.note(&half, 7, false).unwrap();
            journal.sync().unwrap();
        }
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap().matches("half").count(), 2);
    }

    #[test]
    fn another_version_of_an_object_is_another_object() {
        let mut journal = Journal::in_memory();
        journal.note(&object("a"), 1, true).unwrap();
        assert!(journal.is_done(object("a").id()) && !journal.is_done(Object::test("a", "2").id()));
    }

    #[test]
    fn one_process_and_one_url_have_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        let open = |url| Journal::open(folder.path(), url).map(|_| ());
        let held = Journal::open(folder.path(), "s3://b").unwrap();
        assert!(open("s3://b").unwrap_err().contains("another process or source"));
        drop(held);
        assert!(open("s3://c").unwrap_err().contains("found the one of s3://b"));
        assert_eq!(open("s3://b"), Ok(()));
    }
}
