//! The many ways in which records lie in files: one a line, back to back, compressed, inside the events of AWS services.

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::Dastap;
use dastap_tests::record;
use proptest::prelude::*;
use serde_json::{Value, json};

fn records(count: u64) -> Vec<String> {
    (0..count).map(|number| record::sealed(&document::of(&[document::event(number, "}{ \\\"]")]))).collect()
}

/// The statement numbers that come out, in order. `resource`: whether the command line names the database.
#[track_caller]
fn decode(input: impl Into<Vec<u8>>, resource: bool) -> Vec<u64> {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Dastap::decode(&record::keyring().write(folder.path()));
    let run = if resource { run.args(["--resource-id", CLUSTER]) } else { run };
    let run = run.stdin(input).run().expect(0);
    run.lines().iter().map(|line| line["statementId"].as_u64().expect("a number")).collect()
}

#[track_caller]
fn assert_reads(input: impl Into<Vec<u8>>, count: u64) {
    assert!(decode(input, true).into_iter().eq(0..count));
}

/// The events of AWS services that carry these records.
fn carriers(records: &[String]) -> [(&'static str, Value); 4] {
    let arn = format!("arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{CLUSTER}");
    let lambda = |data: String| {
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": data,
                "approximateArrivalTimestamp": 1545084650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventName": "aws:kinesis:record",
            "awsRegion": "eu-west-1",
            "eventSourceARN": arn,
        })
    };
    let transformation = |data: String| json!({ "recordId": "4954698668313", "approximateArrivalTimestamp": 1495072949453u64, "data": data });
    let delivery = |data: String| json!({ "data": data });
    let polled = |data: String| {
        json!({
            "SequenceNumber": "1",
            "ApproximateArrivalTimestamp": 1441215410.867,
            "Data": data,
            "PartitionKey": "p",
        })
    };
    let all = |element: &dyn Fn(String) -> Value| -> Value {
        records.iter().map(|record| element(BASE64_STANDARD.encode(record))).collect()
    };
    [
        ("Lambda", json!({ "Records": all(&lambda) })),
        (
            "Firehose transformation",
            json!({
                "invocationId": "i",
                "deliveryStreamArn": "d",
                "region": "eu-west-1",
                "sourceKinesisStreamArn": arn,
                "records": all(&transformation),
            }),
        ),
        ("Firehose delivery", json!({ "requestId": "r", "timestamp": 1578090901599u64, "records": all(&delivery) })),
        ("Kinesis", json!({ "Records": all(&polled), "NextShardIterator": "AAA", "MillisBehindLatest": 0 })),
    ]
}

#[test]
fn lines_and_records_back_to_back() {
    let records = records(5);
    let pretty: Vec<String> = records
        .iter()
        .map(|record| {
            serde_json::to_string_pretty(&serde_json::from_str::<Value>(record).expect("JSON")).expect("JSON")
        })
        .collect();
    for separator in ["\n", "", "\r\n", "\n\n", " \t"] {
        assert_reads(records.join(separator), 5);
        assert_reads(pretty.join(separator), 5);
    }
    assert_reads(records.join("\n") + "\n", 5);
}

#[test]
fn compressed_in_one_or_several_members() {
    let records = records(5);
    assert_reads(document::gzip(records.join("\n").as_bytes()), 5);
    assert_reads(document::gzip(records.concat().as_bytes()), 5);
    // As an archive does that appends compressed objects, also in the middle of a record.
    let bytes = records.concat().into_bytes();
    assert_reads(bytes.chunks(777).flat_map(document::gzip).collect::<Vec<u8>>(), 5);
}

#[test]
fn a_compressed_file_that_is_cut_gives_what_is_there_and_fails() {
    let whole = document::gzip(records(200).join("\n").as_bytes());
    let folder = tempfile::tempdir().expect("a folder");
    let run = Dastap::decode(&record::keyring().write(folder.path())).args(["--resource-id", CLUSTER]);
    let run = run.stdin(&whole[..whole.len() / 2]).run();
    assert_ne!(run.code, 0, "input is lost: {}", run.stderr);
    let lines = run.lines();
    assert!(!lines.is_empty() && lines.len() < 200, "{} lines", lines.len());
}

#[test]
fn inside_the_events_of_aws_services() {
    let records = records(5);
    for (name, carrier) in carriers(&records) {
        for text in [carrier.to_string(), serde_json::to_string_pretty(&carrier).expect("JSON")] {
            assert!(decode(text.as_str(), true).into_iter().eq(0..5), "{name}");
            assert!(decode(document::gzip(text.as_bytes()), true).into_iter().eq(0..5), "{name}, compressed");
        }
    }
}

#[test]
fn a_carrier_that_names_its_stream_names_the_database() {
    let records = records(3);
    for (name, carrier) in carriers(&records).into_iter().take(2) {
        assert_eq!(decode(carrier.to_string(), false), [0, 1, 2], "{name}");
    }
}

#[test]
fn all_of_them_mixed() {
    let records = records(10);
    let mut input = records[..2].join("\n");
    for (index, (_, carrier)) in carriers(&records[2..4]).into_iter().enumerate() {
        input += &carrier.to_string();
        input += &records[4 + index];
    }
    assert_eq!(decode(input, true), [0, 1, 2, 3, 4, 2, 3, 5, 2, 3, 6, 2, 3, 7]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands between records, and however the input is cut into gzip members, the same records come out.
    #[test]
    fn any_spacing_and_any_members(
        spaces in proptest::collection::vec("[ \t\r\n]{0,4}", 1..20),
        member in proptest::option::of(50usize..5_000),
    ) {
        let records = records(spaces.len() as u64);
        let text: String = records.iter().zip(&spaces).map(|(record, space)| format!("{record}{space}")).collect();
        let input = match member {
            Some(size) => text.as_bytes().chunks(size).flat_map(document::gzip).collect(),
            None => text.into_bytes(),
        };
        let found = decode(input, true);
        prop_assert!(found.into_iter().eq(0..spaces.len() as u64));
    }
}
