//! Kinesis over HTTP: `peer/kinesis.py` says what it is and what each request does.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::Peer;

/// A Kinesis on a loopback port.
pub struct Kinesis {
    peer: Peer,
    /// Its URL.
    pub endpoint: String,
}

impl Kinesis {
    /// Starts it, without any stream.
    pub fn start() -> Self {
        let mut peer = Peer::start("kinesis.py", &[]);
        let hello = peer.answer();
        Kinesis { endpoint: hello["endpoint"].as_str().expect("a text").to_owned(), peer }
    }

    /// Makes a stream with so many shards.
    pub fn create(&mut self, stream: &str, shards: usize) {
        self.peer.ask(&json!({ "do": "create", "stream": stream, "shards": shards }));
    }

    /// Deletes a stream.
    pub fn delete(&mut self, stream: &str) {
        self.peer.ask(&json!({ "do": "delete", "stream": stream }));
    }

    /// Puts records, each with its partition key.
    pub fn put<'a>(&mut self, stream: &str, records: impl IntoIterator<Item = (String, &'a [u8])>) {
        let record = |(key, data)| json!({ "key": key, "data": BASE64_STANDARD.encode::<&[u8]>(data) });
        let records: Vec<Value> = records.into_iter().map(record).collect();
        self.peer.ask(&json!({ "do": "put", "stream": stream, "records": records }));
    }

    /// Puts one record that holds others, as the Kinesis Producer Library does.
    pub fn put_aggregated<'a>(&mut self, stream: &str, key: &str, records: impl IntoIterator<Item = &'a [u8]>) {
        let records: Vec<String> = records.into_iter().map(|data| BASE64_STANDARD.encode(data)).collect();
        self.peer.ask(&json!({ "do": "put_aggregated", "stream": stream, "key": key, "records": records }));
    }

    /// Splits an open shard in its middle.
    pub fn split(&mut self, stream: &str, shard: &str) {
        self.peer.ask(&json!({ "do": "split", "stream": stream, "shard": shard }));
    }

    /// Merges two open shards, given in the order of their hash keys.
    pub fn merge(&mut self, stream: &str, first: &str, second: &str) {
        self.peer.ask(&json!({ "do": "merge", "stream": stream, "shards": [first, second] }));
    }

    /// Fails the next requests of an operation with an HTTP status and an error code of AWS.
    pub fn fail(&mut self, operation: &str, status: u16, code: &str, times: u32) {
        let failure = json!({ "do": "fail", "operation": operation, "status": status, "code": code, "times": times });
        self.peer.ask(&failure);
    }

    /// How many requests of an operation have reached it.
    pub fn calls(&mut self, operation: &str) -> u64 {
        self.peer.ask(&json!({ "do": "calls" }))[operation].as_u64().unwrap_or(0)
    }
}
