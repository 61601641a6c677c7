//! What is masked before anything leaves.

mod json;
mod sql;
