//! The same with the other clouds: Azure by Microsoft's emulator, Google by moto's S3, because the API through which Google's
//! buckets are read and written is S3's in XML. What Google has of its own, such as its preconditions, is not in it.

use dastap::synth::{Engine, Settings};
use dastap_tests::peer::{Azure, S3, Stored};
use dastap_tests::program::Dastap;
use dastap_tests::replay::{Delivered, Replay, gunzip};
use serde_json::json;

/// A bucket of a cloud.
trait Cloud {
    /// Settings of what is below this name.
    fn at(&self, prefix: &str) -> String;
    /// With what the program needs to be let in.
    fn let_in(&self, run: Dastap) -> Dastap;
    fn put(&mut self, key: &str, body: &[u8]);
    fn objects(&mut self) -> Vec<Stored>;
}

impl Cloud for Azure {
    fn at(&self, prefix: &str) -> String {
        format!("url: 'az://das/{prefix}', endpoint-url: '{}'", self.endpoint)
    }

    fn let_in(&self, run: Dastap) -> Dastap {
        run.env("AZURE_STORAGE_ACCOUNT_NAME", &self.account).env("AZURE_STORAGE_ACCOUNT_KEY", &self.key)
    }

    fn put(&mut self, key: &str, body: &[u8]) {
        Azure::put(self, key, body);
    }

    fn objects(&mut self) -> Vec<Stored> {
        Azure::objects(self)
    }
}

/// In the place of Google.
impl Cloud for S3 {
    fn at(&self, prefix: &str) -> String {
        format!("url: 'gs://das/{prefix}', endpoint-url: '{}'", self.endpoint)
    }

    fn let_in(&self, run: Dastap) -> Dastap {
        // With `disable_oauth`, nobody is asked for a token.
        let key = json!({ "private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true });
        run.env("GOOGLE_SERVICE_ACCOUNT_KEY", key.to_string())
    }

    fn put(&mut self, key: &str, body: &[u8]) {
        S3::put(self, key, body);
    }

    fn objects(&mut self) -> Vec<Stored> {
        S3::objects(self)
    }
}

fn settings(records: u64, events: std::ops::RangeInclusive<u32>) -> Settings {
    Settings { engines: vec![Engine::Mysql], records, events, ..Settings::default() }
}

fn delivered(cloud: &mut impl Cloud) -> Delivered {
    let written = cloud.objects().into_iter().filter(|object| object.key.starts_with("out/"));
    Delivered::of(written.map(|object| if object.key.ends_with(".gz") { gunzip(&object.body) } else { object.body }))
}

fn is_replayed_once(mut cloud: impl Cloud) {
    let replay = Replay::new(settings(300, 1..=20));
    for (name, bytes) in replay.objects(9) {
        cloud.put(&format!("in/{name}"), &bytes);
    }
    let sink = format!("{}, compression: gzip, size: 50KiB", cloud.at("out"));
    let source = format!("{}, checkpoint: '@/state'", cloud.at("in"));
    // The second run finds nothing new.
    for _ in 0..2 {
        cloud.let_in(replay.run(&source, &sink)).run().expect(0);
        assert_eq!(replay.assert_conserved(&delivered(&mut cloud)), 0);
    }
    let objects = cloud.objects();
    let out: Vec<_> = objects.iter().filter(|object| object.key.starts_with("out/default/")).collect();
    assert!(out.len() > 2 && out.iter().all(|object| object.kind == "application/gzip"), "{}", out.len());
}

/// More than one part of 8 MiB.
fn takes_a_large_object_in_parts(mut cloud: impl Cloud) {
    let replay = Replay::new(settings(600, 40..=60));
    replay.write_objects(2);
    cloud.let_in(replay.run("url: '@/in'", &cloud.at("out"))).run().expect(0);
    let objects = cloud.objects();
    assert_eq!(objects.len(), 1);
    assert!(objects[0].body.len() > 9 << 20, "{} bytes", objects[0].body.len());
    assert_eq!(objects[0].kind, "application/x-ndjson");
    assert_eq!(replay.assert_conserved(&delivered(&mut cloud)), 0);
}

#[test]
fn a_container_of_azure_is_replayed_once() {
    is_replayed_once(Azure::start());
}

#[test]
fn azure_takes_a_large_object_in_parts() {
    takes_a_large_object_in_parts(Azure::start());
}

#[test]
fn a_bucket_of_google_is_replayed_once() {
    is_replayed_once(S3::start());
}

#[test]
fn google_takes_a_large_object_in_parts() {
    takes_a_large_object_in_parts(S3::start());
}
