//! The four calls to Kinesis that reading a stream takes, without the SDK's own retries: who reads knows better.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::AppName;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use bytes::Bytes;
use jiff::Timestamp;

use super::failure::{Class, Failure};
use super::lineage::Shard;
use super::position::{Identity, Position};
use super::settings::Stream;

/// Kinesis, for one stream.
#[derive(Debug)]
pub(super) struct Service {
    client: Client,
    stream: Stream,
}

/// One stream as it is now.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) identity: Identity,
    /// How long records are kept.
    pub(super) retention: Duration,
}

/// What one read gave.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    /// For the next read; none at the end of a closed shard.
    pub(super) next: Option<String>,
    /// How far behind the end of the shard these records are.
    pub(super) behind: Duration,
}

/// One record of a shard.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) sequence: String,
    pub(super) arrived: Option<Timestamp>,
    pub(super) data: Bytes,
}

/// TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// One call as a whole: 14 MB of JSON at 2 Mbit/s.
const CALL: Duration = Duration::from_secs(60);

impl Service {
    pub(super) fn new(config: &SdkConfig, stream: Stream) -> Self {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(CALL).build();
        let mut builder = aws_sdk_kinesis::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        builder.set_app_name(AppName::new("dastap").ok());
        Service { client: Client::from_conf(builder.build()), stream }
    }

    /// Which stream has this name now.
    pub(super) async fn describe(&self) -> Result<Description, Failure> {
        let (name, arn) = self.stream();
        let answer = self.client.describe_stream_summary().set_stream_name(name).set_stream_arn(arn).send().await;
        let answer = answer.map_err(|error| Failure::of("DescribeStreamSummary", &error))?;
        let summary = answer.stream_description_summary.ok_or_else(|| Failure::empty("DescribeStreamSummary"))?;
        let hours = u64::try_from(summary.retention_period_hours).unwrap_or_default();
        // Whole seconds: that much every answer of every implementation has in common.
        let created = Timestamp::from_second(summary.stream_creation_timestamp.secs()).unwrap_or(Timestamp::UNIX_EPOCH);
        let identity = Identity { stream: summary.stream_arn, created };
        Ok(Description { identity, retention: Duration::from_secs(3600 * hours) })
    }

    /// All shards whose records are kept.
    pub(super) async fn shards(&self) -> Result<Vec<Shard>, Failure> {
        let (mut shards, mut next): (Vec<Shard>, Option<String>) = (vec![], None);
        loop {
            // Pages behind the first are named by their token alone.
            let (name, arn) = if next.is_some() { (None, None) } else { self.stream() };
            let page = self.client.list_shards().set_stream_name(name).set_stream_arn(arn).set_next_token(next);
            let page = page.send().await.map_err(|error| Failure::of("ListShards", &error))?;
            shards.extend(page.shards.unwrap_or_default().into_iter().map(|shard| Shard {
                id: shard.shard_id,
                parents: [shard.parent_shard_id, shard.adjacent_parent_shard_id].into_iter().flatten().collect(),
            }));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(shards);
            }
        }
    }

    /// An iterator that begins at a position; none at the end.
    pub(super) async fn iterator(&self, shard: &str, position: &Position) -> Result<Option<String>, Failure> {
        let (name, arn) = self.stream();
        let request = self.client.get_shard_iterator().set_stream_name(name).set_stream_arn(arn).shard_id(shard);
        let request = match position {
            Position::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Position::Since(time) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(time.as_millisecond())),
            Position::After(sequence) => {
                request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(sequence)
            }
            Position::Inside { sequence, .. } => {
                request.shard_iterator_type(ShardIteratorType::AtSequenceNumber).starting_sequence_number(sequence)
            }
            Position::End => return Ok(None),
        };
        let answer = request.send().await.map_err(|error| Failure::of("GetShardIterator", &error))?;
        Ok(answer.shard_iterator)
    }

    /// Reads once.
    pub(super) async fn records(&self, iterator: &str, most: i32) -> Result<Answer, Failure> {
        let (_, arn) = self.stream();
        let request = self.client.get_records().shard_iterator(iterator).limit(most).set_stream_arn(arn);
        let answer = request.send().await.map_err(|error| Failure::of("GetRecords", &error))?;
        let record = |record: aws_sdk_kinesis::types::Record| {
            let arrived = record.approximate_arrival_timestamp.and_then(|time| time.to_millis().ok());
            Record {
                sequence: record.sequence_number,
                arrived: arrived.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
                data: record.data.into_inner().into(),
            }
        };
        let behind = u64::try_from(answer.millis_behind_latest.unwrap_or_default()).unwrap_or_default();
        Ok(Answer {
            records: answer.records.into_iter().map(record).collect(),
            next: answer.next_shard_iterator.filter(|next| !next.is_empty()),
            behind: Duration::from_millis(behind),
        })
    }

    /// The stream's name, or its ARN where that is what was given.
    fn stream(&self) -> (Option<String>, Option<String>) {
        match &self.stream.arn {
            Some(arn) => (None, Some(arn.clone())),
            None => (Some(self.stream.name.clone()), None),
        }
    }
}

impl Failure {
    fn empty(operation: &str) -> Self {
        Failure::new(Class::Passing, format!("{operation}: an empty answer"))
    }
}
