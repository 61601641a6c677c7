//! Objects in a local folder: written to a file that nobody sees, synced, and moved to their names.
//!
//! Unfinished files lie in the folder `.dastap` of the root, so that no program that reads the folder meets them and
//! what a killed process left behind is found again. A file is locked while its process lives; the next start removes
//! those that nobody holds.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempPath;

/// The root, opened.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: Arc<Path>,
}

/// An object that is being written. Dropping it removes the file.
#[derive(Debug, Clone)]
pub(super) struct Unfinished {
    root: Arc<Path>,
    file: Arc<File>,
    temporary: Arc<Mutex<Option<TempPath>>>,
}

const STAGING: &str = ".dastap";
/// A younger file may belong to a process that has not locked it yet.
const ABANDONED: Duration = Duration::from_secs(60);

impl Folder {
    /// Makes the folder where it is missing, and removes what killed processes left behind.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let staging = root.join(STAGING);
        fs::create_dir_all(&staging)?;
        for entry in fs::read_dir(&staging)? {
            let path = entry?.path();
            if is_abandoned(&path).unwrap_or(false) {
                tracing::info!(file = %path.display(), "removing an unfinished object of an earlier run");
                // Another process may have been quicker.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(Folder { root: root.into() })
    }

    /// Begins an object.
    pub(super) fn begin(&self) -> io::Result<Unfinished> {
        let file = tempfile::Builder::new().suffix(".part").tempfile_in(self.root.join(STAGING))?;
        let (file, temporary) = file.into_parts();
        // Where a file system knows no locks, nothing is removed at the next start.
        let _ = file.try_lock();
        Ok(Unfinished {
            root: Arc::clone(&self.root),
            file: Arc::new(file),
            temporary: Arc::new(Mutex::new(Some(temporary))),
        })
    }
}

impl Unfinished {
    /// Writes behind the first `offset` bytes. May be repeated after a failure.
    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// Makes it visible under this name, on the disk with its name. May be repeated after a failure, also with another
    /// name; it has one name in the end.
    ///
    /// # Errors
    /// Among others: the name is taken.
    pub(super) fn publish(&self, name: &str) -> io::Result<()> {
        let target = self.root.join(name);
        let parent = target.parent().unwrap_or(&self.root);
        let mut temporary = self.temporary.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = temporary.take() {
            let published = self.file.sync_all().and_then(|()| make_folders(&self.root, parent));
            match published {
                Err(error) => {
                    *temporary = Some(path);
                    return Err(error);
                }
                Ok(()) => path.persist_noclobber(&target).map_err(|error| {
                    *temporary = Some(error.path);
                    error.error
                })?,
            }
        }
        File::open(parent)?.sync_all()
    }
}

/// Makes the folders between, each synced into the one above it.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() || folder == root {
        return Ok(());
    }
    let above: PathBuf = folder.parent().unwrap_or(root).into();
    make_folders(root, &above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(above)?.sync_all(),
    }
}

/// Old enough, and held by nobody.
fn is_abandoned(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    Ok(age > ABANDONED && file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn files(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_visible_before_it_is_complete() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let unfinished = folder.begin().unwrap();
        unfinished.write(b"one", 0).unwrap();
        unfinished.write(b"two", 3).unwrap();
        assert_eq!(files(root.path()), [STAGING]);
        unfinished.publish("a/b/c.ndjson").unwrap();
        assert_eq!(fs::read(root.path().join("a/b/c.ndjson")).unwrap(), b"onetwo");
        assert!(files(&root.path().join(STAGING)).is_empty());
        // Again, as after a failure behind the move.
        unfinished.publish("a/b/c.ndjson").unwrap();
    }

    #[test]
    fn a_name_that_is_taken_is_not_written_over() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("taken"), "mine").unwrap();
        let unfinished = Folder::open(root.path()).unwrap().begin().unwrap();
        unfinished.write(b"other", 0).unwrap();
        assert_eq!(unfinished.publish("taken").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        unfinished.publish("free").unwrap();
        assert_eq!(fs::read(root.path().join("taken")).unwrap(), b"mine");
        assert_eq!(fs::read(root.path().join("free")).unwrap(), b"other");
    }

    #[test]
    fn an_object_that_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        drop(Folder::open(root.path()).unwrap().begin().unwrap());
        assert!(files(&root.path().join(STAGING)).is_empty());
    }

    #[test]
    fn what_a_killed_process_left_behind_is_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let held = folder.begin().unwrap();
        let old = SystemTime::now() - 2 * ABANDONED;
        held.file.set_modified(old).unwrap();
        let [young, abandoned] = ["young.part", "old.part"].map(|name| root.path().join(STAGING).join(name));
        File::create(young).unwrap();
        File::create(abandoned).unwrap().set_modified(old).unwrap();
        assert_eq!(files(&root.path().join(STAGING)).len(), 3);
        Folder::open(root.path()).unwrap();
        let left = files(&root.path().join(STAGING));
        assert!(left.len() == 2 && left.contains(&"young.part".to_owned()), "{left:?}");
        held.publish("held").unwrap();
    }
}
