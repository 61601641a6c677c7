//! Key bytes that wipe themselves, hide from `Debug`, and are never copied by accident.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize;

/// A plaintext data key.
///
/// Cloning makes another handle to the same bytes, not another copy of them. When the last handle goes, the bytes are
/// overwritten. `Debug` prints the length only.
#[derive(Clone)]
pub struct Secret(Arc<Guarded>);

/// The bytes themselves; dropped, and so wiped, exactly once. The inner `Arc` is there for [`Secret::lend`] alone.
struct Guarded {
    bytes: Arc<[u8]>,
}

impl Secret {
    /// Takes the key over and wipes `bytes`, its spare capacity included.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        let secret = Self(Arc::new(Guarded { bytes: Arc::from(bytes.as_slice()) }));
        bytes.zeroize();
        secret
    }

    /// The key bytes. Do not copy them into anything that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The key bytes as the `Arc` that wasmtime writes into the sandbox without an unwiped copy in between.
    ///
    /// Keep a handle to the `Secret` until the lent `Arc` is gone: the wipe happens when the last handle goes and needs
    /// the bytes for itself. A lent `Arc` that lives longer keeps them readable, and a warning is logged.
    #[must_use]
    pub fn lend(&self) -> Arc<[u8]> {
        Arc::clone(&self.0.bytes)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !wipe(&mut self.bytes) {
            tracing::warn!("a lent data key outlived its owner and was not wiped: drop it before the secret");
        }
    }
}

/// Overwrites the bytes, unless somebody else still reads them.
fn wipe(bytes: &mut Arc<[u8]>) -> bool {
    match Arc::get_mut(bytes) {
        Some(bytes) => {
            bytes.zeroize();
            true
        }
        None => false,
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_only() {
        assert_eq!(format!("{:?}", Secret::new(b"0123456789abcdef".to_vec())), "Secret(16 bytes)");
    }

    #[test]
    fn handles_share_the_bytes() {
        let one = Secret::new(vec![1, 2, 3]);
        let two = one.clone();
        assert_eq!(one.expose().as_ptr(), two.expose().as_ptr());
        drop(one);
        assert_eq!(two.expose(), [1, 2, 3], "wiped while a handle was left");
    }

    #[test]
    fn wipes_what_nobody_reads() {
        let mut bytes: Arc<[u8]> = Arc::from([1_u8, 2, 3].as_slice());
        let lent = Arc::clone(&bytes);
        assert!(!wipe(&mut bytes));
        assert_eq!(*lent, [1, 2, 3]);
        drop(lent);
        assert!(wipe(&mut bytes));
        assert_eq!(*bytes, [0, 0, 0]);
    }

    #[test]
    fn the_last_handle_finds_the_bytes_unlent() {
        let secret = Secret::new(vec![9; 32]);
        let lent = secret.lend();
        assert_eq!(Arc::strong_count(&secret.0.bytes), 2);
        drop(lent);
        assert_eq!(Arc::strong_count(&secret.0.bytes), 1);
    }
}
