//! What is masked before it leaves: no literal of a statement survives, and nothing else changes.

mod actions;
mod literals;
mod statements;
