//! What is counted: the names that Prometheus reads and what each says.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

pub(super) type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge>;
type Decimals = Family<Labels, Gauge<f64, AtomicU64>>;
type Seconds = Family<Labels, Histogram>;

/// A family for each name: one number for each set of labels.
#[derive(Debug)]
pub(super) struct Families {
    pub(super) records_received: Counters,
    pub(super) bytes_received: Counters,
    pub(super) records_decoded: Counters,
    pub(super) records_failed: Counters,
    pub(super) records_suite: Counters,
    pub(super) plain_bytes: Counters,
    pub(super) events_kept: Counters,
    pub(super) events_dropped: Counters,
    pub(super) events_by_rule: Counters,
    pub(super) events_unrouted: Counters,
    pub(super) heartbeats: Counters,
    pub(super) heartbeat_last: Gauges,
    pub(super) values_redacted: Counters,
    pub(super) lag: Decimals,
    pub(super) stalled: Gauges,
    pub(super) queue_bytes: Gauges,
    pub(super) sink_events: Counters,
    pub(super) sink_bytes: Counters,
    pub(super) sink_refused: Counters,
    pub(super) sink_retries: Counters,
    pub(super) sink_seconds: Seconds,
    pub(super) kms_seconds: Seconds,
}

impl Families {
    /// All of them, at nothing, as `registry` shows them.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let mut counters = |name: &str, help: &str| {
            let counters = Counters::default();
            registry.register(name, help, counters.clone());
            counters
        };
        let records_received = counters("records_received", "Records handed over by a source");
        let bytes_received = counters("bytes_received", "Bytes of these records");
        let records_decoded = counters("records_decoded", "Records whose events were handed to the sinks or dropped");
        let records_failed = counters("records_failed", "Records that went to the dead letter, by stage and reason");
        let records_suite = counters("messages_decrypted", "Encrypted messages, by algorithm suite");
        let plain_bytes = counters("bytes_unpacked", "Bytes of decrypted and unpacked documents");
        let events_kept = counters("events_kept", "Events handed to the sinks, by cluster and instance");
        let events_dropped = counters("events_dropped", "Events that a setting or a rule dropped, by the reason");
        let events_by_rule = counters("events_matched", "Events that a rule decided about, by rule and verdict");
        let events_unrouted = counters("events_unrouted", "Events of a route that no sink takes");
        let heartbeats = counters("heartbeats_received", "Heartbeats, kept or dropped, by cluster and instance");
        let values_redacted = counters("values_redacted", "Values that redaction changed, by the way");
        let sink_events = counters("sink_events_accepted", "Events that a sink has accepted");
        let sink_bytes = counters("sink_bytes_accepted", "Bytes of these events");
        let sink_refused =
            counters("sink_events_refused", "Events that a sink refused for good; the dead letter has them");
        let sink_retries =
            counters("sink_requests_retried", "Attempts of a sink that did not succeed and are repeated");
        let gauges = |registry: &mut Registry, name: &str, help: &str| {
            let gauges = Gauges::default();
            registry.register(name, help, gauges.clone());
            gauges
        };
        let heartbeat_last = gauges(
            registry,
            "heartbeat_last_timestamp_seconds",
            "When the last heartbeat of an instance was decoded; alert when it is old",
        );
        let lag = Decimals::default();
        let help = "How far behind the end of its shard the last read is";
        registry.register_with_unit("shard_lag", help, Unit::Seconds, lag.clone());
        let stalled = gauges(registry, "lanes_stalled", "Streams that wait for data keys");
        let queue_bytes = gauges(registry, "queue_bytes", "Bytes that wait for a sink");
        let seconds = |registry: &mut Registry, name: &str, help: &str| {
            // From a millisecond to half a minute.
            let seconds = Seconds::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 16)));
            registry.register_with_unit(name, help, Unit::Seconds, seconds.clone());
            seconds
        };
        let sink_seconds = seconds(registry, "sink_request", "From a sink's request to the answer");
        let kms_seconds = seconds(registry, "kms_request", "From a question for a data key to the answer, by outcome");
        Families {
            records_received,
            bytes_received,
            records_decoded,
            records_failed,
            records_suite,
            plain_bytes,
            events_kept,
            events_dropped,
            events_by_rule,
            events_unrouted,
            heartbeats,
            heartbeat_last,
            values_redacted,
            lag,
            stalled,
            queue_bytes,
            sink_events,
            sink_bytes,
            sink_refused,
            sink_retries,
            sink_seconds,
            kms_seconds,
        }
    }
}
