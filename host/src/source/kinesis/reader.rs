//! One shard, from a position to its end: reads, unpacks, hands over in order, and moves the position as far as
//! everything is accepted.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use super::checkpoint::Checkpoint;
use super::failure::{Class, Failure, Patience};
use super::fetch::{Read, fetch};
use super::position::{Place, Position};
use super::service::{Answer, Record, Service};
use super::settings::Settings;
use crate::record::{self, Aggregated, Batch, Batches, Content};
use crate::runner::{Delivery, Intake, Lane, Patience as LanePatience, Receipt};

/// What the readers of one stream share.
pub(super) struct Shared {
    pub(super) service: Service,
    pub(super) settings: Settings,
    pub(super) checkpoint: Arc<Checkpoint>,
    /// Bytes that the readers may hold together.
    pub(super) room: Arc<Semaphore>,
    pub(super) resource: Option<Arc<str>>,
    pub(super) intake: Intake,
}

/// How reading a shard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is closed, and all of it is delivered.
    Complete,
    /// The run ends.
    Stopped,
    /// Something was not delivered, and never will be: why.
    Undelivered(String),
    /// The shard is not there any more.
    Gone,
}

/// Kinesis allows five reads a second and shard.
const GAP: Duration = Duration::from_millis(200);
/// And so many bytes; who reads more is refused for the seconds that he is ahead.
const BYTES_PER_SECOND: f64 = 2e6;

/// What was handed over up to this place of the shard.
type Handed = mpsc::UnboundedSender<(Place, Receipt)>;

/// Reads a shard from its saved position on, until it ends or the run does.
pub(super) async fn read(shared: Arc<Shared>, shard: String, retention: Duration) -> (String, Ended) {
    let Some(place) = shared.checkpoint.place(&shard) else { return (shard, Ended::Gone) };
    let (handed, settled) = mpsc::unbounded_channel();
    let reader = Reader {
        shared: &shared,
        shard: &shard,
        retention,
        place,
        iterator: None,
        batches: Batches::default(),
        lane: shared.intake.lane(LanePatience::Wait),
        handed,
    };
    // Together, so that positions move while a batch waits for its turn.
    let (ended, undelivered) = tokio::join!(reader.run(), settle(&shared.checkpoint, &shard, settled));
    (shard, undelivered.map_or(ended, Ended::Undelivered))
}

/// Moves the position with each receipt, in order; the reason when one says that nothing more will be delivered.
async fn settle(
    checkpoint: &Checkpoint,
    shard: &str,
    mut settled: mpsc::UnboundedReceiver<(Place, Receipt)>,
) -> Option<String> {
    while let Some((place, mut receipt)) = settled.recv().await {
        match receipt.settled().await {
            Delivery::Accepted => checkpoint.reached(shard, place),
            Delivery::Stopped { why, .. } => return Some(why),
        }
    }
    None
}

struct Reader<'a> {
    shared: &'a Shared,
    shard: &'a str,
    retention: Duration,
    /// What was read so far; delivered is less.
    place: Place,
    iterator: Option<String>,
    batches: Batches,
    lane: Lane,
    handed: Handed,
}

impl Reader<'_> {
    async fn run(mut self) -> Ended {
        let mut patience = Patience::new();
        loop {
            let asked = tokio::select! {
                biased;
                () = stopped(self.shared, &self.handed) => return Ended::Stopped,
                asked = fetch(self.shared, self.shard, &self.place, self.retention, &mut self.iterator) => asked,
            };
            let pause = match asked {
                Ok(None) => return self.end(),
                Ok(Some(read)) => {
                    patience = Patience::new();
                    match self.hand_over(read).await {
                        Some(pause) => pause,
                        None => return Ended::Stopped,
                    }
                }
                Err(failure) => {
                    let pause = patience.pause();
                    self.tell(&failure, pause);
                    match failure.class {
                        Class::Gone => {
                            self.wait(pause).await;
                            return Ended::Gone;
                        }
                        Class::Foreign if self.iterator.is_none() => self.start_over(),
                        Class::Expired | Class::Foreign => self.iterator = None,
                        Class::Passing | Class::Refused => {}
                    }
                    pause
                }
            };
            if !self.wait(pause).await {
                return Ended::Stopped;
            }
        }
    }

    /// Hands over what one read gave; the pause until the next, or nothing when the run ends.
    async fn hand_over(&mut self, read: Read) -> Option<Duration> {
        let Read { answer: Answer { records, next, behind }, asked, at, mut room } = read;
        let (source, metrics) = (self.shared.intake.name(), self.shared.intake.metrics());
        metrics.lag(source, self.shard, if next.is_some() { behind } else { Duration::ZERO });
        let count = records.len();
        let bytes: usize = records.iter().map(|record| record.data.len()).sum();
        // The JSON is gone; the records remain.
        drop(room.split(room.num_permits().saturating_sub(bytes)));
        for record in records {
            let Record { sequence, arrived, data } = record;
            let size = data.len();
            if !self.unpack(sequence, arrived, data).await {
                return None;
            }
            drop(room.split(size));
        }
        if let Some(batch) = self.batches.take() {
            self.push(batch).await;
        }
        // Everything that is not in the answer arrived later than this.
        let until = at.checked_sub(behind).and_then(|until| Timestamp::try_from(until).ok());
        self.place.read_until = until.or(self.place.read_until);
        self.note();
        self.iterator = next;
        if self.iterator.is_none() {
            self.place.position = Position::End;
        }
        let is_behind = !behind.is_zero() || count >= usize::try_from(self.shared.settings.records).unwrap_or(1);
        let gap = GAP.max(Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND));
        Some(match is_behind || self.iterator.is_none() {
            true => gap.saturating_sub(asked.elapsed()),
            false => self.shared.settings.poll,
        })
    }

    /// Hands over one record, or those that are packed in it and not delivered yet. False when the run ends.
    async fn unpack(&mut self, sequence: String, arrived: Option<Timestamp>, data: bytes::Bytes) -> bool {
        let done = match &self.place.position {
            Position::Inside { sequence: begun, delivered } if *begun == sequence => *delivered,
            _ => 0,
        };
        if let Some(packed) = Aggregated::open(&data) {
            for (index, data) in packed.flatten().enumerate().skip(done) {
                let position = Position::Inside { sequence: sequence.clone(), delivered: index + 1 };
                // What has arrived with it is not delivered yet.
                if !self.add(data, Place { position, read_until: self.place.read_until }).await {
                    return false;
                }
            }
            self.place = Place { position: Position::After(sequence), read_until: arrived };
            return true;
        }
        self.add(data, Place { position: Position::After(sequence), read_until: arrived }).await
    }

    /// Adds a record to the batch, and hands over the batch before it when that is full. False when the run ends.
    async fn add(&mut self, data: bytes::Bytes, behind_it: Place) -> bool {
        let content = Content::from_bytes(data.into());
        let record = record::Record { resource: self.shared.resource.clone(), content };
        if let Some(batch) = self.batches.push(record) {
            if stopped(self.shared, &self.handed).now_or_never().is_some() {
                return false;
            }
            self.push(batch).await;
        }
        self.place = behind_it;
        true
    }

    /// A batch is handed over whole, also when the run ends meanwhile: the lane then gives it up by itself.
    async fn push(&mut self, batch: Batch) {
        let receipt = self.lane.push(batch).await;
        // The other end stays until this one goes, unless nothing more is delivered.
        let _ = self.handed.send((self.place.clone(), receipt));
    }

    /// Moves the position, when all before it is accepted, to where nothing more was to be handed over.
    fn note(&self) {
        let (_, receipt) = Receipt::pair();
        let _ = self.handed.send((self.place.clone(), receipt));
    }

    fn end(self) -> Ended {
        self.note();
        Ended::Complete
    }

    /// The position is of no use: everything that is kept is read, which may be more than was missing.
    fn start_over(&mut self) {
        if let Position::Since(_) = self.place.position {
            // Later than now, by the clock of Kinesis: it will pass.
            return;
        }
        tracing::error!(
            source = %self.shared.intake.name(), shard = self.shard, position = ?self.place.position,
            "the saved position is not in the stream: reading from the oldest record; records may come twice, and \
             those that the stream has dropped are lost"
        );
        self.place = Position::TrimHorizon.unread();
    }

    fn tell(&self, failure: &Failure, pause: Duration) {
        let (source, shard, pause_seconds) = (self.shared.intake.name(), self.shard, pause.as_secs_f64());
        match failure.class {
            Class::Expired => tracing::debug!(%source, shard, %failure, "another iterator is asked for"),
            Class::Passing => tracing::warn!(%source, shard, %failure, pause_seconds, "cannot read, trying again"),
            _ => tracing::error!(%source, shard, %failure, pause_seconds, "cannot read, trying again"),
        }
    }

    /// False when the run ends before.
    async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = stopped(self.shared, &self.handed) => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// The run ends, or nothing more is delivered.
async fn stopped(shared: &Shared, handed: &Handed) {
    tokio::select! {
        () = shared.intake.stopped() => {}
        () = handed.closed() => {}
    }
}
