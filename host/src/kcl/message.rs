//! The messages of the MultiLangDaemon: one JSON object a line, told apart by `action`.
//!
//! Source: `software.amazon.kinesis.multilang.messages` of amazon-kinesis-client-multilang 3.5.

use serde::{Deserialize, Serialize};

/// What the daemon says.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Message {
    /// This process reads this shard now.
    Initialize { shard_id: String },
    /// The next records, in order.
    ProcessRecords { records: Vec<DaemonRecord>, millis_behind_latest: Option<u64> },
    /// Another worker reads the shard now; nothing can be saved any more.
    LeaseLost {},
    /// The shard was split or merged and is read to its end. Without a checkpoint its children are never read.
    ShardEnded {},
    /// The daemon is told to end; the last chance to save.
    ShutdownRequested {},
    /// The older form of [`Message::LeaseLost`] (`ZOMBIE`) and [`Message::ShardEnded`] (`TERMINATE`).
    Shutdown { reason: String },
    /// The answer to our own.
    Checkpoint { error: Option<String> },
}

/// A record; aggregates of the producer library are already taken apart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DaemonRecord {
    /// Base64.
    pub(super) data: String,
    pub(super) sequence_number: String,
    /// The place in an aggregate.
    #[serde(default)]
    pub(super) sub_sequence_number: u64,
}

/// A place in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence_number: String,
    pub(super) sub_sequence_number: u64,
}

/// What we say.
#[derive(Debug, Serialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Answer<'a> {
    /// An action is done.
    Status { response_for: &'a str },
    /// Everything up to here is delivered; without a number, everything.
    Checkpoint { sequence_number: Option<&'a str>, sub_sequence_number: Option<u64> },
}

impl Message {
    /// The name under which the daemon waits for the status.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Message::Initialize { .. } => "initialize",
            Message::ProcessRecords { .. } => "processRecords",
            Message::LeaseLost {} => "leaseLost",
            Message::ShardEnded {} => "shardEnded",
            Message::ShutdownRequested {} => "shutdownRequested",
            Message::Shutdown { .. } => "shutdown",
            Message::Checkpoint { .. } => "checkpoint",
        }
    }
}

impl<'a> Answer<'a> {
    /// A checkpoint at this place, or at the end of what was received.
    pub(super) fn checkpoint(at: Option<&'a Position>) -> Self {
        Answer::Checkpoint {
            sequence_number: at.map(|position| position.sequence_number.as_str()),
            sub_sequence_number: at.map(|position| position.sub_sequence_number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_the_daemon_writes_them() {
        let read = |text: &str| serde_json::from_str::<Message>(text).unwrap();
        let text = r#"{"action":"initialize","shardId":"shardId-000000000000","sequenceNumber":"TRIM_HORIZON","subSequenceNumber":0}"#;
        assert!(matches!(read(text), Message::Initialize { shard_id } if shard_id == "shardId-000000000000"));
        let text = r#"{"action":"processRecords","records":[{"action":"record","data":"e30=","partitionKey":"p","sequenceNumber":"49","subSequenceNumber":1,"approximateArrivalTimestamp":1431643200000}],"millisBehindLatest":null}"#;
        let Message::ProcessRecords { records, millis_behind_latest: None } = read(text) else { panic!("{text}") };
        assert_eq!((records[0].data.as_str(), records[0].sub_sequence_number), ("e30=", 1));
        for (text, name) in [
            (r#"{"action":"leaseLost"}"#, "leaseLost"),
            (r#"{"action":"shardEnded"}"#, "shardEnded"),
            (r#"{"action":"shutdownRequested"}"#, "shutdownRequested"),
            (r#"{"action":"shutdown","reason":"ZOMBIE"}"#, "shutdown"),
            (
                r#"{"action":"checkpoint","sequenceNumber":"49","subSequenceNumber":0,"error":"ThrottlingException"}"#,
                "checkpoint",
            ),
        ] {
            assert_eq!(read(text).name(), name);
        }
    }

    #[test]
    fn answers_are_written_as_the_daemon_reads_them() {
        let text = |answer| serde_json::to_string(&answer).unwrap();
        assert_eq!(
            text(Answer::Status { response_for: "initialize" }),
            r#"{"action":"status","responseFor":"initialize"}"#
        );
        let position = Position { sequence_number: "49".into(), sub_sequence_number: 2 };
        assert_eq!(
            text(Answer::checkpoint(Some(&position))),
            r#"{"action":"checkpoint","sequenceNumber":"49","subSequenceNumber":2}"#
        );
        assert_eq!(
            text(Answer::checkpoint(None)),
            r#"{"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null}"#
        );
    }
}
