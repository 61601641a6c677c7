//! A batch on its way until the fate of every event is known: repeated, halved, or in part.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::answer::{Fate, Judgement};
use super::client::Client;
use super::event::Event;
use super::format::Encoder;
use crate::sink::{Attempt, Retry, SinkContext};

/// Sends batches.
pub(super) struct Sender {
    name: Arc<str>,
    client: Client,
    encoder: Encoder,
    retry: Retry,
    /// This is the dead letter: nobody else would keep what is refused.
    is_last: bool,
}

/// Before the rest of a request is sent whose other events were taken: the service is busy, not away.
const PAUSE: Duration = Duration::from_millis(500);

/// Events on their way together, by their places in the batch.
struct Part {
    left: Vec<usize>,
    /// The body that holds them.
    body: Option<Bytes>,
    refused: Vec<(usize, String)>,
}

/// How far one request has brought a part.
enum Reached {
    /// Everybody's fate is known.
    End,
    /// Some are left, and the others were taken.
    Rest,
    /// Somebody among them is refused.
    Halves,
}

impl Sender {
    /// For the sink of this context.
    pub(super) fn new(context: &SinkContext, client: Client, encoder: Encoder) -> Self {
        let (name, is_last) = (Arc::clone(&context.name), context.dead_letter.is_none());
        Sender { name, client, encoder, retry: Retry::new(context), is_last }
    }

    /// For each event: nothing when the service has it, or why it was refused for good. Comes back only when that is known.
    pub(super) async fn send(&self, batch: &[Event<'_>]) -> Vec<Option<String>> {
        let mut fates = vec![None; batch.len()];
        let mut parts: Vec<Vec<usize>> = vec![(0..batch.len()).collect()];
        while let Some(left) = parts.pop().filter(|left| !left.is_empty()) {
            let part = Mutex::new(Part { left, body: None, refused: vec![] });
            let reached = self.retry.until_accepted(|| self.attempt(batch, &part)).await;
            let Part { mut left, refused, .. } = part.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (place, why) in refused {
                fates.get_mut(place).map(|fate| fate.insert(why));
            }
            match reached {
                Ok(Reached::End) => {}
                Ok(Reached::Rest) => {
                    tokio::time::sleep(PAUSE).await;
                    parts.push(left);
                }
                Ok(Reached::Halves) => {
                    let second = left.split_off(left.len() / 2);
                    // The first goes first.
                    parts.extend([second, left]);
                }
                Err(why) => {
                    for place in left {
                        fates.get_mut(place).map(|fate| fate.insert(why.clone()));
                    }
                }
            }
        }
        fates
    }

    async fn attempt(&self, batch: &[Event<'_>], part: &Mutex<Part>) -> Result<Reached, Attempt<String>> {
        let (body, count) = self.body(batch, &mut lock(part));
        let answer = self.client.post(body).await.map_err(|why| Attempt::Again(why, None))?;
        let later = |why| Err(Attempt::Again(why, answer.retry_after));
        match self.encoder.judge(&answer, count) {
            Judgement::Accepted => Ok(Reached::End),
            Judgement::Later(why, to_mend) => {
                if to_mend {
                    tracing::error!(sink = %self.name, why, "the service does not take any event");
                }
                later(why)
            }
            Judgement::Refused(why) if count == 1 => Err(Attempt::Refused(why)),
            Judgement::Refused(_) => Ok(Reached::Halves),
            Judgement::Each(fates) => match self.keep_open(fates, &mut lock(part)) {
                0 => Ok(Reached::End),
                // There is progress: the pauses need not grow.
                open if open < count => Ok(Reached::Rest),
                open => later(format!("{open} of {count} events were not accepted")),
            },
        }
    }

    /// The body of what is left, made once for all attempts.
    fn body(&self, batch: &[Event<'_>], part: &mut Part) -> (Bytes, usize) {
        let Part { left, body, .. } = part;
        let body = body.get_or_insert_with(|| {
            let events: Vec<Event<'_>> = left.iter().filter_map(|place| batch.get(*place).copied()).collect();
            self.client.packed(self.encoder.encode(&events)).into()
        });
        (body.clone(), left.len())
    }

    /// Leaves what is to be sent again, and tells how many that are.
    fn keep_open(&self, fates: Vec<Fate>, part: &mut Part) -> usize {
        let sent = std::mem::take(&mut part.left);
        part.body = None;
        for (place, fate) in sent.into_iter().zip(fates) {
            match fate {
                Fate::Accepted => {}
                Fate::Refused(why) if !self.is_last => part.refused.push((place, why)),
                Fate::Again | Fate::Refused(_) => part.left.push(place),
            }
        }
        part.left.len()
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
