//! The key cache: one question to the provider per data key and time to live, however many ask at once.
//!
//! This file is the waiting; what is kept and for how long is decided in `store.rs`. No lock is held across an await.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::flight::{Flight, landed, lock};
use super::stats::Counters;
use super::store::{Outcome, Step, Store};
use super::table::Question;
use super::{CacheSettings, Clock, KeyError, KeyProvider, KeyRequest, KeyStats, Secret, SystemClock};

/// So many keys are asked for at once. A burst of new keys queues here instead of exhausting the account's KMS quota.
const IN_FLIGHT: usize = 20;
/// A lookup waits so long for another one's answer, or for its turn to ask.
const WAIT_LIMIT: Duration = Duration::from_secs(10);
/// A provider that has not answered by then never will. Well above the retry budget of `Kms`, so that the cache cuts no
/// retry short.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Keeps plaintext data keys in front of a [`KeyProvider`].
///
/// * A key is used for the time to live, less 10 to 20 percent, then asked for again. It is wiped when it is replaced,
///   pushed out or refused, when the cache goes, and at the first lookup at most a minute after it became useless.
/// * Of many lookups for one key, one asks; the others get its answer. If it is dropped, another one asks.
/// * A refusal is repeated for the refused-ttl and drops the key it concerns: a revocation bites within the ttl.
/// * "Unavailable" is not kept, but the provider is left alone for a pause that doubles from half a second to ten:
///   meanwhile lookups get the stale key, or "unavailable" at once.
/// * At most 20 keys are asked for at once; nobody waits for another lookup for more than 10 seconds.
///
/// One cache belongs to one provider, hence to one set of credentials. Share it with an `Arc`.
pub struct Cache {
    provider: Box<dyn KeyProvider>,
    clock: Box<dyn Clock>,
    store: Mutex<Store>,
    turns: Semaphore,
    counters: Counters,
}

impl Cache {
    /// A cache on the system's clock. Settings out of their bounds are taken as the nearest bound.
    ///
    /// Lookups that wait need a tokio runtime with time enabled.
    pub fn new(provider: impl KeyProvider, settings: CacheSettings) -> Self {
        Self::with_clock(provider, settings, SystemClock::new())
    }

    /// The same on a clock of your own; tests use [`TestClock`](super::TestClock).
    pub fn with_clock(provider: impl KeyProvider, settings: CacheSettings, clock: impl Clock) -> Self {
        Self {
            provider: Box::new(provider),
            clock: Box::new(clock),
            store: Mutex::new(Store::new(settings.clamped())),
            turns: Semaphore::new(IN_FLIGHT),
            counters: Counters::default(),
        }
    }

    /// The plaintext data key: from the cache, from the lookup that is asking for it already, or from the provider.
    /// The order of the context's pairs does not matter. The future may be dropped at any time.
    ///
    /// # Errors
    /// [`KeyError::Refused`]: the provider said no, or the request is out of bounds. [`KeyError::Unavailable`]: the
    /// provider did not answer, and no key is held that may still be used.
    pub async fn decrypt(&self, mut request: KeyRequest) -> Result<Secret, KeyError> {
        self.counters.looked_up();
        let (outcome, asked) = match request.check() {
            Ok(()) => {
                request.sort();
                self.look_up(Question { scope: self.provider.scope(), request: &request }).await
            }
            Err(error) => (Outcome::Failed(error), false),
        };
        self.counters.ended(&outcome, asked);
        match outcome {
            Outcome::Key(secret) | Outcome::Stale(secret) => Ok(secret),
            Outcome::Failed(error) => Err(error),
        }
    }

    /// What the cache has done so far.
    pub fn stats(&self) -> KeyStats {
        self.counters.read()
    }

    /// Drops, and so wipes, every key past its use. Lookups do this once a minute; a host that may stay idle for longer
    /// calls it from a timer.
    pub fn sweep(&self) {
        lock(&self.store).sweep(self.clock.now());
    }

    /// The outcome, and whether it took a call.
    async fn look_up(&self, question: Question<'_>) -> (Outcome, bool) {
        let mut deadline = None;
        loop {
            let now = self.clock.now();
            // A statement of its own: the lock ends with it.
            let step = lock(&self.store).find(question, now);
            match step {
                Step::Done(outcome) => return (outcome, false),
                Step::Ask(key, sender) => return self.ask(question, Flight::new(&self.store, key, sender)).await,
                Step::Wait(flight) => {
                    let left = deadline.get_or_insert(now.saturating_add(WAIT_LIMIT)).saturating_sub(now);
                    match self.within(left, landed(flight)).await {
                        Some(Some(outcome)) => return (outcome, false),
                        // Whoever asked was dropped: look again, and perhaps ask.
                        Some(None) => {}
                        None => return (self.without(question, "another lookup is still asking for this key"), false),
                    }
                }
            }
        }
    }

    async fn ask(&self, question: Question<'_>, flight: Flight<'_>) -> (Outcome, bool) {
        let Some(Ok(_turn)) = self.within(WAIT_LIMIT, self.turns.acquire()).await else {
            return (self.without(question, "the key service is still busy with other keys"), false);
        };
        self.counters.called();
        let answer = self.within(CALL_LIMIT, self.provider.decrypt(question.request)).await.unwrap_or_else(|| {
            let limit = CALL_LIMIT.as_secs();
            Err(KeyError::Unavailable(format!("the key provider gave no answer in {limit} s")))
        });
        let context = question.request.context_text();
        match &answer {
            Ok(_) => tracing::debug!(context, "data key decrypted"),
            Err(KeyError::Refused(text)) => tracing::debug!(context, text, "data key refused"),
            Err(KeyError::Unavailable(text)) => tracing::warn!(context, text, "key provider unavailable"),
        }
        (flight.land(answer, self.clock.now()), true)
    }

    fn without(&self, question: Question<'_>, text: &str) -> Outcome {
        lock(&self.store).without(question, self.clock.now(), text.to_owned())
    }

    /// The future's output, unless `limit` passes first.
    async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.clock.sleep(limit) => None,
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, refusals, absences) = lock(&self.store).len();
        f.debug_struct("Cache")
            .field("scope", &self.provider.scope())
            .field("keys", &keys)
            .field("refusals", &refusals)
            .field("absences", &absences)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
