//! What may happen to a pipeline, case by case, and the proof that nothing is lost: input = delivered + dead-lettered, by
//! record, duplicates counted. `make test` plays the cases small, `make faults` at full length.

mod corpus;
mod keys;
mod process;
mod records;
mod report;
mod shards;
mod sinks;
mod stage;

use std::time::Duration;

pub use corpus::Tally;
pub use report::{Row, Table};
pub use stage::Recovery;

/// How large a case is played.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// How many records go in.
    pub records: usize,
    /// How long a fault lasts that ends.
    pub outage: Duration,
    /// How often a process is killed.
    pub kills: u32,
}

impl Scale {
    /// Seconds, for every day.
    pub const SMALL: Scale = Scale { records: 3000, outage: Duration::from_secs(3), kills: 20 };
    /// What the table is made of.
    pub const FULL: Scale = Scale { records: 100_000, outage: Duration::from_secs(30), kills: 20 };
}

/// What happens to a pipeline.
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// Plays it, and panics unless it ends as it must.
    pub play: fn(Scale) -> Row,
}

/// All of them.
pub const CASES: &[Case] = &[
    Case { name: "sink-down", play: sinks::down },
    Case { name: "sink-slow", play: sinks::slow },
    Case { name: "disk-full", play: sinks::disk_full },
    Case { name: "kms-down", play: keys::down },
    Case { name: "kms-throttling", play: keys::throttling },
    Case { name: "kms-denying", play: keys::denying },
    Case { name: "key-disabled", play: keys::disabled },
    Case { name: "poison", play: records::poison },
    Case { name: "kill", play: process::killed },
    Case { name: "sigterm", play: process::terminated },
    Case { name: "two-processes", play: process::two_on_one_position },
    Case { name: "resharding", play: shards::resharding },
];

/// The case of this name.
pub fn case(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}
