//! All shards of a stream: found, read when their parents are delivered, and found again when one has ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::checkpoint::Bound;
use super::failure::{Class, Failure, Patience};
use super::lineage::{self, Shard};
use super::position::Position;
use super::reader::{Ended, Shared, read};
use super::service::Description;
use crate::source::SourceError;

/// The readers that are at work.
pub(super) struct Stream {
    shared: Arc<Shared>,
    readers: JoinSet<(String, Ended)>,
    reading: HashSet<String>,
}

/// So long the end of the run may take to show, when something was not delivered.
const ENDING: Duration = Duration::from_secs(1);

impl Stream {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Stream { shared, readers: JoinSet::new(), reading: HashSet::new() }
    }

    /// Reads all shards until the run ends, then waits for what was handed over.
    ///
    /// # Errors
    /// The stream cannot be read by these settings, its positions are another stream's, or something was not delivered
    /// though the run goes on.
    pub(super) async fn follow(mut self) -> Result<(), SourceError> {
        let shared = Arc::clone(&self.shared);
        let (mut patience, mut is_first) = (Patience::new(), true);
        loop {
            let found = tokio::select! {
                biased;
                () = shared.intake.stopped() => break,
                found = find(&shared) => found,
            };
            let wait = match found {
                Ok((description, listed)) => {
                    (patience, is_first) = (Patience::new(), false);
                    self.take_over(&description, &listed).await?;
                    shared.settings.discovery
                }
                Err(failure) if is_first && failure.class != Class::Passing => {
                    return Err(SourceError(failure.to_string()));
                }
                Err(failure) => {
                    let pause = patience.pause();
                    let (source, pause_seconds) = (shared.intake.name(), pause.as_secs_f64());
                    tracing::warn!(%source, %failure, pause_seconds, "cannot list the shards, trying again");
                    pause
                }
            };
            tokio::select! {
                biased;
                () = shared.intake.stopped() => break,
                Some(ended) = self.readers.join_next() => self.ended(ended).await?,
                () = tokio::time::sleep(wait) => {}
            }
        }
        while let Some(ended) = self.readers.join_next().await {
            self.ended(ended).await?;
        }
        Ok(())
    }

    /// Starts readers for the shards that may be read now.
    async fn take_over(&mut self, description: &Description, listed: &[Shard]) -> Result<(), SourceError> {
        let Shared { checkpoint, settings, intake, .. } = &*self.shared;
        let source = intake.name();
        let bound = checkpoint.bind(&description.identity).map_err(SourceError)?;
        let start = match bound {
            Bound::First => settings.start.position(),
            // Out of shards that were read from their beginning or from `start`: all of it comes later.
            Bound::Known => Position::TrimHorizon,
            Bound::Recreated => {
                tracing::error!(
                    %source, created = %description.identity.created,
                    "the stream was deleted and made again: all of the new one is read; what was not read of the old \
                     one is lost"
                );
                // They would go on with positions of the old stream.
                self.readers.shutdown().await;
                self.reading.clear();
                Position::TrimHorizon
            }
        };
        for (shard, was_complete) in checkpoint.with(|positions| lineage::update(positions, listed, &start)) {
            match was_complete {
                true => tracing::info!(%source, shard, "the stream no longer keeps this shard"),
                false => tracing::error!(
                    %source, shard, "the stream no longer keeps this shard, which was not read to its end: records may be lost"
                ),
            }
        }
        if bound == Bound::First {
            // Before anything is read: where `latest` was must not be forgotten.
            checkpoint.save().await.map_err(|error| self.cannot_save(&error))?;
        }
        let ready: Vec<String> =
            checkpoint.with(|positions| lineage::ready(listed, positions).map(|shard| shard.id.clone()).collect());
        for shard in ready {
            if self.reading.insert(shard.clone()) {
                tracing::info!(%source, shard, "reading");
                self.readers.spawn(read(Arc::clone(&self.shared), shard, description.retention));
            }
        }
        Ok(())
    }

    async fn ended(&mut self, ended: Result<(String, Ended), tokio::task::JoinError>) -> Result<(), SourceError> {
        let (shard, ended) = ended.map_err(|error| SourceError(format!("the reader of a shard failed: {error}")))?;
        self.reading.remove(&shard);
        let source = self.shared.intake.name();
        match ended {
            Ended::Complete => tracing::info!(%source, shard, "delivered to its end"),
            Ended::Stopped => {}
            Ended::Gone => tracing::warn!(%source, shard, "the shard is not there any more"),
            Ended::Undelivered(why) => {
                let stopped = tokio::time::timeout(ENDING, self.shared.intake.stopped()).await;
                // If not, nobody else will tell why.
                stopped.map_err(|_| SourceError(format!("records of shard {shard} were not delivered: {why}")))?;
            }
        }
        Ok(())
    }

    fn cannot_save(&self, error: &std::io::Error) -> SourceError {
        SourceError(format!("cannot save the positions {}: {error}", self.shared.checkpoint.path().display()))
    }
}

async fn find(shared: &Shared) -> Result<(Description, Vec<Shard>), Failure> {
    Ok((shared.service.describe().await?, shared.service.shards().await?))
}
