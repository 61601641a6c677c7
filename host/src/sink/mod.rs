//! Where results go: events to standard output, failed records to the dead letter.

mod dead_letter;
mod stdout;

pub(crate) use dead_letter::{DEFAULT_DEAD_LETTER, DeadLetter};
pub(crate) use stdout::Lines;
