//! What a run says at its end.

use std::collections::BTreeMap;
use std::fmt;

use super::{Metrics, keys};
use crate::keys::KeyStats;

/// The counters without their labels.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) received: u64,
    pub(super) decoded: u64,
    /// Records by stage and reason.
    pub(super) failed: BTreeMap<String, u64>,
    pub(super) kept: u64,
    pub(super) dropped: u64,
    pub(super) unrouted: u64,
    /// Events by sink.
    pub(super) accepted: BTreeMap<String, u64>,
}

/// The numbers of a run, for people.
#[derive(Debug)]
pub(crate) struct Summary {
    totals: Totals,
    keys: KeyStats,
    price: f64,
}

impl Summary {
    /// `price`: dollars for 10,000 requests to KMS.
    pub(crate) fn of(metrics: &Metrics, price: f64) -> Self {
        Summary { totals: metrics.totals().clone(), keys: keys::sum(&metrics.caches), price }
    }
}

/// Requests to KMS that were not needed: a decoder without a cache asks once for each record.
pub(super) fn saved(decoded: u64, asked: u64) -> u64 {
    decoded.saturating_sub(asked)
}

/// What so many requests to KMS cost.
pub(super) fn dollars(requests: u64, price: f64) -> f64 {
    requests as f64 / 10_000.0 * price
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { received, decoded, failed, kept, dropped, unrouted, accepted } = &self.totals;
        write!(f, "{received} records: {decoded} decoded, {} failed", failed.values().sum::<u64>())?;
        let kinds: Vec<_> = failed.iter().map(|(kind, records)| format!("{records} {kind}")).collect();
        if !kinds.is_empty() {
            write!(f, " ({})", kinds.join(", "))?;
        }
        write!(f, "; events: {kept} kept, {dropped} dropped")?;
        if *unrouted > 0 {
            write!(f, ", {unrouted} of routes that no sink takes")?;
        }
        for (sink, events) in accepted {
            write!(f, "; {sink} accepted {events}")?;
        }
        let (asked, saved) = (self.keys.calls, saved(*decoded, self.keys.calls));
        let dollars = dollars(saved, self.price);
        write!(f, "; data keys asked for {asked} times, {saved} requests saved (about ${dollars:.2})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_saving_is_told_in_dollars() {
        let totals = Totals { received: 1_000_001, decoded: 1_000_001, ..Totals::default() };
        let keys = KeyStats { calls: 1, ..KeyStats::default() };
        let text = Summary { totals, keys, price: 0.03 }.to_string();
        assert!(text.ends_with("data keys asked for 1 times, 1000000 requests saved (about $3.00)"), "{text}");
    }

    #[test]
    fn failures_are_told_with_their_reasons() {
        let failed =
            [("key/refused", 5), ("message/not-authentic", 2)].map(|(kind, records)| (kind.to_owned(), records));
        let totals = Totals { received: 10, decoded: 3, failed: failed.into(), ..Totals::default() };
        let text = Summary { totals, keys: KeyStats::default(), price: 0.03 }.to_string();
        let expected = "10 records: 3 decoded, 7 failed (5 key/refused, 2 message/not-authentic); events: ";
        assert!(text.starts_with(expected), "{text}");
    }
}
