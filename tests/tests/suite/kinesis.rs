//! Source `kinesis`: nothing is lost and order is kept, whatever happens to the stream, to Kinesis or to the process.

mod pipeline;

use std::time::Duration;

use dastap_tests::document;
use dastap_tests::record;
use serde_json::Value;

use pipeline::{Pipeline, key_of};

#[test]
fn every_record_of_every_shard_arrives_once_whatever_kinesis_answers() {
    let mut pipeline = Pipeline::new(900, 3);
    let metrics = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = std::fs::read_to_string(pipeline.path("config.yaml")).expect("a configuration");
    std::fs::write(pipeline.path("config.yaml"), format!("{config}metrics: {{ listen: \"{metrics}\" }}\n"))
        .expect("the folder is writable");
    pipeline.put(0..500);
    for (operation, status, code, times) in [
        ("DescribeStreamSummary", 400, "LimitExceededException", 1),
        ("ListShards", 500, "InternalFailure", 1),
        ("GetShardIterator", 400, "ProvisionedThroughputExceededException", 2),
        ("GetRecords", 503, "ServiceUnavailable", 2),
    ] {
        pipeline.kinesis.fail(operation, status, code, times);
    }
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..500);
    for (operation, code, times) in [
        ("GetRecords", "ExpiredIteratorException", 3),
        ("GetRecords", "ProvisionedThroughputExceededException", 3),
        ("GetRecords", "AccessDeniedException", 2),
    ] {
        pipeline.kinesis.fail(operation, 400, code, times);
        pipeline.put(500..501);
        let calls = pipeline.kinesis.calls("GetRecords");
        running.until("the failures are used up", |_| pipeline.kinesis.calls("GetRecords") > calls + 9);
    }
    // Aggregated records, and what only looks like one.
    for (number, records) in (501..900).collect::<Vec<_>>().chunks(150).enumerate() {
        let records = records.iter().map(|index| pipeline.synthetic.records[*index].line.as_bytes());
        pipeline.kinesis.put_aggregated(&pipeline.name, &format!("kpl-{number}"), records);
    }
    let look_alike: &[u8] = b"\xf3\x89\x9a\xc2 and nothing that the Producer Library wrote";
    let large = record::plain(&document::of(&[document::event(1, &"x".repeat(9 << 20))]));
    pipeline.kinesis.put(&pipeline.name, [("a".to_owned(), look_alike), ("b".to_owned(), large.as_bytes())]);
    pipeline.wait_for(&mut running, 0..900);
    running.until("the large record comes out", |_| {
        pipeline.lines_of("events.ndjson").iter().any(|line| line.len() > 9 << 20)
    });
    running.until("the look-alike is kept", |_| pipeline.lines_of("failed.ndjson").len() == 1);
    let shown = text_of(metrics);
    for shard in 0..3 {
        let lag = format!("dastap_shard_lag_seconds{{source=\"kinesis\",shard=\"shardId-00000000000{shard}\"}} 0.0\n");
        assert!(shown.contains(&lag), "{shown}");
    }
    assert_eq!(running.stop(), 0);

    // Record 500 was put three times; the large one is nobody's else.
    let file = pipeline.path("events.ndjson");
    let kept: String = pipeline
        .lines_of("events.ndjson")
        .iter()
        .filter(|line| line.len() < 9 << 20)
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(file, kept).expect("the folder is writable");
    assert_eq!(pipeline.assert_delivered(0..900, true), 2 * pipeline.lines[500].len());
    let dead: Value = serde_json::from_str(&pipeline.lines_of("failed.ndjson")[0]).expect("JSON");
    assert_eq!(dead["error"]["reason"], "not-json", "{dead}");
    assert_eq!(dead["resource"].as_str(), pipeline.name.strip_prefix("aws-rds-das-"), "{dead}");
    assert!(dead["record_base64"].is_string(), "{dead}");
    assert!(pipeline.kinesis.calls("ListShards") >= 3, "two pages and a failure");
}

/// What the metrics endpoint says.
fn text_of(address: std::net::SocketAddr) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    text
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    let mut pipeline = Pipeline::new(1200, 2);
    for part in 0..6 {
        pipeline.put(part * 200..(part + 1) * 200);
        // Nothing in it, and still a record to get past.
        pipeline.kinesis.put_aggregated(&pipeline.name, "empty", []);
        let running = pipeline.start();
        // In the middle of it, or before it began.
        std::thread::sleep(Duration::from_millis(40 * part as u64));
        assert_eq!(running.stop(), 0);
    }
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..1200);
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(0..1200, false);
    pipeline.assert_in_order();
}

#[test]
fn a_run_that_is_killed_loses_nothing() {
    let mut pipeline = Pipeline::new(2000, 2);
    for part in 0..10 {
        pipeline.put(part * 180..(part + 1) * 180);
        let records = 1800 + part * 20..1800 + (part + 1) * 20;
        let records = records.map(|index| pipeline.synthetic.records[index].line.as_bytes());
        pipeline.kinesis.put_aggregated(&pipeline.name, &key_of(part), records);
        let running = pipeline.start();
        std::thread::sleep(Duration::from_millis(150 + 170 * part as u64));
        running.kill();
    }
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..2000);
    assert_eq!(running.stop(), 0);
    let duplicates = pipeline.assert_delivered(0..2000, true);
    let events: usize = pipeline.lines.iter().map(Vec::len).sum();
    println!("killed 10 times: {events} events, 0 lost, {duplicates} came twice");
    // Saved once a second: ten times all of it would mean that nothing is saved.
    assert!(duplicates < 5 * events, "{duplicates} of {events}");
}

#[test]
fn resharding_keeps_the_order_and_loses_nothing() {
    let mut pipeline = Pipeline::new(1600, 2);
    let mut running = pipeline.start();
    pipeline.put(0..400);
    let name = pipeline.name.clone();
    let shard = |number: usize| format!("shardId-{number:012}");
    // 0 becomes 2 and 3, at once 3 and 1 become 4; 4 becomes 5 and 6, 2 and 5 become 7.
    pipeline.kinesis.split(&name, &shard(0));
    pipeline.put(400..600);
    pipeline.kinesis.merge(&name, &shard(3), &shard(1));
    pipeline.put(600..800);
    pipeline.wait_for(&mut running, 0..800);
    pipeline.kinesis.split(&name, &shard(4));
    pipeline.put(800..1000);
    // And while nobody reads.
    assert_eq!(running.stop(), 0);
    pipeline.kinesis.merge(&name, &shard(2), &shard(5));
    pipeline.put(1000..1600);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..1600);
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(0..1600, false);
    pipeline.assert_in_order();
    let positions = std::fs::read_to_string(pipeline.positions()).expect("positions");
    let positions: Value = serde_json::from_str(&positions).expect("JSON");
    for number in 0..=7 {
        let has_ended = positions["shards"][shard(number)]["position"] == "end";
        assert_eq!(has_ended, ![6, 7].contains(&number), "{number}: {positions}");
    }
}

#[test]
fn a_second_process_on_one_set_of_positions_refuses_to_start() {
    let mut pipeline = Pipeline::new(20, 1);
    pipeline.put(0..10);
    let mut first = pipeline.start();
    pipeline.wait_for(&mut first, 0..10);
    let mut second = pipeline.start();
    assert_eq!(second.end(), 2);
    assert!(second.log().contains(&format!("is locked by process {}", first.id())), "{}", second.log());
    pipeline.put(10..20);
    pipeline.wait_for(&mut first, 0..20);
    // What a killed process held is free.
    first.kill();
    assert_eq!(
        {
            let mut third = pipeline.start();
            third.until("it runs", |third| third.log().matches("reading").count() >= 2);
            third.stop()
        },
        0
    );
}

#[test]
fn latest_begins_with_the_first_start_and_not_with_the_first_record() {
    let mut pipeline = Pipeline::new(60, 2);
    pipeline.put(0..20);
    pipeline.configure(", start: latest");
    std::thread::sleep(Duration::from_millis(50));
    let mut running = pipeline.start();
    running.until("positions are there", |_| pipeline.positions().exists());
    assert_eq!(running.stop(), 0);
    pipeline.put(20..60);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 20..60);
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(20..60, false);
}

#[test]
fn a_position_inside_an_aggregated_record_goes_on_there() {
    let mut pipeline = Pipeline::new(30, 1);
    let records = (0..20).map(|index: usize| pipeline.synthetic.records[index].line.as_bytes());
    pipeline.kinesis.put_aggregated(&pipeline.name, "key", records);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..20);
    assert_eq!(running.stop(), 0);
    let positions = std::fs::read_to_string(pipeline.positions()).expect("positions");
    let mut positions: Value = serde_json::from_str(&positions).expect("JSON");
    let position = &mut positions["shards"]["shardId-000000000000"]["position"];
    let sequence = position["after"].as_str().expect("behind the whole record").to_owned();
    *position = serde_json::json!({ "inside": { "sequence": sequence, "delivered": 5 } });
    std::fs::write(pipeline.positions(), positions.to_string()).expect("the folder is writable");
    std::fs::remove_file(pipeline.path("events.ndjson")).expect("it is there");
    pipeline.put(20..30);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 5..30);
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(5..30, false);
}

#[test]
fn a_stream_that_is_made_again_is_read_from_its_beginning() {
    let mut pipeline = Pipeline::new(100, 2);
    pipeline.put(0..40);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..40);
    let name = pipeline.name.clone();
    pipeline.kinesis.delete(&name);
    // Streams are told apart by the second.
    std::thread::sleep(Duration::from_millis(1100));
    pipeline.kinesis.create(&name, 3);
    pipeline.put(40..100);
    pipeline.wait_for(&mut running, 40..100);
    assert!(running.log().contains("the stream was deleted and made again"), "{}", running.log());
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(0..100, false);
}

#[test]
fn positions_that_cannot_be_used_are_said_and_never_ignored() {
    let mut pipeline = Pipeline::new(60, 1);
    pipeline.put(0..20);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..20);
    assert_eq!(running.stop(), 0);
    let good = std::fs::read_to_string(pipeline.positions()).expect("positions");
    let attempt = |text: &str| {
        std::fs::write(pipeline.positions(), text).expect("the folder is writable");
        let mut running = pipeline.start();
        let code = running.end();
        assert_eq!(std::fs::read_to_string(pipeline.positions()).expect("positions"), text);
        (code, running.log())
    };
    let (code, log) = attempt(&good[..good.len() / 2]);
    assert!(code == 2 && log.contains("holds no positions that can be read"), "{code}: {log}");
    let (code, log) = attempt(&good.replace(":123456789012:", ":999999999999:"));
    assert!(code == 1 && log.contains("give each source a checkpoint folder of its own"), "{code}: {log}");
    pipeline.assert_delivered(0..20, false);

    // Older than what the stream keeps: said aloud, and what is there is read.
    let mut old: Value = serde_json::from_str(&good).expect("JSON");
    old["shards"]["shardId-000000000000"]["read-until"] = "2026-01-01T00:00:00Z".into();
    std::fs::write(pipeline.positions(), old.to_string()).expect("the folder is writable");
    pipeline.put(20..40);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..40);
    assert_eq!(running.stop(), 0);
    pipeline.assert_delivered(0..40, false);
    let log = std::fs::read_to_string(pipeline.path("log")).expect("a log");
    assert!(log.contains("the saved position is older than what the stream keeps"), "{log}");

    // Not of this stream, says Kinesis: everything is read again.
    pipeline.kinesis.fail("GetShardIterator", 400, "InvalidArgumentException", 1);
    pipeline.put(40..60);
    let mut running = pipeline.start();
    pipeline.wait_for(&mut running, 0..60);
    assert!(running.log().contains("the saved position is not in the stream"), "{}", running.log());
    assert_eq!(running.stop(), 0);
    let first: usize = pipeline.lines[..40].iter().map(Vec::len).sum();
    assert_eq!(pipeline.assert_delivered(0..60, true), first);
}

#[test]
fn a_stream_that_does_not_exist_is_an_error_at_the_start() {
    let mut pipeline = Pipeline::new(1, 1);
    let name = pipeline.name.clone();
    pipeline.kinesis.delete(&name);
    let mut running = pipeline.start();
    assert_eq!(running.end(), 1);
    assert!(running.log().contains("ResourceNotFoundException") && running.log().contains("check the stream's name"));
}
