//! Trying again: how every sink waits for its other side to come back.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::SinkContext;
use crate::backoff::{Backoff, roll};
use crate::metrics::Metrics;

/// What one attempt came to, if not to success.
#[derive(Debug)]
pub(crate) enum Attempt<R> {
    /// It may succeed later: why, and the pause that the other side asked for.
    Again(String, Option<Duration>),
    /// It will never succeed: what the caller needs to know.
    Refused(R),
}

/// Tries until it succeeds or is refused, with pauses that double from half a second to ten, half of each left to chance.
#[derive(Debug)]
pub(crate) struct Retry {
    sink: Arc<str>,
    metrics: Arc<Metrics>,
    /// This is the dead letter: there is nowhere else for what is refused.
    is_last: bool,
}

/// The longest pause that another side may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

impl Retry {
    /// For the sink of this context.
    pub(crate) fn new(context: &SinkContext) -> Self {
        let is_last = context.dead_letter.is_none();
        Retry { sink: Arc::clone(&context.name), metrics: Arc::clone(&context.metrics), is_last }
    }

    /// Calls `attempt` until it succeeds or is refused. There is no last attempt: until then nothing else is delivered
    /// here, the queue fills, and the sources wait. The dead letter's own sink also tries again what is refused: nobody
    /// else would keep it.
    ///
    /// # Errors
    /// What [`Attempt::Refused`] held.
    pub(crate) async fn until_accepted<T, R: fmt::Display, A: Future<Output = Result<T, Attempt<R>>>>(
        &self,
        mut attempt: impl FnMut() -> A,
    ) -> Result<T, R> {
        let (mut backoff, begun) = (Backoff::default(), Instant::now());
        loop {
            let started = Instant::now();
            let outcome = attempt().await;
            self.metrics.sink_answered(&self.sink, started.elapsed());
            match outcome {
                Ok(accepted) => return Ok(accepted),
                Err(Attempt::Refused(why)) if !self.is_last => return Err(why),
                Err(again) => {
                    let (why, asked) = match again {
                        Attempt::Again(why, asked) => (why, asked),
                        Attempt::Refused(why) => (why.to_string(), None),
                    };
                    let now = begun.elapsed();
                    backoff.fail(now, roll());
                    let pause = backoff.left(now).unwrap_or_default().max(asked.unwrap_or_default().min(LONGEST_ASKED));
                    tracing::warn!(sink = %self.sink, why, pause_seconds = pause.as_secs_f64(), "not accepted, trying again");
                    self.metrics.sink_retried(&self.sink);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Queue;

    #[tokio::test(start_paused = true)]
    async fn tries_until_it_is_accepted_or_refused() {
        let metrics = Arc::new(Metrics::default());
        let (dead_letter, _items) = Queue::new("dead-letter".into(), 1, Arc::clone(&metrics));
        let context = SinkContext { name: "test".into(), metrics, dead_letter: Some(dead_letter) };
        let retry = Retry::new(&context);
        let mut attempts = 0;
        let accepted = retry.until_accepted(|| {
            attempts += 1;
            std::future::ready(match attempts {
                20 => Ok(attempts),
                _ => Err(Attempt::<&str>::Again("away".into(), None)),
            })
        });
        assert_eq!(accepted.await, Ok(20));
        let refused = retry.until_accepted(async || Err::<(), _>(Attempt::Refused("never")));
        assert_eq!(refused.await, Err("never"));
    }
}
