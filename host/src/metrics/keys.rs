//! Questions for data keys: how long they take, and what the caches save.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::collector::Collector as Collect;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Metrics;
use super::summary::{Totals, dollars, saved};
use crate::keys::{Answer, Cache, KeyError, KeyProvider, KeyRequest, KeyStats};

/// A provider whose answers are timed.
pub(crate) struct Timed<P> {
    pub(crate) provider: P,
    pub(crate) metrics: Arc<Metrics>,
}

impl<P: KeyProvider> KeyProvider for Timed<P> {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        Box::pin(async move {
            let asked = Instant::now();
            let answer = self.provider.decrypt(request).await;
            let outcome = match &answer {
                Ok(_) => "key",
                Err(KeyError::Refused(_)) => "refused",
                Err(KeyError::Unavailable(_)) => "unavailable",
            };
            self.metrics.key_answered(outcome, asked.elapsed());
            answer
        })
    }

    fn scope(&self) -> &str {
        self.provider.scope()
    }
}

/// Reads the caches' own numbers whenever somebody asks for metrics, and what they save.
#[derive(Debug)]
pub(super) struct Collector {
    pub(super) caches: Arc<Mutex<Vec<Arc<Cache>>>>,
    pub(super) totals: Arc<Mutex<Totals>>,
    /// Dollars for 10,000 requests to KMS.
    pub(super) price: f64,
}

/// All caches together.
pub(super) fn sum(caches: &Mutex<Vec<Arc<Cache>>>) -> KeyStats {
    let caches = caches.lock().unwrap_or_else(PoisonError::into_inner);
    caches.iter().map(|cache| cache.stats()).fold(KeyStats::default(), |sum, stats| KeyStats {
        lookups: sum.lookups + stats.lookups,
        hits: sum.hits + stats.hits,
        calls: sum.calls + stats.calls,
        refused: sum.refused + stats.refused,
        unavailable: sum.unavailable + stats.unavailable,
        stale: sum.stale + stats.stale,
    })
}

impl Collect for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let KeyStats { lookups, hits, calls, refused, unavailable, stale } = sum(&self.caches);
        let decoded = self.totals.lock().unwrap_or_else(PoisonError::into_inner).decoded;
        let saved = saved(decoded, calls);
        for (name, help, value) in [
            ("keys_looked_up", "Questions to the cache of data keys", lookups),
            ("keys_hit", "Questions that the cache answered with a fresh key", hits),
            ("keys_asked", "Questions that reached KMS", calls),
            ("keys_refused", "Questions that ended in a refusal", refused),
            ("keys_unavailable", "Questions that ended without an answer", unavailable),
            ("keys_stale", "Questions answered with a key past its time, while KMS was away", stale),
            ("kms_requests_saved", "Requests that a decoder which asks for each record would have made besides", saved),
        ] {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        let cost = ConstGauge::new(dollars(saved, self.price));
        let help = "What these requests would have cost, at the price of the setting `kms-price`";
        let metric = encoder.encode_descriptor("kms_cost_saved_dollars", help, None, cost.metric_type())?;
        cost.encode(metric)
    }
}
