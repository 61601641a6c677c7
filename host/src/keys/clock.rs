//! Time as a trait, so that ages, waits and back-off are tested without sleeping.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// A clock that never goes back.
pub trait Clock: Send + Sync + 'static {
    /// The time since an origin of the clock's choosing.
    fn now(&self) -> Duration;

    /// A future that is ready when `how_long` has passed on this clock.
    fn sleep(&self, how_long: Duration) -> Sleep;
}

/// What [`Clock::sleep`] gives back.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The machine's monotonic clock. Its `sleep` needs a tokio runtime with time enabled.
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, how_long: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(how_long))
    }
}

/// A clock for tests: it stands still until [`advance`](Self::advance) is called. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use dastap::keys::{Clock, TestClock};
///
/// let clock = TestClock::new();
/// let asleep = clock.sleep(Duration::from_secs(3600));
/// clock.advance(Duration::from_secs(3600));
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async move {
/// asleep.await; // at once
/// # });
/// ```
#[derive(Clone)]
pub struct TestClock(Arc<watch::Sender<Duration>>);

impl TestClock {
    /// A clock that shows its origin.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Duration::ZERO)))
    }

    /// Moves the clock and wakes everybody whose sleep is over.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestClock").field(&self.now()).finish()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Duration {
        *self.0.borrow()
    }

    fn sleep(&self, how_long: Duration) -> Sleep {
        let wake = self.now().saturating_add(how_long);
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // Should the last clock go first, time stands still for ever, and so does the sleeper.
            if time.wait_for(|now| *now >= wake).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let before = clock.now();
        assert!(clock.now() >= before);
    }

    #[tokio::test]
    async fn the_test_clock_wakes_sleepers_in_time() {
        let clock = TestClock::new();
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(10)));
        clock.advance(Duration::from_millis(9_999));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_millis(1));
        sleeper.await.expect("woken");
    }
}
