//! Whether a template makes JSON: tried on two events that have none of the members it names.
//!
//! That says it for all events. What stands for a name is a part of a string between quotes, and one JSON value elsewhere;
//! `null`, which stands for a missing member, is the one that fits in the fewest places.

use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::parse::{Unit, Value, What};
use super::{Part, mistake};

/// Tries the parts of a request in their order.
///
/// # Errors
/// The setting, the place in it, and what was expected there.
pub(super) fn check(parts: &[&Part<'_>]) -> Result<(), String> {
    let mut body = String::new();
    // Where in the body each piece begins: its part, its place in it, and whether what follows stands there byte for byte.
    let mut origins = vec![];
    for part in parts {
        for piece in &part.pieces {
            origins.push((body.len(), *part, piece));
            match &piece.what {
                What::Text(text) => body += text,
                What::Value { quoted: true, .. } => {}
                What::Value { value: Value::Event, .. } => body += "{}",
                What::Value { value: Value::Route | Value::Time(Unit::Text), .. } => body += "\"\"",
                What::Value { value: Value::Member(_) | Value::Time(_), .. } => body += "null",
            }
        }
    }
    let Some(error) = serde_json::Deserializer::from_str(&body).into_iter::<IgnoredAny>().find_map(Result::err) else {
        return Ok(());
    };
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or_default();
    if error.classify() == Category::Eof {
        return Err(format!(
            "template: expected JSON of prefix, template, separator and suffix together, found its end: {words}"
        ));
    }
    let lines_before: usize = body.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = lines_before + error.column().saturating_sub(1);
    let origin = origins.iter().rev().find(|(begin, ..)| *begin <= offset);
    let Some((begin, part, piece)) = origin else { return Err(format!("template: expected JSON: {words}")) };
    let inside = if piece.is_value() { 0 } else { offset - begin };
    Err(mistake(part.setting, part.text, piece.at + inside, &format!("expected JSON: {words}")))
}
