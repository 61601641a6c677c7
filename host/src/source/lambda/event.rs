//! What Lambda calls the function with: the event of a Kinesis trigger or of a Firehose transformation, told apart by
//! content.

use std::sync::Arc;

use serde::Deserialize;

use crate::record::stream_resource;

/// One call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// `Records`, of a shard.
    Kinesis(Vec<FromKinesis>),
    /// `records`, of a delivery stream.
    Transformation(Vec<FromFirehose>),
}

/// A record of a Kinesis trigger.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FromKinesis {
    /// As it was received, in base64: a record of the database, or several that a producer packed.
    pub(super) data: String,
    /// The stream's resource id.
    pub(super) resource: Option<Arc<str>>,
    /// Its stream and shard.
    pub(super) shard: String,
    pub(super) sequence_number: String,
}

/// A record of a Firehose transformation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FromFirehose {
    /// As [`FromKinesis::data`].
    pub(super) data: String,
    /// The stream's resource id, where Firehose tells the stream.
    pub(super) resource: Option<Arc<str>>,
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(rename = "Records")]
    of_trigger: Option<Vec<OfTrigger>>,
    records: Option<Vec<OfFirehose>>,
    source_kinesis_stream_arn: Option<String>,
}

#[derive(Deserialize)]
struct OfTrigger {
    kinesis: Payload,
    #[serde(rename = "eventID", default)]
    id: String,
    #[serde(rename = "eventSourceARN")]
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    data: String,
    sequence_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfFirehose {
    record_id: String,
    data: String,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// It is of another service, or says nothing of where its records come from.
    pub(super) fn read(text: &str) -> Result<Event, String> {
        let expected = "expected the event of a Kinesis trigger or of a Firehose transformation";
        let members: Members = serde_json::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
        let resource = |arn: Option<&str>| arn.and_then(stream_resource).map(Arc::from);
        match members {
            Members { of_trigger: Some(records), .. } => Ok(Event::Kinesis(
                records
                    .into_iter()
                    .map(|of| FromKinesis {
                        data: of.kinesis.data,
                        resource: resource(Some(&of.source)),
                        // The id is the shard and the sequence number, with a colon between.
                        shard: format!("{} {}", of.source, of.id.split(':').next().unwrap_or_default()),
                        sequence_number: of.kinesis.sequence_number,
                    })
                    .collect(),
            )),
            Members { records: Some(records), source_kinesis_stream_arn: arn, .. } => {
                let resource: Option<Arc<str>> = resource(arn.as_deref());
                Ok(Event::Transformation(
                    records
                        .into_iter()
                        .map(|of| FromFirehose { data: of.data, resource: resource.clone(), id: of.record_id })
                        .collect(),
                ))
            }
            _ => Err(format!("{expected}, found neither `Records` nor `records`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-db-X";

    #[test]
    fn both_shapes_are_told_apart() {
        let trigger = json!({ "Records": [{
            "kinesis": { "data": "e30=", "sequenceNumber": "49" }, "eventID": "shardId-1:49", "eventSourceARN": ARN,
        }] });
        let expected = FromKinesis {
            data: "e30=".into(),
            resource: Some("db-X".into()),
            shard: format!("{ARN} shardId-1"),
            sequence_number: "49".into(),
        };
        assert_eq!(Event::read(&trigger.to_string()), Ok(Event::Kinesis(vec![expected])));
        for (source, resource) in [(json!(ARN), Some("db-X")), (json!(null), None)] {
            let records = json!([{ "recordId": "1", "data": "e30=" }]);
            let call = json!({ "invocationId": "i", "sourceKinesisStreamArn": source, "records": records });
            let expected = FromFirehose { data: "e30=".into(), resource: resource.map(Arc::from), id: "1".into() };
            assert_eq!(Event::read(&call.to_string()), Ok(Event::Transformation(vec![expected])));
        }
    }

    #[test]
    fn other_events_are_refused() {
        let queue = json!({ "Records": [{ "body": "x", "eventSource": "aws:sqs" }] }).to_string();
        assert!(Event::read(&queue).unwrap_err().contains("missing field `kinesis`"));
        assert!(Event::read("{}").unwrap_err().ends_with("found neither `Records` nor `records`"));
    }
}
