//! `dastap lambda` with the Runtime API as Lambda documents it: every record of every call is accounted for by its id.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use dastap::synth::{Engine, Fault, Settings};
use dastap_tests::aws::Aws;
use dastap_tests::document::{self, CLUSTER, CONTEXT};
use dastap_tests::lambda::{Answer, Function};
use dastap_tests::peer::{self, Encrypt, Entry, Kms, Sdk};
use dastap_tests::program::Dastap;
use dastap_tests::record;
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};

/// One instance, so that every call is of one stream; with or without damaged records.
fn stream(faults: Vec<Fault>) -> Synthetic {
    let settings =
        Settings { engines: vec![Engine::Postgres], instances: 1, records: 150, faults, ..Settings::default() };
    Synthetic::new(settings)
}

/// The same stream as Lambda hands it over, as `dastap gen` writes it: one event a line.
fn events(format: &str, faults: &[Fault]) -> Vec<String> {
    let generated = Dastap::new("gen").args(["--engine", "postgres", "--instances", "1", "--records", "150"]);
    let generated = faults.iter().fold(generated, |run, fault| run.args(["--fault", fault.name()]));
    let text = generated.args(["--format", format]).run().expect(0).stdout;
    String::from_utf8(text).expect("UTF-8").lines().map(str::to_owned).collect()
}

/// Every fault but the one that is large.
fn faults() -> Vec<Fault> {
    Fault::ALL.iter().copied().filter(|fault| *fault != Fault::GzipBomb).collect()
}

/// What `dastap decode` makes of it.
fn decoded(stream: &Synthetic) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let code = i32::from(stream.records.iter().any(|record| record.fault.is_some()));
    let lines = stream.run("decode", folder.path()).run().expect(code).stdout;
    String::from_utf8(lines).expect("UTF-8").lines().map(str::to_owned).collect()
}

/// Sinks that a function of a Kinesis trigger needs; the dead letter is a delivery stream too.
fn sinks(aws: &Aws) -> String {
    let sink = |name| format!("{{ type: firehose, delivery-stream: {name}, endpoint-url: \"{}\" }}", aws.endpoint);
    format!(
        "keys: {{ provider: keyring, keyring: keys.json }}\nsinks: [ {} ]\ndead-letter: {}\n",
        sink("events"),
        sink("failed")
    )
}

fn aws() -> Aws {
    let mut aws = Aws::start();
    ["events", "failed"].iter().for_each(|name| aws.make_delivery_stream(name));
    aws
}

fn sorted<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut lines: Vec<&str> = lines.into_iter().collect();
    lines.sort_unstable();
    lines
}

/// Lambda's event for these records of the tests' cluster, with the sequence numbers 100, 101, ..
fn kinesis_event<R: AsRef<[u8]>>(records: &[R]) -> Vec<u8> {
    let record = |(place, record): (usize, &R)| {
        json!({
            "kinesis": { "data": BASE64_STANDARD.encode(record), "sequenceNumber": (100 + place).to_string() },
            "eventID": format!("shardId-000000000000:{}", 100 + place),
            "eventSourceARN": format!("arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{CLUSTER}"),
        })
    };
    let records: Vec<_> = records.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// Firehose's event for these records, with the ids r0, r1, ..
fn firehose_event<R: AsRef<[u8]>>(records: &[R]) -> Vec<u8> {
    let record = |(place, record): (usize, &R)| json!({ "recordId": format!("r{place}"), "data": BASE64_STANDARD.encode(record) });
    let records: Vec<_> = records.iter().enumerate().map(record).collect();
    let arn = format!("arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{CLUSTER}");
    json!({ "invocationId": "i", "sourceKinesisStreamArn": arn, "records": records }).to_string().into_bytes()
}

/// One record for each list, as the Kinesis Producer Library packs them.
fn packed(lists: &[Vec<String>]) -> Vec<Vec<u8>> {
    let encode = |list: &Vec<String>| list.iter().map(|record| BASE64_STANDARD.encode(record)).collect::<Vec<_>>();
    let lists = json!(lists.iter().map(encode).collect::<Vec<_>>()).to_string();
    let packed = peer::run("kpl.py", &[], lists.as_bytes()).expect("a packer");
    let packed: Vec<String> = serde_json::from_str(&packed).expect("JSON");
    packed.iter().map(|data| BASE64_STANDARD.decode(data).expect("base64")).collect()
}

/// A record of the tests' cluster that needs no key, with one event.
fn plain(number: u64) -> String {
    record::plain(&document::of(&[document::event(number, "select 1")]))
}

fn failed_from(sequence_number: u64) -> Answer {
    Answer::Response(json!({ "batchItemFailures": [{ "itemIdentifier": sequence_number.to_string() }] }))
}

fn all_delivered() -> Answer {
    Answer::Response(json!({ "batchItemFailures": [] }))
}

/// The results of a transformation by record id; every id of the event must be there once.
fn results(event: &[u8], answer: &Value) -> BTreeMap<String, Value> {
    let id = |record: &Value| record["recordId"].as_str().expect("an id").to_owned();
    let asked: Value = serde_json::from_slice(event).expect("JSON");
    let asked: Vec<_> = asked["records"].as_array().expect("records").iter().map(id).collect();
    let answered = answer["records"].as_array().expect("records");
    assert_eq!(answered.iter().map(id).collect::<Vec<_>>(), asked);
    answered.iter().map(|record| (id(record), record.clone())).collect()
}

fn data(record: &Value) -> String {
    String::from_utf8(BASE64_STANDARD.decode(record["data"].as_str().expect("data")).expect("base64")).expect("UTF-8")
}

#[test]
fn records_of_a_trigger_are_in_the_sinks_when_it_answers() {
    let (mut aws, faults) = (aws(), faults());
    let stream = stream(faults.clone());
    let function = Function::with_files(&sinks(&aws), &[("keys.json", stream.keyring())]);
    for event in events("kinesis-event", &faults) {
        assert_eq!(function.call(event.as_bytes()), all_delivered());
    }
    let expected = decoded(&stream);
    assert_eq!(sorted(aws.bucket("events").lines()), sorted(expected.iter().map(String::as_str)));
    let damaged = stream.records.iter().filter(|record| record.fault.is_some()).count();
    assert!(damaged > 20);
    assert_eq!(aws.bucket("failed").lines().count(), damaged);
}

#[test]
fn keys_live_from_one_call_to_the_next_and_a_failure_that_may_pass_names_its_record() {
    let (mut aws, mut kms) = (aws(), Kms::start());
    let data_key = [7; 32];
    let sealed = |number: u64| {
        let payload = document::gzip(document::of(&[document::event(number, "select 1")]).as_bytes());
        Sdk::shared().encrypt(&Encrypt {
            suite: 0x0178,
            frame_length: 4096,
            payload: &payload,
            context: &[],
            authenticate_only: &[],
            keys: &[Entry::Aes("BC", "DataKey", &data_key)],
        })
    };
    let blob = kms.encrypt(&data_key, &CONTEXT);
    let encrypted: Vec<_> = (1..4).map(|number| record::of(&sealed(number), &blob)).collect();
    let plain = record::plain(&document::of(&[document::event(0, "select 0")]));
    let event = kinesis_event(&[vec![plain], encrypted].concat());
    let config = sinks(&aws)
        .replace("{ provider: keyring, keyring: keys.json }", &format!("{{ endpoint-url: \"{}\" }}", kms.endpoint));
    let function = Function::start(&config);
    kms.fail(503, "ServiceUnavailable", 1000);
    assert_eq!(function.call(&event), failed_from(101), "the first needs no key");
    assert_eq!(aws.bucket("events").lines().count(), 1);
    kms.fail(503, "ServiceUnavailable", 0);
    // The key cache leaves KMS alone for a moment.
    let recovers = (0..40).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        function.call(&event) == all_delivered()
    });
    assert!(recovers);
    let before = kms.decrypt_calls();
    for _ in 0..2 {
        assert_eq!(function.call(&event), all_delivered());
    }
    assert_eq!(kms.decrypt_calls(), before, "the key is known");
    let delivered = aws.bucket("events");
    let mut delivered = sorted(delivered.lines());
    delivered.dedup();
    assert_eq!(delivered.len(), 4);
}

#[test]
fn a_sink_that_does_not_accept_in_time_loses_nothing() {
    let (mut aws, stream) = (aws(), stream(vec![]));
    let function = Function::with_files(&sinks(&aws), &[("keys.json", stream.keyring())]);
    let events = events("kinesis-event", &[]);
    aws.fail("PutRecordBatch", 503, "ServiceUnavailableException", 1000);
    let first: Value = serde_json::from_str(&events[0]).expect("JSON");
    let first = first["Records"][0]["kinesis"]["sequenceNumber"].clone();
    let answer = function.call_within(events[0].as_bytes(), Duration::from_secs(3));
    assert_eq!(answer, Answer::Response(json!({ "batchItemFailures": [{ "itemIdentifier": first }] })));
    aws.fail("PutRecordBatch", 503, "ServiceUnavailableException", 0);
    for event in &events {
        assert_eq!(function.call(event.as_bytes()), all_delivered());
    }
    let delivered = aws.bucket("events");
    let (mut delivered, all) = (sorted(delivered.lines()), decoded(&stream));
    let twice = delivered.len();
    delivered.dedup();
    assert_eq!(delivered, sorted(all.iter().map(String::as_str)));
    assert!(twice > delivered.len(), "what the first call left in the queue was delivered as well");
}

#[test]
fn without_a_dead_letter_a_broken_record_is_named() {
    let mut aws = aws();
    let config = sinks(&aws);
    let (config, _) = config.split_once("dead-letter:").expect("one");
    let function = Function::with_files(config, &[("keys.json", r#"{"keys":[]}"#)]);
    assert_eq!(function.call(&kinesis_event(&[plain(1), plain(2), "broken".into(), plain(3)])), failed_from(102));
    assert_eq!(aws.bucket("events").lines().count(), 2);
}

#[test]
fn records_that_a_producer_packed_are_delivered_and_fail_together() {
    let mut aws = aws();
    let config = sinks(&aws);
    let keys = [("keys.json", r#"{"keys":[]}"#)];
    let function = Function::with_files(&config, &keys);
    let lists = [vec![plain(1), plain(2)], vec![], vec![plain(3), "broken".repeat(9), plain(4)]];
    let mut records = packed(&lists);
    // Damaged: it is one record, which fails and is kept.
    let mut damaged = records[0].clone();
    damaged[20] ^= 1;
    records.push(damaged);
    records.push(plain(5).into_bytes());
    assert_eq!(function.call(&kinesis_event(&records)), all_delivered());
    assert_eq!(aws.bucket("events").lines().count(), 5);
    assert_eq!(aws.bucket("failed").lines().count(), 2);
    // Without a dead letter, the first that was not delivered names the record in which it came: 100 and 101 are behind it.
    let mut aws = self::aws();
    let config = sinks(&aws);
    let (config, _) = config.split_once("dead-letter:").expect("one");
    let function = Function::with_files(config, &keys);
    assert_eq!(function.call(&kinesis_event(&records)), failed_from(102));
    assert_eq!(aws.bucket("events").lines().count(), 3, "what came before it");
    assert_eq!(function.call(&kinesis_event(&records[3..])), failed_from(100));
}

#[test]
fn a_transformation_answers_once_for_what_a_producer_packed() {
    let config = "keys: { provider: keyring, keyring: keys.json }\ntransform: { rules: [ { drop: { commandText: drop } }, \
                  { keep: { commandText: b }, route: b } ] }\n";
    let function = Function::with_files(config, &[("keys.json", r#"{"keys":[]}"#)]);
    let with = |number, text: &str| record::plain(&document::of(&[document::event(number, text)]));
    let mut records = packed(&[
        vec![plain(1), plain(2), with(3, "drop"), plain(4)],
        vec![],
        vec![plain(5), "broken".repeat(9), plain(6)],
        vec![with(7, "drop"), with(8, "drop")],
        vec![with(9, "b"), plain(10)],
        vec![with(11, "b"), with(12, "b")],
        // More than records of a database could be in so few bytes.
        vec![String::new(); 50_000],
    ]);
    records.insert(1, plain(13).into_bytes());
    let event = firehose_event(&records);
    let results = results(&event, &function.response(&event));
    let found: Vec<_> = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"]
        .iter()
        .map(|id| {
            let route = results[*id]["metadata"]["partitionKeys"]["route"].as_str().unwrap_or_default();
            (results[*id]["result"].as_str().expect("a result"), route)
        })
        .collect();
    let failed = ("ProcessingFailed", "");
    let expected = [
        ("Ok", "default"),
        ("Ok", "default"),
        ("Dropped", ""),
        failed,
        ("Dropped", ""),
        ("Ok", "mixed"),
        ("Ok", "b"),
        failed,
    ];
    assert_eq!(found, expected);
    let asked: Value = serde_json::from_slice(&event).expect("JSON");
    for place in [3, 7] {
        assert_eq!(results[&format!("r{place}")]["data"], asked["records"][place]["data"], "as it came");
    }
    let ids = |text: &str| {
        let ids: Vec<_> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["statementId"].clone())
            .collect();
        ids
    };
    assert_eq!(ids(&data(&results["r0"])), [1, 2, 4].map(|number| json!(number)), "in order");
}

#[test]
fn a_transformation_answers_for_every_record() {
    let faults = faults();
    let stream = stream(faults.clone());
    let config = "keys: { provider: keyring, keyring: keys.json }\ntransform: { heartbeats: drop }\n";
    let function = Function::with_files(config, &[("keys.json", stream.keyring())]);
    let (mut all, mut lines, mut counts) = (BTreeMap::new(), String::new(), BTreeMap::new());
    for event in events("firehose-event", &faults) {
        let results = results(event.as_bytes(), &function.response(event.as_bytes()));
        let given: Value = serde_json::from_str(&event).expect("JSON");
        for record in given["records"].as_array().expect("records") {
            let answer = &results[record["recordId"].as_str().expect("an id")];
            let result = answer["result"].as_str().expect("a result").to_owned();
            match result.as_str() {
                "Ok" => {
                    lines += &data(answer);
                    let keys = &answer["metadata"]["partitionKeys"];
                    assert_eq!(keys["route"], "default");
                    assert_eq!(keys["resource"], stream.resources()[0]);
                }
                "Dropped" => assert_eq!(answer["data"], Value::Null),
                "ProcessingFailed" => assert_eq!(answer["data"], record["data"], "as it came"),
                other => panic!("{other} is no result"),
            }
            *counts.entry(result).or_insert(0) += 1;
        }
        all.extend(results);
    }
    assert_eq!(all.len(), 150, "no id twice");
    let damaged = stream.records.iter().filter(|record| record.fault.is_some()).count();
    assert_eq!(counts["ProcessingFailed"], damaged);
    assert_eq!(counts["Ok"] + counts["Dropped"], 150 - damaged);
    assert_eq!(lines.lines().collect::<Vec<_>>(), decoded(&stream));
}

#[test]
fn the_route_of_a_record_is_its_partition_key() {
    let config = "keys: { provider: keyring, keyring: keys.json }\ntransform: { rules: [ { keep: { commandText: a }, route: \"{class}/{command}\" } ] }\n";
    let function = Function::with_files(config, &[("keys.json", r#"{"keys":[]}"#)]);
    let record = |texts: &[&str]| {
        let events: Vec<_> = texts.iter().map(|text| document::event(1, text)).collect();
        record::plain(&document::of(&events))
    };
    let event = firehose_event(&[record(&["a", "a"]), record(&["a", "b"]), record(&["b"])]);
    let results = results(&event, &function.response(&event));
    let routes =
        ["r0", "r1", "r2"].map(|id| results[id]["metadata"]["partitionKeys"]["route"].as_str().expect("a route"));
    assert_eq!(routes, ["READ/SELECT", "mixed", "default"]);
    assert_eq!(results["r1"]["metadata"]["partitionKeys"]["resource"], CLUSTER);
}

#[test]
fn an_answer_has_at_most_6_megabytes() {
    let config = "keys: { provider: keyring, keyring: keys.json }\n";
    let function = Function::with_files(config, &[("keys.json", &record::keyring().text())]);
    // Kilobytes that unpack to a megabyte; in base64 four of them have room.
    let records: Vec<_> =
        (0..8).map(|number| record::sealed(&document::of(&[document::event(number, &"x".repeat(1 << 20))]))).collect();
    let event = firehose_event(&records);
    let results = results(&event, &function.response(&event));
    let results: Vec<_> = results.values().map(|record| record["result"].as_str().expect("a result")).collect();
    let failed = "ProcessingFailed";
    assert_eq!(results, ["Ok", "Ok", "Ok", "Ok", failed, failed, failed, failed]);
    assert!(function.log().contains("no room"), "{}", function.log());
}

#[test]
fn a_transformation_without_keys_gives_the_records_back_in_time() {
    let kms = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let function = Function::start(&format!("keys: {{ endpoint-url: \"http://{kms}\" }}\n"));
    let event = firehose_event(&[record::sealed(&document::of(&[document::event(1, "a")]))]);
    let Answer::Response(answer) = function.call_within(&event, Duration::from_secs(3)) else { panic!("an error") };
    assert_eq!(results(&event, &answer)["r0"]["result"], "ProcessingFailed");
}

#[test]
fn what_cannot_work_is_said() {
    let keys = [("keys.json", r#"{"keys":[]}"#)];
    let config = "keys: { provider: keyring, keyring: keys.json }\n";
    let function = Function::with_files(config, &keys);
    let error = |answer| match answer {
        Answer::Error(error) => error["errorMessage"].as_str().expect("a message").to_owned(),
        Answer::Response(answer) => panic!("expected an error, found {answer}"),
    };
    let trigger = error(function.call(&kinesis_event(&["{}"])));
    assert!(trigger.starts_with("sinks: expected at least one"), "{trigger}");
    let other = error(function.call(br#"{"Records":[{"s3":{}}]}"#));
    assert!(other.starts_with("expected the event of a Kinesis trigger"), "{other}");
    for (more, expected) in [
        ("sources: [ { type: stdin } ]", "sources: expected none"),
        ("dead-letter: { type: file, path: failed.ndjson }", "dead-letter: expected a sink that outlives the function"),
        (
            "dead-letter: { type: sns, topic-arn: \"arn:aws:sns:a:1:b\" }",
            "dead-letter.type: expected a sink that keeps",
        ),
        ("sinks: [ { type: nothing } ]", "sinks[0].type: unknown kind `nothing`"),
    ] {
        let (code, log) = Function::with_files(&format!("{config}{more}\n"), &keys).ended();
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(expected), "{log}");
    }
}
