//! The same with S3: moto's, on a loopback port.

use dastap::synth::{Engine, Settings};
use dastap_tests::peer::S3;
use dastap_tests::replay::{Delivered, Replay, gunzip, wait_until};

fn settings(records: u64) -> Settings {
    Settings { engines: vec![Engine::Mysql], records, events: 1..=20, ..Settings::default() }
}

/// Settings of the bucket for a configuration.
fn das(s3: &S3, prefix: &str) -> String {
    format!("url: 's3://das/{prefix}', endpoint-url: '{}', region: eu-west-1", s3.endpoint)
}

fn delivered(s3: &mut S3) -> Delivered {
    Delivered::of(
        s3.objects()
            .into_iter()
            .filter(|object| object.key.starts_with("out/"))
            .map(|object| if object.key.ends_with(".gz") { gunzip(&object.body) } else { object.body }),
    )
}

fn fill(s3: &mut S3, replay: &Replay, count: usize) {
    for (name, bytes) in replay.objects(count) {
        s3.put(&format!("in/{name}"), &bytes);
    }
}

#[test]
fn a_bucket_is_replayed_into_a_bucket_and_a_store_in_trouble_is_waited_for() {
    let (mut s3, replay) = (S3::start(), Replay::new(settings(300)));
    fill(&mut s3, &replay, 9);
    s3.fail("PUT", 503, 8);
    let sink = format!("{}, compression: gzip, size: 50KiB", das(&s3, "out"));
    let outcome = replay.run(&format!("{}, checkpoint: '@/state'", das(&s3, "in")), &sink).run().expect(0);
    assert!(outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    assert_eq!(replay.assert_conserved(&delivered(&mut s3)), 0);
    let objects = s3.objects();
    let out: Vec<_> = objects.iter().filter(|object| object.key.starts_with("out/default/")).collect();
    assert!(out.len() > 2 && out.iter().all(|object| object.kind == "application/gzip"), "{}", out.len());
    // Nothing is new, nothing comes twice.
    replay.run(&format!("{}, checkpoint: '@/state'", das(&s3, "in")), &sink).run().expect(0);
    assert_eq!(replay.assert_conserved(&delivered(&mut s3)), 0);
}

#[test]
fn reading_goes_on_behind_a_failure() {
    let (mut s3, replay) = (S3::start(), Replay::new(settings(100)));
    fill(&mut s3, &replay, 3);
    s3.fail("GET", 503, 8);
    let outcome = replay.run(&das(&s3, "in"), "url: '@/out'").run().expect(0);
    assert!(outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    assert_eq!(replay.assert_conserved(&replay.delivered()), 0);
}

#[test]
fn a_large_object_goes_in_parts_and_appears_when_it_is_complete() {
    let large = Settings { events: 40..=60, ..settings(600) };
    let (mut s3, replay) = (S3::start(), Replay::new(large));
    replay.write_objects(2);
    s3.fail("PUT", 503, 4);
    replay.run("url: '@/in'", &das(&s3, "out")).run().expect(0);
    assert!(s3.calls("part") >= 2, "{} parts", s3.calls("part"));
    assert_eq!((s3.objects().len(), s3.uploads()), (1, 0));
    assert_eq!(s3.objects()[0].kind, "application/x-ndjson");
    assert_eq!(replay.assert_conserved(&delivered(&mut s3)), 0);
}

#[test]
fn a_killed_upload_is_never_visible_and_its_records_come_again() {
    let large = Settings { events: 40..=60, ..settings(600) };
    let (mut s3, replay) = (S3::start(), Replay::new(large));
    replay.write_objects(2);
    let source = "url: '@/in', checkpoint: '@/state', follow: 1h";
    let running = replay.run(source, &das(&s3, "out")).start();
    wait_until("a part is there", || s3.calls("part") > 0);
    running.kill();
    assert!(s3.objects().is_empty());
    replay.run("url: '@/in', checkpoint: '@/state'", &das(&s3, "out")).run().expect(0);
    assert_eq!(replay.assert_conserved(&delivered(&mut s3)), 0);
}
