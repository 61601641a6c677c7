//! Sigma's match language (specification 2.1): from the text of a rule to its answer about an event.
//!
//! A rule is compiled once, when the settings are read. [`document`], [`selection`], [`modifiers`], [`condition`] and
//! [`pattern`] read it; [`expression`] and [`matcher`] answer, on the [`values`] of an event.

mod compiler;
mod condition;
mod document;
mod expression;
mod folding;
mod key;
mod made;
mod matcher;
mod modifiers;
mod network;
mod number;
mod part;
mod pattern;
mod regex;
mod selection;
mod values;

pub(crate) use compiler::{Compiler, Field, Fields};
pub(crate) use document::Document;
pub(crate) use expression::Expression;
pub(crate) use key::Key;
pub(crate) use values::{Known, Values};
