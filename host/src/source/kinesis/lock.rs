//! One reader for one set of positions: a second one would deliver everything twice and overwrite what the first saved.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use jiff::Timestamp;

/// Held as long as this value lives, and given back by the system however the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, and notes in the file who has it. The file stays: removing it would let two take it.
    ///
    /// # Errors
    /// Somebody has it, or the file cannot be written; for people.
    pub(super) fn take(path: &Path) -> Result<Lock, String> {
        let cannot = |error| format!("cannot lock {}: {error}", path.display());
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {
                let noted = file.set_len(0).and_then(|()| file.write_all(holder().as_bytes()));
                noted.map_err(cannot)?;
                Ok(Lock { _file: file })
            }
            Err(TryLockError::Error(error)) => Err(cannot(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Where a lock forbids reading too, the name is all that is missing.
                let _ = file.take(1000).read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { "another process" } else { holder };
                Err(format!(
                    "{} is locked by {holder}: only one source may read a stream with one set of positions; stop the \
                     other, or give this one a checkpoint folder of its own",
                    path.display()
                ))
            }
        }
    }
}

/// In containers every process is number 1, so the host is named too.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { String::new() } else { format!(" on {}", host.trim()) };
    format!("process {}{host} since {:.0}\n", std::process::id(), Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stream.lock");
        let first = Lock::take(&path).unwrap();
        let problem = Lock::take(&path).unwrap_err();
        assert!(problem.contains(&format!("locked by process {}", std::process::id())), "{problem}");
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn a_lock_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let problem = Lock::take(&folder.path().join("no/such.lock")).unwrap_err();
        assert!(problem.starts_with("cannot lock "), "{problem}");
    }
}
