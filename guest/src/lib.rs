//! The decoder of AWS Database Activity Streams: encrypted records in, clean audit events out.
//!
//! A plain Rust library, and the WASM component that is built from it (`component.rs` is the entry of that build).
//! It does everything that touches untrusted bytes and has no authority: no clock, no randomness, no files, no
//! network. The one thing it asks for is a data key, through [`Keys`].
//!
//! Two files tell the story: `decode.rs`, a record's whole way, and `esdk/mod.rs`, a message's.
//!
//! ```
//! use dastap_guest::{KeyError, KeyRequest, Settings, Transform, Verdict};
//!
//! let settings = Settings::from_json(r#"{ "resources": ["cluster-ABC"], "heartbeats": "drop" }"#)?;
//! let mut transform = Transform::open(settings)?;
//! let mut keys = |_: &KeyRequest| Err(KeyError::Unavailable("no key service in this example".to_string()));
//! let record = r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":
//!     {"clusterId":"cluster-ABC","instanceId":"db-1","databaseActivityEventList":[{"command":"SELECT"}]}}"#;
//! let verdicts = transform.decode(&[record], None, &mut keys);
//! let Some(Verdict::Decoded(decoded)) = verdicts.first() else { panic!("{verdicts:?}") };
//! assert!(decoded.outputs[0].lines.ends_with("\"command\":\"SELECT\"}\n"));
//! # Ok::<(), String>(())
//! ```

#![cfg_attr(feature = "native", allow(dead_code, reason = "other libraries take parts over"))]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "tests may panic"))]

mod base64;
#[cfg(feature = "bench")]
pub mod bench;
#[cfg(target_family = "wasm")]
pub mod component;
mod counts;
mod decode;
mod envelope;
mod error;
pub mod esdk;
mod events;
#[cfg(feature = "faults")]
mod faults;
mod fields;
mod gunzip;
pub mod inspect;
mod json;
mod keys;
mod meaning;
mod outputs;
mod redact;
mod resource;
mod rules;
pub mod settings;
mod shape;
mod utf8;
mod vector;
mod verdict;

pub use counts::Count;
pub use decode::Transform;
pub use error::{Failure, Reason, Stage};
pub use keys::{KeyError, KeyRequest, Keys};
pub use redact::Redaction;
pub use rules::{Cause, Explained};
pub use settings::Settings;
pub use verdict::{Decoded, Merged, Output, Verdict};
