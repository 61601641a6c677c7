//! `/metrics` of a running program, as Prometheus reads it, and the dashboard and alerts that are made of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dastap::synth::{Fault, Settings};
use dastap_tests::peer;
use dastap_tests::program::Dastap;
use dastap_tests::running::free_address;
use dastap_tests::service::Service;
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};

/// They have no value before something happens that the run of these tests does not do. That they exist under these names
/// is for a test of the library.
const QUIET: [&str; 4] =
    ["dastap_shard_lag_seconds", "dastap_lanes_stalled", "dastap_sink_events_refused", "dastap_events_unrouted"];

fn grafana(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines/grafana").join(file)
}

/// What the parser of the Prometheus project makes of the metrics after a run through every part of the program.
fn scraped() -> Value {
    let faults = vec![Fault::NotJson, Fault::HeaderBit];
    let stream = Synthetic::new(Settings {
        records: 300,
        faults,
        fault_rate: Some(5.0),
        heartbeats: 20.0,
        ..Settings::default()
    });
    let mut service = Service::start();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("keys.json"), stream.keyring()).expect("writable");
    let (listen, metrics) = (free_address(), free_address());
    let config = format!(
        "keys: {{ keyring: keys.json }}\n\
         transform: {{ resources: [{}], otherwise: keep, rules: [ {{ drop: {{ command: SELECT }} }} ] }}\n\
         sources: [ {{ type: http, listen: \"{listen}\" }} ]\n\
         sinks: [ {{ type: http, name: siem, url: \"{}\" }} ]\n\
         dead-letter: {{ type: file, path: failed.ndjson }}\n\
         metrics: {{ listen: \"{metrics}\" }}\n",
        stream.resources().join(", "),
        service.endpoint,
    );
    service.behave("ndjson", json!([{ "status": 503 }]), &[]);
    std::fs::write(folder.path().join("dastap.yaml"), config).expect("writable");
    let mut running = Dastap::new("run").in_folder(folder.path()).arg("dastap.yaml").start();
    running.until_it_listens(listen);
    assert_eq!(service.post(&format!("http://{listen}/relay"), json!({}), stream.text()).status, 200);
    let answer = service.get(&format!("http://{metrics}/metrics"), json!({}));
    let kind = answer.headers["content-type"].as_str().expect("a type");
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let parsed = peer::run("metrics.py", &[], answer.body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_str(&parsed).expect("JSON")
}

#[test]
fn metrics_are_open_metrics_and_every_one_is_documented() {
    let families = scraped();
    let families = families.as_object().expect("a map");
    let document = std::fs::read_to_string(grafana("README.md")).expect("a README");
    for (name, family) in families {
        assert!(name.starts_with("dastap_"), "{name}");
        let ending = if family["type"] == "counter" { "_total" } else { "" };
        let row = document.lines().find(|line| line.starts_with(&format!("| `{name}{ending}` |")));
        let row = row.unwrap_or_else(|| panic!("{name}{ending} has a row in pipelines/grafana/README.md"));
        for label in family["labels"].as_array().expect("a list") {
            assert!(row.contains(&format!("`{}`", label.as_str().expect("a name"))), "{name}: label {label} in {row}");
        }
    }
    let value = |sample: &str| families.values().find_map(|family| family["samples"][sample].as_f64());
    assert_eq!(value("dastap_records_received_total"), Some(300.0));
    let decoded = value("dastap_records_decoded_total").expect("a counter");
    let failed = value("dastap_records_failed_total").expect("a counter");
    assert_eq!(decoded + failed, 300.0);
    assert_eq!(value("dastap_sink_events_accepted_total").map(|kept| kept > 0.0), Some(true));
    assert_eq!(value("dastap_events_kept_total"), value("dastap_sink_events_accepted_total").map(|siem| siem - failed));
    let asked = value("dastap_keys_asked_total").expect("a counter");
    assert_eq!(value("dastap_kms_requests_saved_total"), Some(decoded - asked));
    assert_eq!(value("dastap_kms_cost_saved_dollars"), Some((decoded - asked) / 10_000.0 * 0.03));
    assert_eq!(value("dastap_sink_requests_retried_total"), Some(1.0));
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_metrics_that_exist() {
    let document = std::fs::read_to_string(grafana("README.md")).expect("a README");
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(grafana("dashboard.json")).expect("a file")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("a list");
    assert!(panels.iter().all(|panel| panel["type"] == "row" || panel["targets"][0]["expr"].is_string()));
    let rules = std::fs::read_to_string(grafana("alerts.yaml")).expect("a file");
    let documented: BTreeSet<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .filter(|name| name.starts_with("dastap_"))
        .collect();
    let scraped = scraped();
    for text in [dashboard.to_string(), rules] {
        let names: BTreeSet<&str> = text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .filter(|word| word.starts_with("dastap_"))
            .collect();
        assert!(names.len() > 2, "{names:?}");
        for name in names {
            let family = name.trim_end_matches("_bucket").trim_end_matches("_total");
            let exists = scraped.get(family).is_some();
            let is_quiet = QUIET.contains(&family);
            assert!(exists || is_quiet, "{name} is among the metrics");
            let written = name.trim_end_matches("_bucket");
            assert!(documented.contains(written), "{name} is documented");
        }
    }
}
