//! The policy of the key cache: what is kept, for how long, and what an answer of the provider changes. No waiting
//! happens here; time comes in as a number.
//!
//! | the provider said | fresh key | refusal | what later lookups get |
//! |---|---|---|---|
//! | a key | kept for the ttl, less 10 to 20 % | forgotten | the key |
//! | refused | **dropped** | kept for the refused-ttl | the refusal, so a revocation bites within the ttl |
//! | unavailable | left | left | for a growing pause: the stale key, else unavailable at once |

use std::collections::hash_map::RandomState;
use std::time::Duration;

use hashbrown::HashMap;
use tokio::sync::watch;

use super::table::{Key, Question, Table};
use super::{CacheSettings, KeyError, Secret};
use crate::backoff::{Backoff, roll, shortened};

/// Refusals have a table of their own, so that garbage cannot push good keys out; it holds this many.
const REFUSALS: usize = 256;
/// Rows past their use are swept out, and their secrets wiped, this often while there are lookups.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How long after its pause a failed key's back-off is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// How a lookup ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// A key within its time.
    Key(Secret),
    /// A key past its time, used because the provider is unavailable.
    Stale(Secret),
    Failed(KeyError),
}

/// What a lookup has to do.
pub(super) enum Step {
    /// Nothing: here is the outcome.
    Done(Outcome),
    /// Wait for the lookup that is asking already.
    Wait(watch::Receiver<Option<Outcome>>),
    /// Ask the provider, then [`Store::settle`], or [`Store::abandon`] when that does not happen.
    Ask(Key, watch::Sender<Option<Outcome>>),
}

/// Everything the cache knows.
pub(super) struct Store {
    settings: CacheSettings,
    keys: Table<Held>,
    refusals: Table<Refusal>,
    absences: Table<Absence>,
    flights: HashMap<Key, watch::Receiver<Option<Outcome>>, RandomState>,
    sweep_at: Duration,
}

/// A key and its two ages.
struct Held {
    secret: Secret,
    fresh_until: Duration,
    stale_until: Duration,
}

struct Refusal {
    error: KeyError,
    until: Duration,
}

/// The provider did not answer for this key; it is left alone for a while.
struct Absence {
    text: String,
    backoff: Backoff,
}

impl Store {
    pub(super) fn new(settings: CacheSettings) -> Self {
        Self {
            keys: Table::new(settings.capacity),
            refusals: Table::new(REFUSALS),
            absences: Table::new(settings.capacity),
            flights: HashMap::default(),
            sweep_at: Duration::ZERO,
            settings,
        }
    }

    /// Looks a key up. One lock around this call decides for everybody who asks: at most one lookup per key is told to
    /// ask while the others wait.
    pub(super) fn find(&mut self, question: Question<'_>, now: Duration) -> Step {
        if now >= self.sweep_at {
            self.sweep(now);
        }
        if let Some(held) = self.keys.get(question)
            && now < held.fresh_until
        {
            return Step::Done(Outcome::Key(held.secret.clone()));
        }
        if let Some(refusal) = self.refusals.get(question)
            && now < refusal.until
        {
            return Step::Done(Outcome::Failed(refusal.error.clone()));
        }
        let flight = self.flights.get(&question).cloned();
        if let Some(outcome) = self.meanwhile(question, now, flight.is_some()) {
            return Step::Done(outcome);
        }
        if let Some(flight) = flight {
            return Step::Wait(flight);
        }
        let (sender, receiver) = watch::channel(None);
        let key = question.to_key();
        self.flights.insert(key.clone(), receiver);
        Step::Ask(key, sender)
    }

    /// The outcome while the provider is known to be unavailable: during a pause for everybody, and while somebody
    /// tries again (`trying`) for those who have a stale key to go on with.
    fn meanwhile(&mut self, question: Question<'_>, now: Duration, trying: bool) -> Option<Outcome> {
        let absence = self.absences.get(question)?;
        match absence.backoff.left(now) {
            Some(left) => {
                let text = format!("{}; asked again in {:.1} s", absence.text, left.as_secs_f64());
                Some(self.without(question, now, text))
            }
            None if trying => self.stale(question, now),
            None => None,
        }
    }

    /// The outcome when the provider gave no answer: the stale key, else [`KeyError::Unavailable`].
    pub(super) fn without(&mut self, question: Question<'_>, now: Duration, text: String) -> Outcome {
        self.stale(question, now).unwrap_or(Outcome::Failed(KeyError::Unavailable(text)))
    }

    fn stale(&mut self, question: Question<'_>, now: Duration) -> Option<Outcome> {
        let held = self.keys.get(question).filter(|held| now < held.stale_until)?;
        Some(Outcome::Stale(held.secret.clone()))
    }

    /// Takes the provider's answer in, ends the flight, and says what those who wait for it get.
    pub(super) fn settle(&mut self, key: &Key, answer: Result<Secret, KeyError>, now: Duration) -> Outcome {
        self.abandon(key);
        match answer {
            Ok(secret) => {
                self.refusals.remove(key.question());
                self.absences.remove(key.question());
                let fresh_until = now.saturating_add(shortened(self.settings.ttl, roll()));
                let stale_until = fresh_until.saturating_add(self.settings.stale);
                self.keys.insert(key.clone(), Held { secret: secret.clone(), fresh_until, stale_until });
                Outcome::Key(secret)
            }
            Err(error @ KeyError::Refused(_)) => {
                self.keys.remove(key.question());
                self.absences.remove(key.question());
                let until = now.saturating_add(self.settings.refused_ttl);
                self.refusals.insert(key.clone(), Refusal { error: error.clone(), until });
                Outcome::Failed(error)
            }
            Err(KeyError::Unavailable(text)) => {
                let outcome = self.without(key.question(), now, text.clone());
                let mut backoff = self.absences.get(key.question()).map(|absence| absence.backoff).unwrap_or_default();
                backoff.fail(now, roll());
                self.absences.insert(key.clone(), Absence { text, backoff });
                outcome
            }
        }
    }

    /// Ends a flight without an answer; the next lookup asks.
    pub(super) fn abandon(&mut self, key: &Key) {
        self.flights.remove(key);
    }

    /// Drops every row past its use.
    pub(super) fn sweep(&mut self, now: Duration) {
        self.keys.retain(|held| now < held.stale_until);
        self.refusals.retain(|refusal| now < refusal.until);
        self.absences.retain(|absence| now < absence.backoff.until().saturating_add(FORGET_AFTER));
        self.sweep_at = now.saturating_add(SWEEP_EVERY);
    }

    /// How many keys, refusals and absences are held.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        (self.keys.len(), self.refusals.len(), self.absences.len())
    }
}
