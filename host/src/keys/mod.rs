//! Data keys: who is asked for them, how long they are kept, and how they are wiped.
//!
//! A record of a Database Activity Stream carries its wrapping key encrypted under a KMS key. Decrypting that blob is
//! the one thing the sandbox cannot do by itself; a [`KeyProvider`] does it. Two come with the crate: [`Kms`] asks AWS
//! KMS, [`Keyring`] reads a local file. A [`Cache`] stands in front of either, so that a data key costs one question
//! per time to live, however many records and workers want it.
//!
//! # An own provider
//!
//! Anything that can unwrap the blob will do: another SDK, a vault, an enclave.
//!
//! ```
//! use dastap::keys::{Answer, Cache, CacheSettings, KeyError, KeyProvider, KeyRequest, Secret};
//!
//! struct Vault;
//!
//! impl KeyProvider for Vault {
//!     fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
//!         Box::pin(async move {
//!             match request.ciphertext.as_slice() {
//!                 b"sealed" => Ok(Secret::new(vec![7; 32])),
//!                 // The text reaches the failed record's `detail`: say what to do, never print the blob.
//!                 _ => Err(KeyError::Refused("the vault does not know this key".to_owned())),
//!             }
//!         })
//!     }
//!
//!     fn scope(&self) -> &str {
//!         "vault"
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let cache = Cache::new(Vault, CacheSettings::default());
//! let request = KeyRequest {
//!     ciphertext: b"sealed".to_vec(),
//!     context: vec![("aws:rds:dbc-id".to_owned(), "cluster-ABC".to_owned())],
//! };
//! for _ in 0..3 {
//!     let key = cache.decrypt(request.clone()).await.expect("the vault knows it");
//!     assert_eq!(key.expose().len(), 32);
//! }
//! assert_eq!(cache.stats().lookups, 3);
//! assert_eq!(cache.stats().calls, 1);
//! # }
//! ```

use std::pin::Pin;
use std::sync::Arc;

mod cache;
mod clock;
mod flight;
mod keyring;
#[cfg(feature = "kms")]
mod kms;
#[cfg(feature = "cli")]
mod process;
mod request;
mod secret;
mod settings;
mod stats;
mod store;
mod table;

pub use cache::Cache;
pub use clock::{Clock, Sleep, SystemClock, TestClock};
pub use keyring::{Keyring, KeyringError};
#[cfg(feature = "kms")]
pub use kms::{ConnectError, Kms, KmsSettings};
#[cfg(feature = "cli")]
pub use process::protect_process;
pub use request::KeyRequest;
pub use secret::Secret;
pub use settings::CacheSettings;
pub use stats::KeyStats;

/// Somebody who can turn the blob in a record's `key` field into the plaintext data key.
pub trait KeyProvider: Send + Sync + 'static {
    /// One question to the key service; not cached here.
    ///
    /// The future may be dropped at any await point, and is dropped after 30 seconds without an answer. Through a
    /// [`Cache`], `request` is within its bounds and its context is sorted by name.
    ///
    /// # Errors
    /// [`KeyError::Refused`] when the service said no, [`KeyError::Unavailable`] when it said nothing.
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a>;

    /// What else decides the answer, such as the wrapping-key id and the region; part of the cache key.
    fn scope(&self) -> &str;
}

/// What a [`KeyProvider`] gives back: a future of the plaintext data key.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Secret, KeyError>> + Send + 'a>>;

/// Why there is no key. The text is for people; it carries no key material, no blob and no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Asking again is useless until somebody changes something: access denied, wrong context, disabled key.
    #[error("refused: {0}")]
    Refused(String),
    /// Asking again later helps: throttled, no connection, time-out.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl<P: KeyProvider + ?Sized> KeyProvider for Box<P> {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        (**self).decrypt(request)
    }

    fn scope(&self) -> &str {
        (**self).scope()
    }
}

impl<P: KeyProvider + ?Sized> KeyProvider for Arc<P> {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        (**self).decrypt(request)
    }

    fn scope(&self) -> &str {
        (**self).scope()
    }
}
