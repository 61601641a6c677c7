//! Single flight: one lookup asks for a key, the others wait for its answer.
//!
//! A lookup can be dropped at any await point. When the one that asks is dropped, its flight ends without an answer,
//! the others wake, and the first of them asks instead: nobody hangs, and nobody asks twice at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::store::{Outcome, Store};
use super::table::Key;
use super::{KeyError, Secret};

/// The duty to ask for one key. Dropped before [`land`](Self::land), it passes to one of those who wait.
pub(super) struct Flight<'a> {
    store: &'a Mutex<Store>,
    key: Key,
    sender: watch::Sender<Option<Outcome>>,
    landed: bool,
}

impl<'a> Flight<'a> {
    pub(super) fn new(store: &'a Mutex<Store>, key: Key, sender: watch::Sender<Option<Outcome>>) -> Self {
        Self { store, key, sender, landed: false }
    }

    /// Puts the answer into the store and hands the outcome to everybody who waits. Both the answer and the end of the
    /// flight become visible under one lock, so no lookup falls between them and asks again.
    pub(super) fn land(mut self, answer: Result<Secret, KeyError>, now: Duration) -> Outcome {
        self.landed = true;
        let outcome = lock(self.store).settle(&self.key, answer, now);
        self.sender.send_replace(Some(outcome.clone()));
        outcome
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        // Once landed, the store's flight for this key may be somebody else's. If not, end it before the sender goes
        // and wakes the others: they must not find the dead flight again.
        if !self.landed {
            lock(self.store).abandon(&self.key);
        }
    }
}

/// Waits for another lookup's outcome; `None` when it was dropped on the way.
pub(super) async fn landed(mut flight: watch::Receiver<Option<Outcome>>) -> Option<Outcome> {
    flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
}

/// The store, also after a panic elsewhere: its calls leave it whole.
pub(super) fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}
