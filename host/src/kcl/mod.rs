//! `dastap kcl`: a child of Amazon's MultiLangDaemon, one process for each shard that this machine leases.
//!
//! Leases, balancing between machines and resharding are the daemon's; a checkpoint is ours, and is made only of what
//! every sink has accepted: between an action and its status, as the protocol wants it. What was received and not yet
//! accepted stays under way while the next records come; at the end of a shard all of it is waited for.

mod daemon;
mod message;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::FutureExt as _;

use crate::record::{Batch, Batches, Content, Record, Refusal};
use crate::runner::{Delivery, Intake, Lane, Patience, Pending};
use crate::source::{Source, SourceContext, SourceError, SourceSettings};
use daemon::Daemon;
use message::{Answer, DaemonRecord, Message, Position};

/// The daemon as a source of records.
#[derive(Debug, Clone)]
pub(crate) struct MultiLang {
    /// A checkpoint is a write to DynamoDB: at most one in this time, but for the last.
    pub(crate) checkpoint_every: Duration,
}

#[async_trait]
impl SourceSettings for MultiLang {
    fn plan(&self) -> String {
        "a shard from the MultiLangDaemon".to_owned()
    }

    async fn open(&self, _context: SourceContext) -> Result<Box<dyn Source>, String> {
        Ok(Box::new(self.clone()))
    }
}

/// The shard that this process reads.
struct Shard {
    daemon: Daemon,
    intake: Intake,
    every: Duration,
    name: String,
    /// None behind the end.
    lane: Option<Lane>,
    pending: Pending<Position>,
    /// Accepted, and not yet saved.
    accepted: Option<Position>,
    saved_at: Option<Instant>,
    /// Records since the start: their places in the dead letter.
    received: u64,
}

#[async_trait]
impl Source for MultiLang {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let daemon = Daemon::start().map_err(|error| SourceError(error.to_string()))?;
        let lane = Some(intake.lane(Patience::Wait));
        let mut shard = Shard {
            daemon,
            intake,
            every: self.checkpoint_every,
            name: "unknown".to_owned(),
            lane,
            pending: Pending::default(),
            accepted: None,
            saved_at: None,
            received: 0,
        };
        shard.converse().await.map_err(|problem| SourceError(format!("shard {}: {problem}", shard.name)))
    }
}

impl Shard {
    async fn converse(&mut self) -> Result<(), String> {
        loop {
            let message = tokio::select! {
                message = self.daemon.next() => message.map_err(|error| error.to_string())?,
                (position, delivery) = self.pending.next() => {
                    self.settled(position, delivery)?;
                    continue;
                }
                // Told to stop by a signal, this goes on: the daemon, which mostly has the same signal, asks to shut down,
                // and only then can a position be saved. The run's own deadline ends it where the daemon does not.
            };
            let Some(message) = message else { return Ok(()) };
            let name = message.name();
            tracing::debug!(shard = self.name, action = name, "asked");
            match message {
                Message::Initialize { shard_id } => self.name = shard_id,
                Message::ProcessRecords { records, millis_behind_latest } => {
                    self.process(records, millis_behind_latest).await?;
                }
                Message::ShardEnded {} | Message::ShutdownRequested {} => self.finish(name == "shardEnded").await?,
                Message::Shutdown { reason } if reason == "TERMINATE" => self.finish(true).await?,
                Message::LeaseLost {} | Message::Shutdown { .. } => self.lane = None,
                Message::Checkpoint { .. } => return Err("an answer came that nobody waited for".to_owned()),
            }
            self.say(&Answer::Status { response_for: name })?;
        }
    }

    /// Hands the records over, then saves what was accepted by now.
    async fn process(&mut self, records: Vec<DaemonRecord>, behind: Option<u64>) -> Result<(), String> {
        if let Some(behind) = behind {
            self.intake.metrics().lag(self.intake.name(), &self.name, Duration::from_millis(behind));
        }
        for (batch, position) in self.batches(records) {
            let Some(lane) = &mut self.lane else { return Err("records came behind the end".to_owned()) };
            let receipt = lane.push(batch).await;
            self.pending.push(position, receipt);
        }
        while let Some((position, delivery)) = self.pending.next().now_or_never() {
            self.settled(position, delivery)?;
        }
        let is_time = self.saved_at.is_none_or(|saved| saved.elapsed() >= self.every);
        if is_time && let Some(position) = self.accepted.take() {
            self.checkpoint(Some(position)).await?;
        }
        Ok(())
    }

    /// Waits until everything is accepted, and saves.
    async fn finish(&mut self, is_end_of_shard: bool) -> Result<(), String> {
        // Sinks hold nothing back once the lane is closed.
        self.lane = None;
        while !self.pending.is_empty() {
            let (position, delivery) = self.pending.next().await;
            self.settled(position, delivery)?;
        }
        match (self.accepted.take(), is_end_of_shard) {
            // The end of a shard is saved as such, with or without records before it.
            (_, true) => self.checkpoint(None).await,
            (Some(position), false) => self.checkpoint(Some(position)).await,
            (None, false) => Ok(()),
        }
    }

    fn settled(&mut self, position: Position, delivery: Delivery) -> Result<(), String> {
        match delivery {
            Delivery::Accepted => {
                self.accepted = Some(position);
                Ok(())
            }
            Delivery::Stopped { why, .. } => Err(format!("not delivered: {why}")),
        }
    }

    /// Saves, and reads the answer before anything else is said. What the daemon cannot save now is saved later; what it
    /// may not save any more is another worker's.
    async fn checkpoint(&mut self, position: Option<Position>) -> Result<(), String> {
        const ATTEMPTS: u32 = 5;
        for attempt in 1..=ATTEMPTS {
            self.say(&Answer::checkpoint(position.as_ref()))?;
            let answer = self.daemon.next().await.map_err(|error| error.to_string())?;
            let error = match answer {
                Some(Message::Checkpoint { error }) => error,
                Some(other) => return Err(format!("expected the answer to a checkpoint, found {}", other.name())),
                None => return Ok(()),
            };
            self.saved_at = Some(Instant::now());
            match error.as_deref() {
                None => return Ok(()),
                Some("ShutdownException") => {
                    tracing::info!(shard = self.name, "another worker reads the shard now; nothing is saved");
                    return Ok(());
                }
                Some("InvalidStateException") => return Err("the lease table cannot be written".to_owned()),
                Some(error) => {
                    tracing::warn!(shard = self.name, error, attempt, "a checkpoint failed");
                    if position.is_some() {
                        // The next one saves this as well.
                        self.accepted = position;
                        return Ok(());
                    }
                    tokio::time::sleep(Duration::from_millis(500) * attempt).await;
                }
            }
        }
        Err("the end of the shard cannot be saved".to_owned())
    }

    /// The records in batches, each with the place of its last one.
    fn batches(&mut self, records: Vec<DaemonRecord>) -> Vec<(Batch, Position)> {
        let mut batches = Batches::starting_at(self.received);
        let (mut full, mut last) = (Vec::new(), None);
        self.received += records.len() as u64;
        for DaemonRecord { data, sequence_number, sub_sequence_number } in records {
            let content = match BASE64.decode(&data) {
                Ok(bytes) => Content::from_bytes(bytes),
                Err(_) => Content::Refused(data.into_bytes(), Refusal::BadBase64),
            };
            full.extend(batches.push(Record { resource: None, content }).zip(last));
            last = Some(Position { sequence_number, sub_sequence_number });
        }
        full.extend(batches.take().zip(last));
        full
    }

    fn say(&self, answer: &Answer<'_>) -> Result<(), String> {
        self.daemon.say(answer).map_err(|error| format!("the daemon has gone: {error}"))
    }
}
