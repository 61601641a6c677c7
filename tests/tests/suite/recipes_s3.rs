//! The recipes around S3, as they stand in `pipelines/`: only names, times and the address of AWS are changed.

use std::collections::BTreeMap;

use dastap_tests::document::{self, CLUSTER, CONTEXT};
use dastap_tests::peer::S3;
use dastap_tests::program::Dastap;
use dastap_tests::record::{self, DATA_KEY};
use dastap_tests::replay::{Delivered, gunzip, gzip};

/// The configuration of a recipe, for the tests' bucket and cluster.
fn recipe(name: &str, s3: &S3) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines").join(name).join("dastap.yaml");
    let text = std::fs::read_to_string(&file).expect("the recipe");
    let address = format!("region: eu-west-1, endpoint-url: '{}'", s3.endpoint);
    let changed = text
        .replace("region: eu-west-1", &address)
        .replace("s3://my-stream/raw", "s3://das/raw")
        .replace("s3://my-audit/events", "s3://das/events")
        .replace("cluster-ABC123", CLUSTER)
        // Nobody waits for minutes here.
        .replace("follow: 30s", "follow: 1s")
        .replace("compression: gzip", "compression: gzip, age: 1s");
    assert!(!changed.contains("my-") && changed.matches(&s3.endpoint).count() == 3, "{changed}");
    changed
}

/// Records under a key of the KMS, with the events of these commands.
fn records(s3: &mut S3, commands: &[(&str, &str)]) -> Vec<String> {
    let blob = s3.encrypt(&DATA_KEY, &CONTEXT);
    let event = |(number, (class, command)): (usize, &(&str, &str))| {
        let event = document::event(number as u64, "select 1");
        event.replace("\"READ\"", &format!("\"{class}\"")).replace("\"SELECT\"", &format!("\"{command}\""))
    };
    let events: Vec<String> = commands.iter().enumerate().map(event).collect();
    let sealed =
        |events: &[String]| record::of(&record::message(&document::gzip(document::of(events).as_bytes())), &blob);
    events.chunks(3).map(sealed).collect()
}

fn start(name: &str, s3: &S3) -> (Dastap, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dastap.yaml");
    std::fs::write(&file, recipe(name, s3)).expect("writable");
    (Dastap::new("run").arg(file), folder)
}

fn written(s3: &mut S3) -> Vec<(String, Vec<u8>)> {
    let objects = s3.objects().into_iter().filter(|object| object.key.starts_with("events/"));
    objects.map(|object| (object.key, object.body)).collect()
}

fn events(s3: &mut S3) -> usize {
    Delivered::of(written(s3).into_iter().map(|(_, body)| gunzip(&body))).lines.len()
}

#[test]
fn s3_folders_has_the_events_of_a_command_in_its_folder() {
    let mut s3 = S3::start();
    let commands: Vec<(&str, &str)> =
        [("READ", "SELECT"), ("WRITE", "INSERT"), ("DDL", "CREATE TABLE"), ("READ", "SELECT")].repeat(6);
    let records = records(&mut s3, &commands);
    s3.put("raw/2026/08/21/14/first", &gzip(&records[..4].concat()));
    let (run, _folder) = start("s3-folders", &s3);
    let mut running = run.start();
    running.until("the first object's events are there", |_| events(&mut s3) == 12);
    s3.put("raw/2026/08/21/15/second", records[4..].concat().as_bytes());
    running.until("the second object's events are there", |_| events(&mut s3) == 24);
    running.terminate();
    assert_eq!(running.end(), 0, "{}", running.log());
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for (key, body) in written(&mut s3) {
        let steps: Vec<&str> = key.split('/').collect();
        assert_eq!((steps.len(), key.ends_with(".ndjson.gz")), (8, true), "{key}");
        *folders.entry(steps[1..3].join("/")).or_default() += Delivered::of([gunzip(&body)]).lines.len();
    }
    let expected = [("DDL/CREATE_TABLE", 6), ("READ/SELECT", 12), ("WRITE/INSERT", 6)];
    assert_eq!(folders, expected.map(|(folder, count)| (folder.to_owned(), count)).into());
}

#[test]
fn firehose_s3_replays_what_was_delivered() {
    let mut s3 = S3::start();
    let records = records(&mut s3, &[("READ", "SELECT"); 30]);
    s3.put("raw/2026/08/20/09/first", records[..4].concat().as_bytes());
    s3.put("raw/2026/08/21/14/second", &gzip(&records[4..].concat()));
    s3.put("raw/2026/09/01/00/later", &gzip(&records[..1].concat()));
    let (run, _folder) = start("firehose-s3", &s3);
    run.run().expect(0);
    let objects = written(&mut s3);
    assert_eq!(objects.len(), 1);
    assert!(objects[0].0.ends_with(".ndjson.zst"), "{}", objects[0].0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("object.zst");
    std::fs::write(&file, &objects[0].1).expect("writable");
    let delivered = Delivered::of([dastap_tests::replay::unpacked(&file)]);
    assert_eq!((delivered.lines.len(), delivered.duplicates), (30, 0));
}
