//! The positions of one stream on disk: `<stream>.json` in the checkpoint folder, replaced as a whole.
//!
//! Written to a file beside it, forced to the disk, then renamed: whenever the process dies, the file is the old one or
//! the new one. It is written at most once a second, and so is at most a second behind what was accepted.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lock::Lock;
use super::position::{Identity, Place, Positions};
use crate::backoff::{Backoff, roll};

/// The positions in memory and on disk, locked against other processes.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// Only one writes at a time, and each writes what is newest.
    writing: Mutex<()>,
    /// A position has moved.
    moved: Notify,
    _lock: Lock,
}

#[derive(Debug, Default)]
struct Kept {
    positions: Positions,
    /// Grows with every change.
    changes: u64,
    saved: u64,
}

/// What became of positions when the stream was seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// There were none.
    First,
    /// They are this stream's.
    Known,
    /// They were of a stream that is gone and had the same name; they are forgotten.
    Recreated,
}

/// A position that moved is saved after this pause at the latest; and so often at most.
const PAUSE: Duration = Duration::from_secs(1);
/// That nothing came is saved this often.
const IDLE: Duration = Duration::from_secs(60);

impl Checkpoint {
    /// Locks and reads the positions of a stream.
    ///
    /// # Errors
    /// Another process has them, or they cannot be read; for people.
    pub(super) fn open(folder: &Path, stream: &str) -> Result<Self, String> {
        fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make the checkpoint folder {}: {error}", folder.display()))?;
        let lock = Lock::take(&folder.join(format!("{stream}.lock")))?;
        let path = folder.join(format!("{stream}.json"));
        let positions = match fs::read(&path) {
            Ok(text) => Positions::from_json(&text).map_err(|problem| {
                format!(
                    "{} holds no positions that can be read ({problem}): put back a copy of it, or remove it to read \
                     the stream again from `start`",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Positions::default(),
            Err(error) => return Err(format!("cannot read the positions {}: {error}", path.display())),
        };
        let kept = Mutex::new(Kept { positions, ..Kept::default() });
        Ok(Checkpoint { path, kept, writing: Mutex::default(), moved: Notify::new(), _lock: lock })
    }

    /// Makes sure that the positions are of this stream.
    ///
    /// # Errors
    /// They are of another stream, which still may need them.
    pub(super) fn bind(&self, found: &Identity) -> Result<Bound, String> {
        let mut kept = self.kept();
        let bound = match &kept.positions.identity {
            None => Bound::First,
            Some(known) if known == found => return Ok(Bound::Known),
            Some(known) if known.stream == found.stream => Bound::Recreated,
            Some(known) => {
                return Err(format!(
                    "{} holds the positions of {}, not of {}: give each source a checkpoint folder of its own",
                    self.path.display(),
                    known.stream,
                    found.stream
                ));
            }
        };
        kept.positions = Positions { identity: Some(found.clone()), ..Positions::default() };
        kept.changes += 1;
        Ok(bound)
    }

    /// Looks at the positions, and may change them.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Positions) -> T) -> T {
        let mut kept = self.kept();
        kept.changes += 1;
        change(&mut kept.positions)
    }

    /// Where a shard stands.
    pub(super) fn place(&self, shard: &str) -> Option<Place> {
        self.kept().positions.shards.get(shard).cloned()
    }

    /// A shard is delivered as far as this.
    pub(super) fn reached(&self, shard: &str, place: Place) {
        let mut kept = self.kept();
        // A shard that was forgotten meanwhile stays so.
        let Some(known) = kept.positions.shards.get_mut(shard) else { return };
        let has_moved = known.position != place.position;
        *known = Place { read_until: place.read_until.or(known.read_until), ..place };
        kept.changes += 1;
        if has_moved {
            self.moved.notify_one();
        }
    }

    /// Saves whatever changes, for ever. What cannot be written is tried again: delivery goes on, and a restart would
    /// read more again.
    pub(super) async fn keep_saving(self: &Arc<Self>) {
        let (mut backoff, begun) = (Backoff::default(), Instant::now());
        loop {
            // Not an error: nothing has moved.
            let _ = tokio::time::timeout(IDLE, self.moved.notified()).await;
            while let Err(error) = self.save().await {
                backoff.fail(begun.elapsed(), roll());
                let pause = backoff.left(begun.elapsed()).unwrap_or(PAUSE);
                tracing::error!(
                    path = %self.path.display(), %error, pause_seconds = pause.as_secs_f64(),
                    "cannot save the positions, trying again"
                );
                tokio::time::sleep(pause).await;
            }
            backoff = Backoff::default();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Saves what has changed since the last time.
    ///
    /// # Errors
    /// The file system's. The file is as it was.
    pub(super) async fn save(self: &Arc<Self>) -> io::Result<()> {
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || this.write()).await.map_err(io::Error::from).flatten()
    }

    /// Where the positions are, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, changes) = {
            let kept = self.kept();
            match kept.positions.to_json() {
                Some(text) if kept.changes != kept.saved => (text, kept.changes),
                _ => return Ok(()),
            }
        };
        replace(&self.path, text.as_bytes())?;
        self.kept().saved = changes;
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces a file by one with this content, or leaves it as it is.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        // On a full disk even this may fail; the next attempt begins the file anew anyway.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The new name is safe only when the folder is on the disk too.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::position::Position;
    use super::*;

    fn identity(stream: &str) -> Identity {
        Identity { stream: stream.to_owned(), created: "2026-11-21T14:00:00Z".parse().unwrap() }
    }

    fn after(sequence: &str) -> Place {
        Position::After(sequence.to_owned()).unread()
    }

    /// Positions of the stream `s` with one shard behind record 1.
    async fn begun(folder: &Path) -> Arc<Checkpoint> {
        let checkpoint = Arc::new(Checkpoint::open(folder, "s").unwrap());
        assert_eq!(checkpoint.bind(&identity("s")).unwrap(), Bound::First);
        checkpoint.with(|positions| positions.shards.insert("shard".into(), after("1")));
        checkpoint.save().await.unwrap();
        checkpoint
    }

    #[tokio::test]
    async fn positions_are_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = begun(folder.path()).await;
        checkpoint.reached("shard", after("2"));
        checkpoint.reached("unknown", after("2"));
        checkpoint.save().await.unwrap();
        drop(checkpoint);
        let again = Checkpoint::open(folder.path(), "s").unwrap();
        assert_eq!(again.bind(&identity("s")).unwrap(), Bound::Known);
        assert_eq!((again.place("shard"), again.place("unknown")), (Some(after("2")), None));
    }

    #[tokio::test]
    async fn a_crash_between_writing_and_renaming_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        drop(begun(folder.path()).await);
        for half in ["", "{\"format\":", "not JSON"] {
            fs::write(folder.path().join("s.json.new"), half).unwrap();
            let again = Arc::new(Checkpoint::open(folder.path(), "s").unwrap());
            assert_eq!(again.place("shard"), Some(after("1")));
            again.reached("shard", after("1"));
            again.save().await.unwrap();
            assert!(!folder.path().join("s.json.new").exists());
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_replaced_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = begun(folder.path()).await;
        checkpoint.reached("shard", after("2"));
        let beside = folder.path().join("s.json.new");
        fs::create_dir(&beside).unwrap();
        assert!(checkpoint.save().await.is_err());
        let text = fs::read(folder.path().join("s.json")).unwrap();
        assert_eq!(Positions::from_json(&text).unwrap().shards["shard"], after("1"));
        fs::remove_dir(&beside).unwrap();
        checkpoint.save().await.unwrap();
        let text = fs::read(folder.path().join("s.json")).unwrap();
        assert_eq!(Positions::from_json(&text).unwrap().shards["shard"], after("2"));
    }

    #[tokio::test]
    async fn positions_of_another_stream_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = begun(folder.path()).await;
        let problem = checkpoint.bind(&identity("other")).unwrap_err();
        assert!(problem.contains("holds the positions of s, not of other"), "{problem}");
        assert_eq!(checkpoint.place("shard"), Some(after("1")));
    }

    #[tokio::test]
    async fn a_stream_that_was_made_again_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = begun(folder.path()).await;
        let again = Identity { created: "2026-11-21T15:00:00Z".parse().unwrap(), ..identity("s") };
        assert_eq!(checkpoint.bind(&again).unwrap(), Bound::Recreated);
        assert_eq!(checkpoint.place("shard"), None);
    }

    #[test]
    fn a_broken_file_is_an_error_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"format\":\"something else\"}"] {
            fs::write(folder.path().join("s.json"), text).unwrap();
            let problem = Checkpoint::open(folder.path(), "s").unwrap_err();
            assert!(problem.contains("put back a copy of it, or remove it"), "{problem}");
            assert_eq!(fs::read_to_string(folder.path().join("s.json")).unwrap(), text);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_is_saved_at_once_and_then_at_most_once_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = begun(folder.path()).await;
        let saved = || {
            let text = fs::read(folder.path().join("s.json")).unwrap();
            Positions::from_json(&text).unwrap().shards["shard"].clone()
        };
        let saver = tokio::spawn({
            let checkpoint = Arc::clone(&checkpoint);
            async move { checkpoint.keep_saving().await }
        });
        let begun = tokio::time::Instant::now();
        let mut writes = 0;
        for number in 2..42 {
            let before = saved();
            checkpoint.reached("shard", after(&number.to_string()));
            tokio::time::sleep(Duration::from_millis(100)).await;
            writes += u32::from(saved() != before);
        }
        assert!((3..=6).contains(&writes), "{writes} writes in {:?}", begun.elapsed());
        tokio::time::sleep(PAUSE + Duration::from_millis(100)).await;
        assert_eq!(saved(), after("41"));
        saver.abort();
    }
}
