//! Which events leave, and where to. The first rule that matches decides; the match language is Sigma's.
//!
//! [`set`] reads the settings, [`judge`] decides about the events of a record, [`candidates`] spares it most rules; all
//! between a rule's text and
//! its answer is in [`sigma`].

mod candidates;
mod explain;
mod judge;
mod route;
mod set;
mod sigma;
#[cfg(test)]
mod tests;

#[cfg_attr(not(target_family = "wasm"), allow(unused_imports, reason = "the component's"))]
pub(crate) use explain::explanation;
pub use explain::{Cause, Explained};
pub(crate) use judge::{Rules, Ruling};
