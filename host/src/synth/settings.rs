//! What a synthetic stream should be: every setting with its default and its bound.

use super::Fault;
use std::ops::RangeInclusive;

/// A database engine that has activity streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Aurora PostgreSQL, record version 1.1.
    Postgres,
    /// Aurora MySQL, record version 1.2.
    Mysql,
    /// RDS for Oracle, record version 1.3.
    Oracle,
    /// RDS for SQL Server, record version 1.4.
    Sqlserver,
}

impl Engine {
    /// The four engines.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Mysql, Self::Oracle, Self::Sqlserver];

    /// The engine's name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Oracle => "oracle",
            Self::Sqlserver => "sqlserver",
        }
    }

    /// The `version` of the outer record.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Postgres => "1.1",
            Self::Mysql => "1.2",
            Self::Oracle => "1.3",
            Self::Sqlserver => "1.4",
        }
    }

    /// Aurora has one stream for a cluster, RDS one for each instance.
    pub(super) fn is_aurora(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql)
    }
}

/// The settings of a [`Stream`](super::Stream). The same settings always give the same bytes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The engines that speak; the records of all of them are mixed.
    pub engines: Vec<Engine>,
    /// How many records.
    pub records: u64,
    /// How many events in a record that is neither a heartbeat nor empty; at most 1,000,000.
    pub events: RangeInclusive<u32>,
    /// Database instances of each engine, 1 to 1,000. Each has its own wrapping key.
    pub instances: u32,
    /// How often each instance gets a new wrapping key, spread evenly over the records; at most 10,000.
    pub rotations: u32,
    /// Records that hold nothing but a heartbeat, in percent.
    pub heartbeats: f64,
    /// Records whose event list is empty, in percent of those that are no heartbeat.
    pub empty: f64,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Bytes of plaintext in a frame of the message, at least 1. The engines use 4096.
    pub frame_length: u32,
    /// The faults to build in, in turn.
    pub faults: Vec<Fault>,
    /// Damaged records in percent. `None`: each of `faults` exactly once, evenly spread.
    pub fault_rate: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engines: Engine::ALL.to_vec(),
            records: 1000,
            events: 1..=20,
            instances: 2,
            rotations: 0,
            heartbeats: 10.0,
            empty: 1.0,
            seed: 1,
            frame_length: 4096,
            faults: Vec::new(),
            fault_rate: None,
        }
    }
}

impl Settings {
    /// Checks every bound and that the settings agree with each other.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        within("events per record", u64::from(*self.events.end()), u64::from(*self.events.start())..=1_000_000)?;
        within("instances", u64::from(self.instances), 1..=1_000)?;
        within("rotations", u64::from(self.rotations), 0..=10_000)?;
        within("frame length", u64::from(self.frame_length), 1..=u64::from(u32::MAX))?;
        within("engines", self.engines.len() as u64, 1..=16)?;
        percentage("heartbeats", self.heartbeats)?;
        percentage("empty", self.empty)?;
        match self.fault_rate {
            Some(_) if self.faults.is_empty() => Err(SettingsError::RateWithoutFault),
            Some(rate) => percentage("fault rate", rate),
            None if self.faults.len() as u64 > self.records => {
                Err(SettingsError::TooFewRecords { faults: self.faults.len(), records: self.records })
            }
            None => Ok(()),
        }
    }

    /// The fault that the record of this index must carry, `hits` being the number of damaged records before it. With a
    /// rate, `drawn` decides whether this one is hit; without, each fault has its fixed place.
    pub(super) fn fault_at(&self, index: u64, hits: u64, drawn: impl FnOnce(f64) -> bool) -> Option<Fault> {
        let count = self.faults.len();
        let turn = usize::try_from(hits).ok()?.checked_rem(count)?;
        let hit = match self.fault_rate {
            Some(rate) => drawn(rate),
            None => hits < count as u64 && u128::from(index) == fixed_place(hits, count as u64, self.records),
        };
        if hit { self.faults.get(turn).copied() } else { None }
    }
}

/// Where fault `number` of `count` stands: in the middle of its share of the records, so that each has a place of its own.
fn fixed_place(number: u64, count: u64, records: u64) -> u128 {
    (2 * u128::from(number) + 1) * u128::from(records) / (2 * u128::from(count))
}

fn within(setting: &'static str, found: u64, bounds: RangeInclusive<u64>) -> Result<(), SettingsError> {
    if bounds.contains(&found) {
        return Ok(());
    }
    Err(SettingsError::OutOfBounds { setting, low: *bounds.start(), high: *bounds.end(), found })
}

fn percentage(setting: &'static str, found: f64) -> Result<(), SettingsError> {
    if (0.0..=100.0).contains(&found) { Ok(()) } else { Err(SettingsError::NotAPercentage { setting, found }) }
}

/// Settings that no stream can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A number outside its bounds.
    #[error("{setting} must be from {low} to {high}, not {found}")]
    OutOfBounds {
        /// The setting.
        setting: &'static str,
        /// The least value.
        low: u64,
        /// The greatest value.
        high: u64,
        /// What was given.
        found: u64,
    },
    /// A share that is none.
    #[error("{setting} must be from 0 to 100 percent, not {found}")]
    NotAPercentage {
        /// The setting.
        setting: &'static str,
        /// What was given.
        found: f64,
    },
    /// A fault rate, but nothing that may go wrong.
    #[error("a fault rate needs at least one fault")]
    RateWithoutFault,
    /// Each fault needs a record of its own.
    #[error("{faults} faults need at least {faults} records, not {records}: ask for more records or set a fault rate")]
    TooFewRecords {
        /// The number of faults.
        faults: usize,
        /// The number of records.
        records: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(settings: Settings) -> String {
        settings.check().expect_err("the settings are wrong").to_string()
    }

    #[test]
    fn wrong_settings_are_named() {
        Settings::default().check().expect("the defaults are sound");
        let wrong = Settings { instances: 0, ..Settings::default() };
        assert_eq!(message(wrong), "instances must be from 1 to 1000, not 0");
        let wrong = Settings { heartbeats: f64::NAN, ..Settings::default() };
        assert_eq!(message(wrong), "heartbeats must be from 0 to 100 percent, not NaN");
        let wrong = Settings { fault_rate: Some(1.0), ..Settings::default() };
        assert_eq!(message(wrong), "a fault rate needs at least one fault");
        let wrong = Settings { faults: Fault::ALL.to_vec(), records: 3, ..Settings::default() };
        assert!(message(wrong).starts_with("30 faults need at least 30 records, not 3"));
    }

    #[test]
    fn every_fault_has_a_place_of_its_own() {
        for records in [30, 31, 57, 1000] {
            let settings = Settings { faults: Fault::ALL.to_vec(), records, ..Settings::default() };
            let mut placed = Vec::new();
            for index in 0..records {
                placed.extend(settings.fault_at(index, placed.len() as u64, |_| unreachable!()));
            }
            assert_eq!(placed, Fault::ALL, "{records} records");
        }
    }
}
