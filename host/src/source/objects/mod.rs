//! Source `objects`: what lies in a local folder or a bucket, such as what Firehose delivered, in the order of names.
//!
//! All objects make one lane: names carry the time, so one database's events lie in consecutive objects and stay in
//! order. Nothing is lost by that: the next objects are fetched while one is read, and batches are decoded in parallel.
//! An object that cannot be read to its end is told and left for the next run; the others go on.

mod fetch;
mod journal;
mod listing;
mod pattern;
mod reader;
mod replay;
mod settings;

pub(super) use settings::Settings;
