//! Chance and patience: ages that do not end together, and pauses that grow while nobody answers.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The pause after the first failure.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause: how late a service that is back may be noticed.
const LONGEST: Duration = Duration::from_secs(10);

/// How often somebody failed in a row, and until when he is left alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Duration,
}

impl Backoff {
    /// Another failure: the pause doubles, up to ten seconds, and half of it is left to chance (`roll`, 0 to 1) so that
    /// many callers do not come back at once.
    pub(crate) fn fail(&mut self, now: Duration, roll: f64) {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        self.until = now.saturating_add(pause.mul_f64(0.5 + 0.5 * roll));
    }

    /// How much of the pause is left; `None` when it is over.
    pub(crate) fn left(&self, now: Duration) -> Option<Duration> {
        self.until.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// When the pause ends.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }
}

/// `age` less 10 to 20 percent (`roll`, 0 to 1): keys that were fetched together do not expire together, and none is
/// used longer than `age`.
pub(crate) fn shortened(age: Duration, roll: f64) -> Duration {
    age.mul_f64(0.9 - 0.1 * roll)
}

/// A number from 0 to 1, another one at each call. Good enough to spread load, not for secrets: the standard library's
/// randomly keyed hasher saves a dependency.
pub(crate) fn roll() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let mut pauses = Vec::new();
        for _ in 0..40 {
            backoff.fail(Duration::ZERO, 1.0);
            pauses.push(backoff.until().as_millis());
        }
        assert_eq!(pauses[..6], [500, 1000, 2000, 4000, 8000, 10_000]);
        assert!(pauses[6..].iter().all(|pause| *pause == 10_000));
    }

    #[test]
    fn chance_halves_a_pause_at_most() {
        let now = Duration::from_secs(7);
        let mut backoff = Backoff::default();
        assert_eq!(backoff.left(now), None);
        backoff.fail(now, 0.0);
        assert_eq!(backoff.left(now), Some(FIRST / 2));
        assert_eq!(backoff.left(now + FIRST / 2), None);
    }

    #[test]
    fn ages_shrink_by_10_to_20_percent() {
        let hour = Duration::from_secs(3600);
        assert_eq!(shortened(hour, 0.0).as_secs(), 3240);
        assert_eq!(shortened(hour, 1.0).as_secs(), 2880);
    }

    #[test]
    fn rolls_differ_and_stay_in_range() {
        let rolls: Vec<f64> = (0..100).map(|_| roll()).collect();
        assert!(rolls.iter().all(|roll| (0.0..=1.0).contains(roll)));
        assert!(rolls.iter().any(|roll| *roll < 0.5) && rolls.iter().any(|roll| *roll > 0.5));
    }
}
