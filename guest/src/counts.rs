//! Counters per cluster and instance, handed to the host once a batch.

use crate::esdk::SUITES;
use crate::json;
use crate::redact;

/// One counter of one instance since the last time it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// `clusterId` of the document; empty for RDS instances.
    pub cluster: String,
    /// `instanceId` of the document.
    pub instance: String,
    /// What is counted, see `wit/decoder.wit`.
    pub name: String,
    /// How many.
    pub value: u32,
}

/// What one decoded record adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) kept: u32,
    pub(crate) heartbeats: u32,
    pub(crate) dropped_heartbeats: u32,
    pub(crate) dropped_system_users: u32,
    pub(crate) dropped_mysql_aux: u32,
    pub(crate) dropped_by_rules: u32,
    /// No rule matched.
    pub(crate) dropped_otherwise: u32,
    /// Events whose own route was one too many.
    pub(crate) overflowed: u32,
    /// Values that were redacted: one counter for each of [`redact::COUNTERS`].
    pub(crate) redacted: redact::Redacted,
    /// Bytes of the decrypted document.
    pub(crate) plain_bytes: usize,
    /// The algorithm suite; none for a record that was not encrypted.
    pub(crate) suite: Option<u16>,
}

impl Tally {
    pub(crate) fn dropped(&self) -> u32 {
        [
            self.dropped_heartbeats,
            self.dropped_system_users,
            self.dropped_mysql_aux,
            self.dropped_by_rules,
            self.dropped_otherwise,
        ]
        .into_iter()
        .fold(0, u32::saturating_add)
    }
}

/// The counters of all instances.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    rows: Vec<Row>,
    /// Where the last record went: records of one instance come in runs.
    last: usize,
}

#[derive(Debug)]
struct Row {
    /// Raw JSON values of the document.
    cluster: String,
    instance: String,
    records: u32,
    plain_bytes: u32,
    kept: u32,
    heartbeats: u32,
    dropped_heartbeats: u32,
    dropped_system_users: u32,
    dropped_mysql_aux: u32,
    dropped_otherwise: u32,
    overflowed: u32,
    /// Events that each rule decided about.
    rules: Vec<u32>,
    redacted: redact::Redacted,
    unencrypted: u32,
    suites: [u32; SUITES.len()],
}

impl Counts {
    /// Adds a record of the instance that these raw JSON values name. `rules`: how many of its events each rule
    /// decided about.
    pub(crate) fn add(&mut self, cluster: Option<&str>, instance: Option<&str>, tally: &Tally, rules: &[u32]) {
        let (cluster, instance) = (cluster.unwrap_or_default(), instance.unwrap_or_default());
        let is_it = |row: &Row| is_same(&row.cluster, cluster) && is_same(&row.instance, instance);
        if !self.rows.get(self.last).is_some_and(is_it) {
            self.last = self.rows.iter().position(is_it).unwrap_or_else(|| self.new_row(cluster, instance));
        }
        if let Some(row) = self.rows.get_mut(self.last) {
            row.add(tally, rules);
        }
    }

    /// Gives out every counter above zero and starts again. `rules`: the names of the rules' counters.
    pub(crate) fn take(&mut self, rules: &[String]) -> Vec<Count> {
        self.last = 0;
        self.rows.drain(..).flat_map(|row| row.into_counts(rules)).collect()
    }

    /// Names are bounded in number, since they come out of records: what comes later is counted without a name.
    fn new_row(&mut self, cluster: &str, instance: &str) -> usize {
        let (cluster, instance) = if self.rows.len() < ROWS_MOST { (cluster, instance) } else { ("", "") };
        if let Some(index) = self.rows.iter().position(|row| row.cluster == cluster && row.instance == instance) {
            return index;
        }
        self.rows.push(Row::new(cluster, instance));
        self.rows.len().saturating_sub(1)
    }
}

impl Row {
    fn new(cluster: &str, instance: &str) -> Self {
        Row {
            cluster: cluster.to_string(),
            instance: instance.to_string(),
            records: 0,
            plain_bytes: 0,
            kept: 0,
            heartbeats: 0,
            dropped_heartbeats: 0,
            dropped_system_users: 0,
            dropped_mysql_aux: 0,
            dropped_otherwise: 0,
            overflowed: 0,
            rules: Vec::new(),
            redacted: redact::Redacted::default(),
            unencrypted: 0,
            suites: [0; SUITES.len()],
        }
    }

    fn add(&mut self, tally: &Tally, rules: &[u32]) {
        let suite = tally.suite.and_then(|id| SUITES.iter().position(|suite| suite.id == id));
        let suite = suite.and_then(|index| self.suites.get_mut(index)).unwrap_or(&mut self.unencrypted);
        for (counter, more) in [
            (suite, 1),
            (&mut self.records, 1),
            (&mut self.plain_bytes, u32::try_from(tally.plain_bytes).unwrap_or(u32::MAX)),
            (&mut self.kept, tally.kept),
            (&mut self.heartbeats, tally.heartbeats),
            (&mut self.dropped_heartbeats, tally.dropped_heartbeats),
            (&mut self.dropped_system_users, tally.dropped_system_users),
            (&mut self.dropped_mysql_aux, tally.dropped_mysql_aux),
            (&mut self.dropped_otherwise, tally.dropped_otherwise),
            (&mut self.overflowed, tally.overflowed),
        ] {
            *counter = counter.saturating_add(more);
        }
        self.rules.resize(rules.len(), 0);
        let redacted = self.redacted.iter_mut().zip(&tally.redacted);
        for (counter, more) in self.rules.iter_mut().zip(rules).chain(redacted) {
            *counter = counter.saturating_add(*more);
        }
    }

    fn into_counts(self, rules: &[String]) -> impl Iterator<Item = Count> {
        let (cluster, instance) = (text(&self.cluster), text(&self.instance));
        let fixed = [
            ("records", self.records),
            ("plain-bytes", self.plain_bytes),
            ("kept", self.kept),
            ("heartbeats", self.heartbeats),
            ("dropped.heartbeat", self.dropped_heartbeats),
            ("dropped.system-user", self.dropped_system_users),
            ("dropped.mysql-aux", self.dropped_mysql_aux),
            ("dropped.otherwise", self.dropped_otherwise),
            ("routed.overflow", self.overflowed),
            ("suite.none", self.unencrypted),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name.to_string(), value));
        let suites = SUITES.iter().zip(self.suites).map(|(suite, value)| (format!("suite.0x{:04x}", suite.id), value));
        let rules = rules.iter().cloned().zip(self.rules);
        let redacted = redact::COUNTERS.iter().map(|name| name.to_string()).zip(self.redacted);
        fixed
            .chain(rules)
            .chain(redacted)
            .chain(suites)
            .filter(|(_, value)| *value > 0)
            .map(move |(name, value)| Count { cluster: cluster.clone(), instance: instance.clone(), name, value })
    }
}

/// Names are compared for every record, and the sandbox compares bytes one by one unless it is told to take eight.
fn is_same(a: &str, b: &str) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_bytes().as_chunks::<8>(), b.as_bytes().as_chunks::<8>());
    a.len() == b.len() && a_rest == b_rest && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The text of a raw JSON string; other values as they stand.
fn text(raw: &str) -> String {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(body) => json::unescape(body).into_owned(),
        None => raw.to_string(),
    }
}

/// Instances of one stream: a cluster has 16 at most.
const ROWS_MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_come_by_instance_and_start_again() {
        let mut counts = Counts::default();
        let tally = Tally {
            kept: 2,
            heartbeats: 1,
            dropped_heartbeats: 1,
            plain_bytes: 10,
            suite: Some(0x0178),
            ..Tally::default()
        };
        counts.add(Some("\"cluster-\\u0041\""), Some("\"db-1\""), &tally, &[0, 3]);
        counts.add(Some("\"cluster-\\u0041\""), Some("\"db-1\""), &tally, &[0, 3]);
        counts.add(None, Some("\"db-2\""), &Tally::default(), &[0, 0]);
        let taken = counts.take(&["dropped.rule.0".to_string(), "kept.rule.b".to_string()]);
        let value = |instance: &str, name: &str| {
            taken.iter().find(|c| c.instance == instance && c.name == name).map(|c| (c.cluster.as_str(), c.value))
        };
        assert_eq!(value("db-1", "records"), Some(("cluster-A", 2)));
        assert_eq!(value("db-1", "plain-bytes"), Some(("cluster-A", 20)));
        assert_eq!(value("db-1", "suite.0x0178"), Some(("cluster-A", 2)));
        assert_eq!(value("db-1", "dropped.heartbeat"), Some(("cluster-A", 2)));
        assert_eq!(value("db-1", "kept.rule.b"), Some(("cluster-A", 6)));
        assert_eq!(value("db-1", "dropped.rule.0"), None);
        assert_eq!(value("db-2", "suite.none"), Some(("", 1)));
        assert_eq!(value("db-2", "kept"), None);
        assert!(counts.take(&[]).is_empty());
    }

    #[test]
    fn names_from_records_do_not_pile_up() {
        let mut counts = Counts::default();
        for i in 0..5000 {
            counts.add(None, Some(&format!("\"db-{i}\"")), &Tally::default(), &[0, 0]);
        }
        assert!(counts.rows.len() <= ROWS_MOST + 1);
        let records: u32 = counts.take(&[]).iter().filter(|c| c.name == "records").map(|c| c.value).sum();
        assert_eq!(records, 5000);
    }
}
