//! Services of AWS over HTTP (moto): what they were asked, what they hold, and how they fail. See `peer/aws.py`.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::peer::Peer;

/// The account and Region of everything in it.
pub const ACCOUNT: &str = "123456789012";
/// The Region.
pub const REGION: &str = "eu-west-1";

/// A server with services of its own. It ends with this.
pub struct Aws {
    peer: Peer,
    /// Its URL.
    pub endpoint: String,
}

impl Aws {
    /// Starts it, empty.
    pub fn start() -> Self {
        let mut peer = Peer::start("aws.py", &[]);
        let endpoint = peer.answer()["endpoint"].as_str().expect("a URL").to_owned();
        Aws { peer, endpoint }
    }

    /// Calls an operation as boto3 names it.
    pub fn call(&mut self, service: &str, operation: &str, arguments: Value) -> Value {
        self.peer.ask(&json!({ "do": "call", "service": service, "operation": operation, "arguments": arguments }))
    }

    /// How many requests of this operation came.
    pub fn calls(&mut self, operation: &str) -> u64 {
        self.peer.ask(&json!({ "do": "calls" }))[operation].as_u64().unwrap_or(0)
    }

    /// Fails the next requests of an operation with an HTTP status and an error code of AWS.
    pub fn fail(&mut self, operation: &str, status: u16, code: &str, times: u32) {
        self.peer.ask(&json!({ "do": "fail", "operation": operation, "status": status, "code": code, "times": times }));
    }

    /// Makes a delivery stream that writes to a bucket of its own name.
    pub fn make_delivery_stream(&mut self, name: &str) {
        let location = json!({ "LocationConstraint": REGION });
        self.call("s3", "create_bucket", json!({ "Bucket": name, "CreateBucketConfiguration": location }));
        let destination = json!({
            "BucketARN": format!("arn:aws:s3:::{name}"),
            "RoleARN": format!("arn:aws:iam::{ACCOUNT}:role/firehose"),
        });
        let stream = json!({ "DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination });
        self.call("firehose", "create_delivery_stream", stream);
    }

    /// Of the next `times` requests to a delivery stream, every so-many-th record is not taken.
    pub fn reject_records(&mut self, every: usize, times: u32) {
        self.peer.ask(&json!({ "do": "reject", "every": every, "times": times }));
    }

    /// The records that delivery streams took, request by request.
    pub fn taken_records(&mut self) -> Vec<Vec<String>> {
        let answer = self.peer.ask(&json!({ "do": "records" }));
        let record = |data: &Value| text(data.as_str().expect("base64"));
        let request = |records: &Value| records.as_array().expect("a list").iter().map(record).collect();
        answer["requests"].as_array().expect("a list").iter().map(request).collect()
    }

    /// What lies in a bucket, all objects together.
    pub fn bucket(&mut self, name: &str) -> String {
        let listed = self.call("s3", "list_objects_v2", json!({ "Bucket": name }));
        let keys: Vec<Value> =
            listed["Contents"].as_array().into_iter().flatten().map(|it| it["Key"].clone()).collect();
        let mut object = |key| self.call("s3", "get_object", json!({ "Bucket": name, "Key": key }))["Body"].clone();
        keys.into_iter().map(|key| text(object(key).as_str().expect("base64"))).collect()
    }

    /// Makes a topic with a queue behind it: the ARN of the one and the URL of the other.
    pub fn make_topic(&mut self, name: &str) -> (String, String) {
        let topic = self.call("sns", "create_topic", json!({ "Name": name }))["TopicArn"].clone();
        let queue = self.call("sqs", "create_queue", json!({ "QueueName": name }))["QueueUrl"].clone();
        let endpoint = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let subscription = json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": endpoint });
        self.call("sns", "subscribe", subscription);
        [topic, queue].map(|it| it.as_str().expect("a text").to_owned()).into()
    }

    /// Takes everything out of a queue that a topic was published to, in order.
    pub fn published(&mut self, queue: &str) -> Vec<Value> {
        let mut all = vec![];
        loop {
            let wanted = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600 });
            let answer = self.call("sqs", "receive_message", wanted);
            let Some(messages) = answer["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
                return all;
            };
            let body = |message: &Value| serde_json::from_str(message["Body"].as_str().expect("a text")).expect("JSON");
            all.extend(messages.iter().map(body));
        }
    }
}

fn text(data: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(data).expect("base64")).expect("UTF-8")
}
