//! Decode AWS Database Activity Streams (DAS) in a WebAssembly sandbox, with cached KMS data keys.
//!
//! Aurora and RDS stream every statement, login and privilege change to Kinesis, each record encrypted under a data
//! key that only KMS can open. A [`Decoder`] turns such records into clean audit events:
//!
//! * everything that touches untrusted bytes (JSON, base64, the AWS Encryption SDK message, gzip, the events) runs in
//!   a WASM component without any authority, limited in memory and time;
//! * the component's one import, the KMS Decrypt call, is answered by a [`keys::Cache`] in front of a
//!   [`keys::KeyProvider`]: one call per data key, however many records and workers ask;
//! * every record ends as decoded, or as failed with a stage and a reason. Nothing is lost.
//!
//! ```
//! use dastap::{Decoder, Verdict, keys::Keyring};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! // In production: keys::Kms::connect(..).await?, the AWS credential chain.
//! let keys = Keyring::from_json(r#"{ "keys": [] }"#)?;
//! let transform = serde_json::json!({ "resources": ["cluster-ABC"], "heartbeats": "drop" });
//! let decoder = Decoder::builder().keys(keys).transform(transform).build()?;
//!
//! // As they come from Kinesis: outer JSON records (this one is already decrypted, as AWS prints its samples).
//! let batch = vec![r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{
//!     "clusterId":"cluster-ABC","instanceId":"db-1",
//!     "databaseActivityEventList":[{"type":"record","command":"DROP TABLE"},{"type":"heartbeat"}]}}"#.to_string()];
//!
//! for verdict in decoder.decode(&batch, Some("cluster-ABC")).await {
//!     match verdict {
//!         Verdict::Decoded(decoded) => {
//!             for output in decoded.outputs {
//!                 print!("{}", output.lines); // NDJSON
//!                 assert!(output.lines.ends_with("\"type\":\"record\",\"command\":\"DROP TABLE\"}\n"));
//!             }
//!             assert_eq!((decoded.kept, decoded.dropped, decoded.heartbeats), (1, 1, 1));
//!         }
//!         Verdict::Failed(failure) => panic!("to the dead letter: {failure}"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # Cargo features
//! All are default. `kms`: the AWS SDK behind [`keys::KeyProvider`]. `config`: a [`Decoder`] from a configuration text,
//! and a [`BlockingDecoder`]. `run`: sources and sinks. `lambda`: the same as a Lambda function. `cli`: the `dastap`
//! program. An embedder with a key source of his own takes none of them.

#[cfg(feature = "config")]
#[cfg_attr(not(feature = "run"), allow(dead_code, reason = "part of it is the long-running program's"))]
mod aws;
mod backoff;
#[cfg(feature = "config")]
mod blocking;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "config")]
#[cfg_attr(not(feature = "run"), allow(dead_code, reason = "every section is checked; some are the program's"))]
mod config;
#[cfg(feature = "run")]
mod dead_letter;
mod decoder;
mod engine;
mod error;
#[cfg(feature = "cli")]
mod kcl;
pub mod keys;
#[cfg(feature = "run")]
mod metrics;
#[cfg(feature = "cli")]
mod pass;
#[cfg(feature = "run")]
mod record;
#[cfg(feature = "run")]
mod runner;
#[cfg(feature = "run")]
mod sink;
#[cfg(feature = "run")]
mod source;
#[cfg(feature = "cli")]
mod stdio;
#[cfg(feature = "run")]
mod store;
#[cfg(feature = "cli")]
pub mod synth;
mod verdict;
#[cfg(feature = "run")]
mod workers;

#[cfg(feature = "config")]
pub use blocking::BlockingDecoder;
pub use decoder::{Decoder, DecoderBuilder};
pub use engine::{Count, Decoded, Failure, Merged, Output, Stage, Verdict};
pub use error::Error;

/// The component as published: WebAssembly that any component runtime loads, with `wit/` as its contract.
pub fn component() -> &'static [u8] {
    engine::COMPONENT
}
