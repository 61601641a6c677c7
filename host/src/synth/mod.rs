//! Synthetic activity streams: encrypted records as Aurora and RDS send them, from all four engines, with the keys to
//! decrypt them and with faults on demand. For tests, demonstrations and measurements without an AWS account.
//!
//! ```
//! use dastap::synth::{Settings, Stream};
//!
//! let mut stream = Stream::new(Settings { records: 3, ..Settings::default() })?;
//! let mut keyring = Vec::new();
//! stream.write_keyring(&mut keyring)?;
//! let record = stream.next().expect("the first of three records");
//! assert!(record.line.starts_with(r#"{"type":"DatabaseActivityMonitoringRecords""#));
//! assert!(record.document.starts_with(r#"{"type":"DatabaseActivityMonitoringRecord""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One seed gives the same bytes on every machine; faults and frame lengths leave the documents as they are.
//! The keys are as public as the seed: nothing here protects anything.

mod accounts;
mod audit_file;
mod carrier;
mod clock;
mod dice;
mod encrypt;
mod envelope;
mod escaping;
mod fault;
mod instance;
mod lambda;
mod mysql;
mod oracle;
mod postgres;
mod schema;
mod session;
mod settings;
mod sql;
mod sqlserver;
mod statement;
mod stream;
mod unified_audit;
mod wrapping;

pub use carrier::{Carrier, Format};
pub use fault::Fault;
pub use settings::{Engine, Settings, SettingsError};
pub use stream::{Record, Stream};

#[cfg(test)]
mod tests;
