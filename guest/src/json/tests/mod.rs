//! What the scanner accepts and refuses, with `serde_json` as the oracle.

mod conformance;
mod depth;
mod documents;
mod mutation;
mod oracle;
mod random;
mod scanner;
mod text;
