//! One read of a shard: room for the answer first, an iterator where there is none, and a word when records were lost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::failure::{Class, Failure};
use super::position::Place;
use super::reader::Shared;
use super::service::Answer;
use super::settings::ANSWER;

/// One read.
pub(super) struct Read {
    pub(super) answer: Answer,
    pub(super) asked: Instant,
    /// By the clock on the wall.
    pub(super) at: SystemTime,
    /// What it may hold of the memory that the shards share.
    pub(super) room: OwnedSemaphorePermit,
}

/// Reads once; nothing at the end of the shard. Can be dropped and called again.
pub(super) async fn fetch(
    shared: &Shared,
    shard: &str,
    place: &Place,
    retention: Duration,
    iterator: &mut Option<String>,
) -> Result<Option<Read>, Failure> {
    let room = Arc::clone(&shared.room).acquire_many_owned(u32::try_from(ANSWER).unwrap_or(u32::MAX)).await;
    let room = room.map_err(|closed| Failure::new(Class::Passing, closed.to_string()))?;
    if iterator.is_none() {
        warn_of_loss(shared, shard, place, retention);
        *iterator = shared.service.iterator(shard, &place.position).await?;
    }
    let Some(current) = iterator.as_deref() else { return Ok(None) };
    let (asked, at) = (Instant::now(), SystemTime::now());
    let answer = shared.service.records(current, shared.settings.records).await?;
    Ok(Some(Read { answer, asked, at, room }))
}

/// Kinesis itself does not tell: it goes on with the oldest record that it has.
fn warn_of_loss(shared: &Shared, shard: &str, place: &Place, retention: Duration) {
    let Some(read_until) = place.read_until else { return };
    let kept = Timestamp::now().checked_sub(jiff::SignedDuration::try_from(retention).unwrap_or_default());
    if let Ok(kept_since) = kept
        && read_until < kept_since
        && !retention.is_zero()
    {
        tracing::error!(
            source = %shared.intake.name(), shard, %read_until, %kept_since,
            "the saved position is older than what the stream keeps: records in between are lost"
        );
    }
}
