//! JSON that carries records: Kinesis, Lambda and Firehose events, arrays, and our own dead letter, told apart by
//! content.
//!
//! | carrier | records | resource id |
//! |---|---|---|
//! | Lambda event of a Kinesis trigger | `Records[].kinesis.data` | `Records[].eventSourceARN` |
//! | `aws kinesis get-records` | `Records[].Data` | |
//! | Firehose transformation event, Firehose HTTP body | `records[].data` | `sourceKinesisStreamArn` |
//! | what Firehose writes for a record that a transformation failed | `rawData` | |
//! | one record of any of these | the same without the list | |
//! | dead-letter line | `record` or `record_base64`, beside `error` | `resource` |
//! | array of records or carriers | each element | |
//!
//! One carried record is one record, whatever its bytes are. An element that carries nothing is itself the record, so
//! that it fails and is kept. A plain record is known by its first member and never parsed here.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::resume::{Front, front};
use super::{Content, Record, Refusal};

/// The members by which a carrier is known. A member of another type makes it a plain record.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, rename = "Records")]
    kinesis_records: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "records")]
    firehose_records: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "sourceKinesisStreamArn")]
    source_stream: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "eventSourceARN")]
    event_source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kinesis: Option<Payload<'a>>,
    #[serde(borrow, rename = "Data")]
    kinesis_data: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "data")]
    firehose_data: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "rawData")]
    undelivered: Option<Cow<'a, str>>,
    error: Option<Failure>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    record_base64: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its presence tells a dead-letter line")]
struct Failure {
    stage: IgnoredAny,
    reason: IgnoredAny,
}

/// Puts the records that `value` carries behind `records`, or `value` itself as one record.
pub(super) fn unpack(value: &[u8], limit: usize, records: &mut VecDeque<Record>) {
    if front(value) != Front::Record
        && let Ok(text) = std::str::from_utf8(value)
        && let Some(carried) = carried(text)
    {
        records.extend(carried.into_iter().map(|record| record.within(limit)));
    } else {
        records.push_back(Record::plain(value.to_vec()).within(limit));
    }
}

/// The resource id in the name or ARN of an activity stream: what follows `aws-rds-das-`.
pub(crate) fn stream_resource(name: &str) -> Option<&str> {
    name.split(['/', ':']).find_map(|part| part.strip_prefix("aws-rds-das-")).filter(|id| is_resource(id))
}

/// The resource id of a stream that is told by its id, name or ARN.
pub(crate) fn resource_id(stream: &str) -> Option<&str> {
    if is_resource(stream) { Some(stream) } else { stream_resource(stream) }
}

fn is_resource(id: &str) -> bool {
    id.starts_with("cluster-") || id.starts_with("db-")
}

/// The records in a carrier; nothing when it is none.
fn carried(text: &str) -> Option<Vec<Record>> {
    if text.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        return elements.iter().all(|element| element.get().starts_with('{')).then(|| {
            let records = |element: &&RawValue| match front(element.get().as_bytes()) {
                Front::Record => None,
                _ => members_carried(element.get()),
            };
            elements.iter().flat_map(|element| records(element).unwrap_or_else(|| vec![itself(element)])).collect()
        });
    }
    members_carried(text)
}

fn members_carried(text: &str) -> Option<Vec<Record>> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    match &members {
        Members { kinesis_records: Some(elements), .. } | Members { firehose_records: Some(elements), .. } => {
            let source = members.source_stream.as_deref().and_then(stream_resource).map(Arc::from);
            let records: Vec<_> = elements.iter().map(|element| payload(element.get(), source.as_ref())).collect();
            // A list in which nothing carries data is some other JSON; an empty one is a poll that found nothing.
            (records.is_empty() || records.iter().any(Option::is_some)).then(|| {
                records
                    .into_iter()
                    .zip(elements)
                    .map(|(record, element)| record.unwrap_or_else(|| itself(element)))
                    .collect()
            })
        }
        Members { error: Some(_), record: Some(record), .. } => Some(vec![itself(record).of(members.remembered())]),
        Members { error: Some(_), record_base64: Some(encoded), .. } => {
            Some(vec![decoded(encoded, text).of(members.remembered())])
        }
        _ => payload(text, None).map(|record| vec![record]),
    }
}

/// The record in one element of a carrier; nothing when it carries none.
fn payload(element: &str, source: Option<&Arc<str>>) -> Option<Record> {
    let members: Members<'_> = serde_json::from_str(element).ok()?;
    let data = members.kinesis.map(|payload| payload.data).or(members.kinesis_data).or(members.firehose_data);
    let data = data.or(members.undelivered)?;
    let resource = members.event_source.as_deref().and_then(stream_resource).map(Arc::from);
    Some(decoded(&data, element).of(resource.or_else(|| source.cloned())))
}

impl Members<'_> {
    /// The resource id that a dead-letter line kept.
    fn remembered(&self) -> Option<Arc<str>> {
        self.resource.as_deref().filter(|id| is_resource(id)).map(Arc::from)
    }
}

fn decoded(data: &str, element: &str) -> Record {
    let content = match BASE64.decode(data) {
        Ok(bytes) => Content::from_bytes(bytes),
        Err(_) => Content::Refused(element.as_bytes().to_vec(), Refusal::BadBase64),
    };
    Record { resource: None, content }
}

fn itself(element: &RawValue) -> Record {
    Record { resource: None, content: Content::Text(element.get().to_owned()) }
}

impl Record {
    fn of(self, resource: Option<Arc<str>>) -> Record {
        Record { resource, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const RECORD: &str = r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1"}"#;
    const ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-cluster-ABC";

    fn records(value: &Value) -> Vec<(Option<String>, Content)> {
        let mut records = VecDeque::new();
        unpack(value.to_string().as_bytes(), 1000, &mut records);
        records.into_iter().map(|record| (record.resource.map(|id| id.to_string()), record.content)).collect()
    }

    fn text(resource: Option<&str>, text: &str) -> (Option<String>, Content) {
        (resource.map(str::to_owned), Content::Text(text.to_owned()))
    }

    #[test]
    fn every_carrier_gives_its_records() {
        let data = BASE64.encode(RECORD);
        let lambda = json!({"kinesis": {"data": data, "partitionKey": "p"}, "eventSourceARN": ARN});
        let polled = json!({"SequenceNumber": "1", "Data": data, "PartitionKey": "p"});
        let firehose = json!({"recordId": "1", "data": data});
        for (carrier, expected) in [
            (json!({"Records": [lambda, lambda]}), vec![text(Some("cluster-ABC"), RECORD); 2]),
            (json!({"Records": [polled], "NextShardIterator": "A", "MillisBehindLatest": 0}), vec![text(None, RECORD)]),
            (json!({"records": [firehose], "sourceKinesisStreamArn": ARN}), vec![text(Some("cluster-ABC"), RECORD)]),
            (json!({"requestId": "r", "timestamp": 1, "records": [{"data": data}]}), vec![text(None, RECORD)]),
            (lambda.clone(), vec![text(Some("cluster-ABC"), RECORD)]),
            (polled.clone(), vec![text(None, RECORD)]),
            (
                json!({"attemptsMade": 1, "errorCode": "Lambda.ProcessingFailedStatus", "rawData": data}),
                vec![text(None, RECORD)],
            ),
            (json!([polled, lambda]), vec![text(None, RECORD), text(Some("cluster-ABC"), RECORD)]),
            (json!({"Records": []}), vec![]),
        ] {
            assert_eq!(records(&carrier), expected, "{carrier}");
        }
    }

    #[test]
    fn a_dead_letter_line_gives_the_record_back_as_it_was() {
        let error = r#""error":{"stage":"key","reason":"refused","detail":"","retryable":false}"#;
        let mut records = VecDeque::new();
        let spaced = r#"{ "a" : 1.50 }"#;
        let lines = [
            format!(r#"{{"index":7,{error},"resource":"db-X","record":{spaced}}}"#),
            format!(r#"{{"index":8,{error},"record_base64":"{}"}}"#, BASE64.encode([0xff, b'{'])),
        ];
        lines.iter().for_each(|line| unpack(line.as_bytes(), 1000, &mut records));
        assert_eq!(records[0], Record { resource: Some("db-X".into()), content: Content::Text(spaced.into()) });
        let bytes = Content::Refused(vec![0xff, b'{'], Refusal::NotUtf8);
        assert_eq!(records[1], Record { resource: None, content: bytes });
    }

    #[test]
    fn what_carries_nothing_is_the_record() {
        for value in [
            json!({"Records": [{"s3": {}}]}),
            json!({"records": "none"}),
            json!({"error": "text", "record": {}}),
            json!({"fault": "header bit", "stage": "message", "record": {"type": "x"}}),
            json!({"Data": 5}),
            json!([1, {}]),
            json!({}),
        ] {
            assert_eq!(records(&value), [text(None, &value.to_string())]);
        }
    }

    #[test]
    fn an_element_that_cannot_be_read_stays_whole() {
        let good = json!({"Data": BASE64.encode(RECORD)});
        let bad = json!({"Data": "no base64!"});
        let other = json!({"x": 1});
        let refused = Content::Refused(bad.to_string().into_bytes(), Refusal::BadBase64);
        let expected = [text(None, RECORD), (None, refused), text(None, &other.to_string())];
        assert_eq!(records(&json!({"Records": [good, bad, other]})), expected);
    }

    #[test]
    fn a_carried_record_has_the_same_limit() {
        let long = BASE64.encode("x".repeat(1001));
        let expected = Content::Refused(vec![b'x'; 1001], Refusal::TooLarge);
        assert_eq!(records(&json!({"Data": long})), [(None, expected)]);
    }

    #[test]
    fn the_resource_id_stands_in_a_streams_name() {
        assert_eq!(stream_resource("aws-rds-das-db-X"), Some("db-X"));
        assert_eq!(stream_resource(&format!("{ARN}/consumer/c:1")), Some("cluster-ABC"));
        assert_eq!(stream_resource("arn:aws:kinesis:eu-west-1:1:stream/orders"), None);
        assert_eq!(stream_resource("aws-rds-das-orders"), None);
    }
}
