//! Sink `objects`: lines in objects of a local folder or a bucket, one open object for each route, rolled by size and age.
//!
//! An object is visible when it is complete, and only then are its lines accepted. No name is used twice, so nothing is
//! ever overwritten. A store that does not take an object is asked again until it does, and the sources wait.

mod bucket;
mod encoder;
mod folder;
mod rolling;
mod settings;
mod template;
#[cfg(test)]
mod tests;
mod upload;
mod writer;

pub(super) use settings::Settings;
