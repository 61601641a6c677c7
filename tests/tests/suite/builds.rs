//! The image for this machine's processors and the portable component are the same decoder.

use dastap::synth::Settings;
use dastap::{Count, Decoder, keys};
use dastap_tests::document::CLUSTER;
use dastap_tests::record;
use dastap_tests::stream::Synthetic;
use serde_json::json;

static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.cwasm"));

#[test]
fn both_builds_of_the_component_write_the_same() {
    let stream = Synthetic::new(Settings { records: 120, ..Settings::default() });
    let records: Vec<String> = stream.records.iter().map(|record| record::plain(&record.document)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("an executor");
    for shape in ["event", "envelope", "ocsf", "ecs"] {
        let transform = json!({
            "shape": shape, "raw": true, "heartbeats": "keep", "system-users": "drop", "mysql-aux": "drop",
            "redact": {
                "preset": "sql", "dbUserName": "hash", "remoteHost": "mask", "clientApplication": { "truncate": 4 },
                "sessionId": "drop",
            },
            "redact-key": "sixteen bytes or more",
            "rules": [
                { "drop": { "commandText|re|i": "^\\s*(begin|commit)\\b" } },
                { "keep": { "outcome": "failure" }, "route": "failed/{yyyy}/{mm}" },
                { "name": "people", "keep": { "dbUserName|contains": ["é", "ü", "監", "lopez"], "remoteHost|cidr": "10.0.0.0/8" } },
                { "sigma": [{ "title": "t", "level": "low", "detection": { "k": ["password"], "s": { "rowCount|gt": 100 }, "condition": "1 of them" } }], "route": "alerts" },
                { "keep": { "class": "*" }, "route": "{class}/{databaseName}" },
            ],
        });
        let decode = |decoder: Decoder| {
            let verdicts = runtime.block_on(decoder.decode(&records, Some(CLUSTER)));
            let line = |count: &Count| format!("{} {} {} {}", count.cluster, count.instance, count.name, count.value);
            let mut counts: Vec<String> = decoder.counts().iter().map(line).collect();
            counts.sort_unstable();
            (format!("{verdicts:?}"), counts)
        };
        let builder = || {
            let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
            Decoder::builder().keys(keys).workers(1).transform(transform.clone())
        };
        #[allow(unsafe_code, reason = "the image was compiled by this crate's build script")]
        // SAFETY: the image was compiled by this crate's build script.
        let portable = unsafe { builder().image(PORTABLE.to_vec()) };
        let (embedded, counts) = decode(builder().build().expect("a decoder"));
        let (portable, portable_counts) = decode(portable.build().expect("a decoder"));
        assert!(embedded == portable, "{shape}");
        assert_eq!(counts, portable_counts, "{shape}");
        for name in ["kept.rule.t", "kept.rule.people", "dropped.rule.0", "redacted.hash", "redacted.sql-literals"] {
            assert!(counts.iter().any(|count| count.contains(name)), "{name}: {counts:?}");
        }
        assert!(!embedded.contains("Failed("), "{shape}");
    }
}
