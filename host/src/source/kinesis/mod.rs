//! Source `kinesis`: a database's activity stream, all shards of it, from where the last run was.
//!
//! ```text
//! discovery -> one reader for each shard whose parents are delivered -> Lane
//!     ^                                                                  |
//!     +---- shard ended ----- checkpoint <------- Receipt ---------------+
//! ```
//! A position moves only with the receipt of everything before it and is saved within a second, so a killed process
//! reads at most that much twice. Nothing that Kinesis answers ends the source once it has begun: throttling, outages
//! and expired iterators are waited out, a stream that was made again is read from its beginning.

mod checkpoint;
mod discovery;
mod failure;
mod fetch;
mod lineage;
mod lock;
mod position;
mod reader;
mod service;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use self::checkpoint::Checkpoint;
use self::discovery::Stream;
use self::reader::Shared;
use self::service::Service;
pub(super) use self::settings::Settings;
use super::{Source, SourceContext, SourceError, SourceSettings};
use crate::aws::Access;
use crate::runner::Intake;

struct Kinesis {
    settings: Settings,
    service: Service,
    checkpoint: Arc<Checkpoint>,
}

#[async_trait]
impl SourceSettings for Settings {
    fn check(&self) -> Result<(), String> {
        self.agree()
    }

    fn plan(&self) -> String {
        let start = String::from(self.start);
        let (stream, checkpoint) = (&self.stream.name, self.checkpoint.display());
        format!("stream {stream}{}, positions in {checkpoint}, first from {start}", self.place().in_words())
    }

    fn access(&self) -> Access {
        self.place()
    }

    async fn open(&self, _context: SourceContext) -> Result<Box<dyn Source>, String> {
        let config = self.place().sdk_config().await?;
        let service = Service::new(&config, self.stream.clone());
        let checkpoint = Arc::new(Checkpoint::open(&self.checkpoint, &self.stream.name)?);
        Ok(Box::new(Kinesis { settings: self.clone(), service, checkpoint }))
    }
}

#[async_trait]
impl Source for Kinesis {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let Kinesis { settings, service, checkpoint } = *self;
        let room = Arc::new(Semaphore::new(settings.buffer));
        let resource = settings.stream.resource().map(Arc::from);
        let shared = Shared { service, settings, checkpoint: Arc::clone(&checkpoint), room, resource, intake };
        let followed = tokio::select! {
            followed = Stream::new(Arc::new(shared)).follow() => followed,
            () = checkpoint.keep_saving() => Ok(()),
        };
        let saved = checkpoint.save().await.map_err(|error| {
            let path = checkpoint.path().display();
            SourceError(format!("cannot save the positions {path}: {error}; the next run reads some records again"))
        });
        followed.and(saved)
    }
}
