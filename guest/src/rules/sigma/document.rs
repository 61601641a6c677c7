//! A whole Sigma rule: what it says about itself, and its detection.

use serde_json::{Map, Value, json};

use super::compiler::Compiler;
use super::condition;
use super::expression::Expression;
use super::selection;
use crate::settings::kind;

/// A Sigma rule, compiled.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) when: Expression,
    /// `{"title":...,"level":...,"id":...,"tags":[...]}`: what a match says about the event.
    pub(crate) mark: String,
}

/// The specification's own bound.
const TITLE_CHARACTERS_MOST: usize = 256;
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
/// A mark stands in front of every event that matches.
const MARK_BYTES_MOST: usize = 4096;

impl Document {
    /// Reads a rule. An error comes with the title where there is one, and starts with its place inside the rule.
    pub(crate) fn read<'v>(value: &'v Value, compiler: &mut Compiler) -> Result<Document, (Option<&'v str>, String)> {
        let Value::Object(rule) = value else {
            return Err((None, format!(": expected a Sigma rule, found {}", kind(value))));
        };
        let title = rule.get("title").and_then(Value::as_str);
        read(rule, compiler).map_err(|error| (title, error))
    }
}

fn read(rule: &Map<String, Value>, compiler: &mut Compiler) -> Result<Document, String> {
    for (member, what) in UNSUPPORTED {
        if rule.contains_key(member) {
            return Err(format!(".{member}: {what}"));
        }
    }
    let title = text(rule, "title")?.ok_or(".title: missing; every Sigma rule has one")?;
    if title.is_empty() || title.chars().count() > TITLE_CHARACTERS_MOST || title.contains(char::is_control) {
        return Err(format!(
            ".title: expected 1 to {TITLE_CHARACTERS_MOST} characters, none of them a control character"
        ));
    }
    logsource(rule.get("logsource"))?;
    let when = detection(rule.get("detection"), compiler)?;
    let mark = mark(rule, title)?;
    Ok(Document { title: title.to_string(), when, mark })
}

/// Documents that are no detection rules.
const UNSUPPORTED: [(&str, &str); 3] = [
    ("correlation", "correlation rules join several events; dastap judges each event by itself"),
    ("action", "collections (`action: global`, `repeat`, `reset`) left Sigma with version 2; write whole rules"),
    ("filter", "Sigma filters are not supported; write the exception into the rule's condition"),
];

fn text<'v>(rule: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>, String> {
    match rule.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!(".{name}: expected a text, found {}", kind(other))),
    }
}

/// Rules for other logs would never match, and nobody would notice.
fn logsource(value: Option<&Value>) -> Result<(), String> {
    let source = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(source)) => source,
        Some(other) => return Err(format!(".logsource: expected a map, found {}", kind(other))),
    };
    for (member, accepted) in [("product", "aws"), ("service", "rds_das"), ("category", "database")] {
        match source.get(member) {
            None | Some(Value::Null) => {}
            Some(Value::String(found)) if found == accepted => {}
            Some(found) => {
                return Err(format!(
                    ".logsource.{member}: expected {accepted} or none, found {found}: the rule is for another log"
                ));
            }
        }
    }
    Ok(())
}

fn detection(value: Option<&Value>, compiler: &mut Compiler) -> Result<Expression, String> {
    let detection = match value {
        Some(Value::Object(detection)) => detection,
        Some(other) => return Err(format!(".detection: expected a map, found {}", kind(other))),
        None => return Err(".detection: missing".to_string()),
    };
    if detection.contains_key("timeframe") {
        return Err(".detection.timeframe: dastap judges each event by itself".to_string());
    }
    let mut selections = Vec::new();
    for (name, value) in detection.iter().filter(|(name, _)| *name != "condition") {
        let selection = selection::compile(value, compiler).map_err(|error| format!(".detection.{name}{error}"))?;
        selections.push((name.as_str(), selection));
    }
    if selections.is_empty() {
        return Err(".detection: expected at least one selection".to_string());
    }
    let condition = detection.get("condition").ok_or(".detection.condition: missing")?;
    condition::compile(condition, selections).map_err(|error| format!(".detection.condition{error}"))
}

fn mark(rule: &Map<String, Value>, title: &str) -> Result<String, String> {
    let mut mark = format!("{{\"title\":{}", json!(title));
    if let Some(level) = text(rule, "level")? {
        if !LEVELS.contains(&level) {
            return Err(format!(".level: expected one of {}, found {level:?}", LEVELS.join(", ")));
        }
        mark.push_str(&format!(",\"level\":{}", json!(level)));
    }
    if let Some(id) = text(rule, "id")? {
        mark.push_str(&format!(",\"id\":{}", json!(id)));
    }
    match rule.get("tags") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tags)) if tags.iter().all(Value::is_string) => {
            mark.push_str(&format!(",\"tags\":{}", json!(tags)));
        }
        Some(_) => return Err(".tags: expected a list of texts".to_string()),
    }
    mark.push('}');
    match mark.len() > MARK_BYTES_MOST {
        true => Err(format!(": title, id and tags have {} bytes together; at most {MARK_BYTES_MOST}", mark.len())),
        false => Ok(mark),
    }
}
