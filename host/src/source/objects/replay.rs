//! One run of the source: list, read, hand over, note what is delivered; again where it follows.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::journal::{Id, Journal};
use super::listing::{Listing, list};
use super::reader::{Message, Place};
use super::{fetch, reader};
use crate::backoff::{Backoff, roll};
use crate::runner::{Delivery, Intake, Lane, Patience, Pending, Receipt};
use crate::source::{Source, SourceError};
use crate::store::Store;

/// The source, opened.
pub(super) struct Replay {
    pub(super) name: Arc<str>,
    pub(super) store: Store,
    pub(super) filter: Option<String>,
    pub(super) follow: Option<Duration>,
    pub(super) journal: Journal,
}

/// The source at work.
struct Work {
    replay: Replay,
    intake: Intake,
    pending: Pending<Step>,
    /// What this run has read, delivered or not.
    handed: HashSet<Id>,
    /// How many objects could not be read, and the first with the reason.
    unreadable: Option<(u64, String)>,
    /// Why nothing more is delivered.
    stopped: Option<String>,
    /// Delivered, and not noted yet.
    reached: Option<Place>,
    noted: Instant,
}

/// What a receipt is for.
struct Step {
    place: Place,
    /// The records that it is for.
    records: u64,
    /// The object ends here, and was read to its end.
    ends: bool,
}

/// Whether there is more to do.
#[derive(PartialEq, Eq)]
enum Next {
    Goes,
    /// The run was told to end.
    Ends,
}

/// So often the place within an object is noted.
const NOTE: Duration = Duration::from_secs(1);

#[async_trait]
impl Source for Replay {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let work = Work {
            replay: *self,
            intake,
            pending: Pending::default(),
            handed: HashSet::new(),
            unreadable: None,
            stopped: None,
            reached: None,
            noted: Instant::now(),
        };
        work.run().await
    }
}

impl Work {
    async fn run(mut self) -> Result<(), SourceError> {
        let mut lane = self.intake.lane(Patience::Wait);
        let mut next = Next::Goes;
        while next == Next::Goes && self.stopped.is_none() {
            let Some(listing) = self.list().await else { break };
            let more = listing.more;
            next = self.read(listing, &mut lane).await?;
            if next == Next::Goes && !more {
                let Some(pause) = self.replay.follow else { break };
                next = self.wait(pause).await;
            }
        }
        let told = next == Next::Ends;
        // What was handed over is delivered now: sinks hold nothing back when no lane is open.
        drop(lane);
        while !self.pending.is_empty() {
            let settled = self.pending.next().await;
            self.settle(settled);
        }
        self.note();
        self.replay.journal.sync().map_err(|error| SourceError(format!("cannot write the checkpoint: {error}")))?;
        match (self.stopped, self.unreadable) {
            (Some(why), _) if !told => Err(SourceError(format!("objects were not delivered: {why}"))),
            (_, Some((count, first))) => Err(SourceError(format!(
                "{count} objects could not be read to their end, the next run tries again; the first: {first}"
            ))),
            _ => Ok(()),
        }
    }

    /// Lists what is to be read, however often the store has to be asked; none when the run is to end.
    async fn list(&mut self) -> Option<Listing> {
        let (mut backoff, begun) = (Backoff::default(), Instant::now());
        loop {
            let Replay { store, filter, journal, .. } = &self.replay;
            let handed = &self.handed;
            let wanted = |object: &_| {
                let id = super::listing::Object::id(object);
                !handed.contains(&id) && !journal.is_done(id)
            };
            let error = match list(store, filter.as_deref(), wanted).await {
                Ok(mut listing) => {
                    for object in &mut listing.objects {
                        object.delivered = journal.delivered(object.id());
                    }
                    self.intake.metrics().progress().expect(listing.bytes);
                    tracing::info!(source = %self.replay.name, objects = listing.objects.len(), bytes = listing.bytes, "listed");
                    return Some(listing);
                }
                Err(error) => error,
            };
            let now = begun.elapsed();
            backoff.fail(now, roll());
            let pause = backoff.left(now).unwrap_or_default();
            tracing::warn!(source = %self.replay.name, %error, pause_seconds = pause.as_secs_f64(), "cannot list, trying again");
            if self.wait(pause).await == Next::Ends {
                return None;
            }
        }
    }

    /// Hands over all records of these objects.
    async fn read(&mut self, listing: Listing, lane: &mut Lane) -> Result<Next, SourceError> {
        let fetched = fetch::start(self.replay.store.clone(), listing.objects);
        let read = self.intake.metrics().progress().counter();
        let messages = reader::start(fetched, read);
        let mut messages = messages.map_err(|error| SourceError(format!("cannot start a thread: {error}")))?;
        while self.stopped.is_none() {
            tokio::select! {
                () = self.intake.stopped() => return Ok(Next::Ends),
                settled = self.pending.next() => self.settle(settled),
                message = messages.recv() => match message {
                    None => return Ok(Next::Goes),
                    Some(Message::Batch(batch, place)) => {
                        let records = batch.len() as u64;
                        let receipt = lane.push(batch).await;
                        self.pending.push(Step { place, records, ends: false }, receipt);
                    }
                    Some(Message::End(place, problem)) => self.end(place, problem),
                },
            }
        }
        Ok(Next::Goes)
    }

    /// The object ends here, well or not.
    fn end(&mut self, place: Place, problem: Option<std::io::Error>) {
        self.handed.insert(place.object.id());
        match problem {
            None => {
                // Done when everything before is delivered: this itself is delivered at once.
                let (_, receipt) = Receipt::pair();
                self.pending.push(Step { place, records: 0, ends: true }, receipt);
            }
            Some(error) => {
                let object = place.object.name();
                tracing::error!(source = %self.replay.name, object, %error, records = place.records, "cannot read to its end");
                let (count, _) = self.unreadable.get_or_insert_with(|| (0, format!("{object}: {error}")));
                *count += 1;
            }
        }
    }

    fn settle(&mut self, (step, delivery): (Step, Delivery)) {
        if self.stopped.is_some() {
            return;
        }
        let Step { mut place, records, ends } = step;
        if let Delivery::Stopped { at, why } = delivery {
            place.records = place.records.saturating_sub(records) + at as u64;
            self.stopped = Some(why);
        }
        let is_due = ends || self.noted.elapsed() > NOTE;
        if ends {
            self.reached = None;
            self.write(&place, true);
        } else {
            self.reached = Some(place);
        }
        if is_due {
            self.note();
        }
    }

    /// Notes the place that was reached within an object.
    fn note(&mut self) {
        if let Some(place) = self.reached.take() {
            self.write(&place, false);
        }
        self.noted = Instant::now();
    }

    fn write(&mut self, place: &Place, done: bool) {
        if let Err(error) = self.replay.journal.note(&place.object, place.records, done) {
            tracing::warn!(source = %self.replay.name, %error, "cannot write the checkpoint, trying again with the next");
        }
    }

    /// Waits, and notes what is delivered meanwhile.
    async fn wait(&mut self, pause: Duration) -> Next {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = self.intake.stopped() => return Next::Ends,
                () = &mut over => return Next::Goes,
                settled = self.pending.next() => self.settle(settled),
            }
        }
    }
}
