//! The JSON that AWS Lambda hands to a function: the event of a Kinesis trigger, and of a Firehose transformation.

use super::Record;
use super::dice::{Dice, Purpose};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The event of a Kinesis trigger for records of one stream.
pub(super) fn kinesis_event(records: &[Record]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&KinesisEvent { records: records.iter().map(KinesisRecord::new).collect() })
}

/// The event of a Firehose transformation for records of one stream.
pub(super) fn firehose_event(records: &[Record]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&FirehoseEvent::new(records))
}

const REGION: &str = "eu-west-1";
const SHARD: &str = "shardId-000000000000";

/// The stream that is named after this record's resource.
pub(super) fn stream_arn(record: &Record) -> String {
    format!("arn:aws:kinesis:{REGION}:123456789012:stream/aws-rds-das-{}", record.resource)
}

fn sequence_number(record: &Record) -> String {
    format!("4966{:052}", record.index)
}

/// The database takes a new one, a random UUID, for every record.
fn partition_key(record: &Record) -> String {
    Dice::new(record.arrived, Purpose::PartitionKey(record.index)).uuid()
}

#[derive(Serialize)]
struct KinesisEvent {
    #[serde(rename = "Records")]
    records: Vec<KinesisRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KinesisRecord {
    kinesis: KinesisData,
    event_source: &'static str,
    event_version: &'static str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'static str,
    invoke_identity_arn: &'static str,
    aws_region: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KinesisData {
    kinesis_schema_version: &'static str,
    partition_key: String,
    sequence_number: String,
    data: String,
    /// Seconds since 1970.
    approximate_arrival_timestamp: f64,
}

impl KinesisRecord {
    fn new(record: &Record) -> Self {
        Self {
            kinesis: KinesisData {
                kinesis_schema_version: "1.0",
                partition_key: partition_key(record),
                sequence_number: sequence_number(record),
                data: STANDARD.encode(&record.line),
                approximate_arrival_timestamp: record.arrived as f64 / 1000.0,
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: format!("{SHARD}:{}", sequence_number(record)),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: "arn:aws:iam::123456789012:role/das-reader",
            aws_region: REGION,
            event_source_arn: stream_arn(record),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirehoseEvent {
    invocation_id: String,
    source_kinesis_stream_arn: Option<String>,
    delivery_stream_arn: &'static str,
    region: &'static str,
    records: Vec<FirehoseRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirehoseRecord {
    record_id: String,
    /// Milliseconds since 1970.
    approximate_arrival_timestamp: u64,
    data: String,
    kinesis_record_metadata: FirehoseMetadata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirehoseMetadata {
    shard_id: &'static str,
    partition_key: String,
    sequence_number: String,
    subsequence_number: &'static str,
    approximate_arrival_timestamp: u64,
}

impl FirehoseEvent {
    fn new(batch: &[Record]) -> Self {
        Self {
            invocation_id: batch.first().map(partition_key).unwrap_or_default(),
            source_kinesis_stream_arn: batch.first().map(stream_arn),
            delivery_stream_arn: "arn:aws:firehose:eu-west-1:123456789012:deliverystream/database-activity",
            region: REGION,
            records: batch.iter().map(FirehoseRecord::new).collect(),
        }
    }
}

impl FirehoseRecord {
    fn new(record: &Record) -> Self {
        Self {
            record_id: format!("{}000000", sequence_number(record)),
            approximate_arrival_timestamp: record.arrived,
            data: STANDARD.encode(&record.line),
            kinesis_record_metadata: FirehoseMetadata {
                shard_id: SHARD,
                partition_key: partition_key(record),
                sequence_number: sequence_number(record),
                subsequence_number: "",
                approximate_arrival_timestamp: record.arrived,
            },
        }
    }
}
