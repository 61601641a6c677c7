//! What the long-running program counts, as Prometheus reads it: `dastap_<noun>_<verb>_total`, `_seconds`, `_bytes`.
//!
//! Labels never hold text from inside a record but the ids of cluster and instance and the names of rules.

mod families;
mod keys;
mod progress;
mod serve;
mod summary;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Registry;

use crate::config::KmsPrice;
use crate::engine::{Count, Failure};
use crate::keys::Cache;
use families::{Families, Labels};
pub(crate) use keys::Timed;
pub(crate) use progress::Progress;
pub(crate) use serve::{counters, health, serve};
pub(crate) use summary::Summary;
use summary::Totals;

/// All counters. One for the whole program.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    families: Families,
    caches: Arc<Mutex<Vec<Arc<Cache>>>>,
    progress: Progress,
    totals: Arc<Mutex<Totals>>,
}

impl Default for Metrics {
    /// With the usual price of KMS.
    fn default() -> Self {
        Metrics::new(KmsPrice::default().0)
    }
}

impl Metrics {
    /// Everything at nothing. `price`: dollars for 10,000 requests to KMS.
    pub(crate) fn new(price: f64) -> Self {
        let totals: Arc<Mutex<Totals>> = Arc::default();
        let mut registry = Registry::with_prefix("dastap");
        let caches: Arc<Mutex<Vec<Arc<Cache>>>> = Arc::default();
        let families = Families::register(&mut registry);
        let collector = keys::Collector { caches: Arc::clone(&caches), totals: Arc::clone(&totals), price };
        registry.register_collector(Box::new(collector));
        Metrics { registry, families, caches, progress: Progress::default(), totals }
    }

    /// Records came from a source: how many, how large.
    pub(crate) fn received(&self, source: &str, records: usize, bytes: usize) {
        let labels = vec![("source", source.to_owned())];
        self.families.records_received.get_or_create(&labels).inc_by(records as u64);
        self.families.bytes_received.get_or_create(&labels).inc_by(bytes as u64);
        self.totals().received += records as u64;
    }

    /// So many records were decoded; their events are in [`Self::counted`].
    pub(crate) fn decoded(&self, source: &str, records: u64) {
        self.families.records_decoded.get_or_create(&vec![("source", source.to_owned())]).inc_by(records);
        self.totals().decoded += records;
    }

    /// A record failed and goes to the dead letter.
    pub(crate) fn failed(&self, source: &str, failure: &Failure) {
        let (stage, reason) = (failure.stage.to_string(), failure.reason.clone());
        let kind = format!("{stage}/{reason}");
        let labels = vec![("source", source.to_owned()), ("stage", stage), ("reason", reason)];
        self.families.records_failed.get_or_create(&labels).inc();
        *self.totals().failed.entry(kind).or_default() += 1;
    }

    /// What the decoder counted since the last call, by cluster and instance; `wit/decoder.wit` has the names.
    pub(crate) fn counted(&self, counts: &[Count]) {
        for Count { cluster, instance, name, value } in counts {
            let value = u64::from(*value);
            let of_instance = || vec![("cluster", cluster.clone()), ("instance", instance.clone())];
            let of = |label: &'static str, text: &str| vec![(label, text.to_owned())];
            let of_rule = |verdict: &str, rule: &str| vec![("rule", rule.to_owned()), ("verdict", verdict.to_owned())];
            match name.split_once('.').unwrap_or((name, "")) {
                ("kept", "") => {
                    self.totals().kept += value;
                    self.families.events_kept.get_or_create(&of_instance()).inc_by(value)
                }
                ("kept", rule) => {
                    let rule = rule.strip_prefix("rule.").unwrap_or(rule);
                    self.families.events_by_rule.get_or_create(&of_rule("kept", rule)).inc_by(value)
                }
                ("dropped", reason) => {
                    if let Some(rule) = reason.strip_prefix("rule.") {
                        self.families.events_by_rule.get_or_create(&of_rule("dropped", rule)).inc_by(value);
                    }
                    let reason = if reason.starts_with("rule.") { "rule" } else { reason };
                    self.totals().dropped += value;
                    self.families.events_dropped.get_or_create(&of("reason", reason)).inc_by(value)
                }
                ("heartbeats", _) => {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                    self.families
                        .heartbeat_last
                        .get_or_create(&of_instance())
                        .set(i64::try_from(now).unwrap_or(i64::MAX));
                    self.families.heartbeats.get_or_create(&of_instance()).inc_by(value)
                }
                ("suite", suite) => self.families.records_suite.get_or_create(&of("suite", suite)).inc_by(value),
                ("plain-bytes", _) => self.families.plain_bytes.get_or_create(&vec![]).inc_by(value),
                ("redacted", action) => {
                    self.families.values_redacted.get_or_create(&of("action", action)).inc_by(value)
                }
                _ => 0,
            };
        }
    }

    /// Bytes entered the queue of a sink.
    pub(crate) fn queued(&self, sink: &str, bytes: usize) {
        self.families.queue_bytes.get_or_create(&of_sink(sink)).inc_by(bytes as i64);
    }

    /// Bytes left the queue of a sink.
    pub(crate) fn dequeued(&self, sink: &str, bytes: usize) {
        self.families.queue_bytes.get_or_create(&of_sink(sink)).dec_by(bytes as i64);
    }

    /// Events of a route that no sink takes.
    pub(crate) fn unrouted(&self, route: &str, events: u64) {
        self.totals().unrouted += events;
        let first = self.families.events_unrouted.get_or_create(&vec![]).inc_by(events) == 0;
        if first {
            tracing::warn!(route, "no sink takes events of this route; they are counted and not delivered");
        }
    }

    /// The caches whose numbers are shown too.
    pub(crate) fn watch_keys(&self, caches: Vec<Arc<Cache>>) {
        *self.caches.lock().unwrap_or_else(PoisonError::into_inner) = caches;
    }

    /// KMS, or whoever decrypts, answered after this time.
    pub(crate) fn key_answered(&self, outcome: &'static str, after: Duration) {
        self.families.kms_seconds.get_or_create(&vec![("outcome", outcome.to_owned())]).observe(after.as_secs_f64());
    }

    /// A sink's other side answered, well or not, after this time.
    pub(crate) fn sink_answered(&self, sink: &str, after: Duration) {
        self.families.sink_seconds.get_or_create(&of_sink(sink)).observe(after.as_secs_f64());
    }

    /// A sink has to try again.
    pub(crate) fn sink_retried(&self, sink: &str) {
        self.families.sink_retries.get_or_create(&of_sink(sink)).inc();
    }

    /// A sink's other side refused lines for good.
    pub(crate) fn sink_refused(&self, sink: &str, lines: u64) {
        self.families.sink_refused.get_or_create(&of_sink(sink)).inc_by(lines);
    }

    /// A sink accepted events.
    pub(crate) fn sink_accepted(&self, sink: &str, events: u64, bytes: usize) {
        self.families.sink_events.get_or_create(&of_sink(sink)).inc_by(events);
        self.families.sink_bytes.get_or_create(&of_sink(sink)).inc_by(bytes as u64);
        *self.totals().accepted.entry(sink.to_owned()).or_default() += events;
    }

    /// How far behind the end of its shard a source's last read is.
    pub(crate) fn lag(&self, source: &str, shard: &str, behind: Duration) {
        let labels = vec![("source", source.to_owned()), ("shard", shard.to_owned())];
        self.families.lag.get_or_create(&labels).set(behind.as_secs_f64());
    }

    /// A lane waits for keys (true) or goes on (false).
    pub(crate) fn stalled(&self, source: &str, stalled: bool) {
        let lanes = self.families.stalled.get_or_create(&vec![("source", source.to_owned())]).clone();
        if stalled {
            lanes.inc()
        } else {
            lanes.dec()
        };
    }

    /// All of them, as Prometheus reads them.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).map(|()| text)
    }

    /// How far the sources are that have an end.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_sink(sink: &str) -> Labels {
    vec![("sink", sink.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Stage;
    use std::collections::BTreeSet;

    #[test]
    fn every_metric_has_a_row_in_the_table_and_every_row_a_metric() {
        let metrics = Metrics::default();
        metrics.received("s", 1, 1);
        metrics.decoded("s", 1);
        let failure = Failure { stage: Stage::Key, reason: "refused".into(), detail: String::new(), retryable: false };
        metrics.failed("s", &failure);
        let names =
            ["kept", "kept.rule.1", "dropped.rule.1", "dropped.heartbeat", "heartbeats", "suite.0x0178", "plain-bytes"];
        let count = |name: &str| Count { cluster: "c".into(), instance: "i".into(), name: name.into(), value: 1 };
        metrics.counted(&names.map(count));
        metrics.counted(&[count("redacted.mask")]);
        metrics.queued("s", 1);
        metrics.unrouted("r", 1);
        metrics.key_answered("key", Duration::ZERO);
        metrics.sink_answered("s", Duration::ZERO);
        metrics.sink_retried("s");
        metrics.sink_refused("s", 1);
        metrics.sink_accepted("s", 1, 1);
        metrics.lag("s", "0", Duration::from_millis(1500));
        metrics.stalled("s", true);
        let text = metrics.text().unwrap();
        assert!(text.contains("dastap_shard_lag_seconds{source=\"s\",shard=\"0\"} 1.5\n"), "{text}");
        let shown: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
            .collect();
        let table = include_str!("../../../pipelines/grafana/README.md");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `dastap_")?.split_once('`'));
        let documented: BTreeSet<String> = rows.map(|(name, _)| format!("dastap_{name}")).collect();
        assert_eq!(shown, documented);
    }
}
