//! Format `template`: JSON of the user's own around every event, for services that have no format here.
//!
//! A template is JSON with names in braces. Whatever an event holds, what stands for a name is JSON in its place:
//!
//! | name | between quotes | elsewhere |
//! |---|---|---|
//! | `{event}` | the event's line, escaped | the event, byte for byte |
//! | `{dbUserName}`, `{sigma.title}` | the member's text, escaped; nothing where it is missing or null | its JSON, `null` where it is missing |
//! | `{route}` | the route, escaped | the same as a string |
//! | `{time}` | the event's time in RFC 3339 and UTC, the request's where the event has none | the same as a string |
//! | `{time:s}`, `{time:ms}`, `{time:ns}` | the same in seconds, milliseconds, nanoseconds since 1970 | the same as a number |
//!
//! Between quotes `{{` and `}}` are braces; elsewhere a brace without a name is JSON's own. `prefix`, `separator` and
//! `suffix` stand around and between the events of a request, and have no names in them. Mistakes are found before
//! anything is sent: see [`check`].

mod check;
mod member;
mod parse;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::event::Event;
use member::Members;
use parse::{Piece, Unit, Value, What};

/// What stands in a request.
#[derive(Debug)]
pub(super) struct Template {
    prefix: String,
    event: Vec<Piece>,
    separator: String,
    suffix: String,
}

/// The settings of a template, as they were written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) prefix: &'a str,
    pub(super) template: &'a str,
    pub(super) separator: &'a str,
    pub(super) suffix: &'a str,
}

/// What one event gives for the names.
struct Values<'a> {
    event: &'a Event<'a>,
    members: Members<'a>,
    time: Timestamp,
}

/// Most bytes of each text. A name costs its value in every event, so there is no room for many.
const LONGEST: usize = 8 << 10;

impl Template {
    /// Events as they are, with this around them.
    pub(super) fn of_events(prefix: &str, separator: &str, suffix: &str) -> Self {
        let [prefix, separator, suffix] = [prefix, separator, suffix].map(str::to_owned);
        let event = vec![Piece { at: 0, what: What::Value { value: Value::Event, quoted: false } }];
        Template { prefix, event, separator, suffix }
    }

    /// Reads and checks what was written.
    ///
    /// # Errors
    /// The setting, the place in it, and what was expected.
    pub(super) fn read(texts: Texts<'_>) -> Result<Self, String> {
        let Texts { prefix, template, separator, suffix } = texts;
        let [prefix, event, separator, suffix] =
            [("prefix", prefix), ("template", template), ("separator", separator), ("suffix", suffix)]
                .map(|(setting, text)| Part::read(setting, text));
        let (prefix, event, separator, suffix) = (prefix?, event?, separator?, suffix?);
        if !event.pieces.iter().any(Piece::is_value) {
            return Err("template: expected a name in it, such as {event}, found none: every event would be the same"
                .to_owned());
        }
        check::check(&[&prefix, &event, &separator, &event, &suffix])?;
        let [prefix, separator, suffix] = [prefix, separator, suffix].map(Part::into_text);
        Ok(Template { prefix: prefix?, event: event.pieces, separator: separator?, suffix: suffix? })
    }

    /// A request's body.
    pub(super) fn encode(&self, events: &[Event<'_>], body: &mut Vec<u8>) {
        let now = Timestamp::now();
        let has = |wanted: fn(&Value) -> bool| self.event.iter().any(|piece| piece.value().is_some_and(wanted));
        let has_members = has(|value| matches!(value, Value::Member(_)));
        let has_time = has(|value| matches!(value, Value::Time(_)));
        body.extend_from_slice(self.prefix.as_bytes());
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                body.extend_from_slice(self.separator.as_bytes());
            }
            let time = if has_time { event.facts().time().unwrap_or(now) } else { now };
            let members = if has_members { member::members(event.line) } else { Members::default() };
            let values = Values { event, members, time };
            for piece in &self.event {
                match &piece.what {
                    What::Text(text) => body.extend_from_slice(text.as_bytes()),
                    What::Value { value, quoted: true } => values.quoted(value, body),
                    What::Value { value, quoted: false } => values.json(value, body),
                }
            }
        }
        body.extend_from_slice(self.suffix.as_bytes());
    }
}

/// One of the texts, taken apart.
struct Part<'a> {
    setting: &'static str,
    text: &'a str,
    pieces: Vec<Piece>,
}

impl<'a> Part<'a> {
    fn read(setting: &'static str, text: &'a str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("{setting}: expected at most {LONGEST} bytes, found {}", text.len()));
        }
        let pieces = parse::parse(text).map_err(|(at, problem)| mistake(setting, text, at, &problem))?;
        Ok(Part { setting, text, pieces })
    }

    /// Without names.
    fn into_text(self) -> Result<String, String> {
        let Part { setting, text, pieces } = self;
        let only_text = |piece: Piece| match piece.what {
            What::Text(text) => Ok(text),
            What::Value { .. } => {
                Err(mistake(setting, text, piece.at, "expected no name: it stands only once in a request"))
            }
        };
        pieces.into_iter().map(only_text).collect()
    }
}

/// A problem at a byte of a setting, in words.
fn mistake(setting: &str, text: &str, at: usize, problem: &str) -> String {
    let before = text.get(..at).unwrap_or(text).chars().count();
    format!("{setting}: character {}: {problem}", before + 1)
}

impl Values<'_> {
    /// As it stands between quotes.
    fn quoted(&self, value: &Value, body: &mut Vec<u8>) {
        match value {
            Value::Event => escape(self.event.line, body),
            Value::Route => escape(self.event.route, body),
            Value::Time(unit) => body.extend_from_slice(time(self.time, *unit).as_bytes()),
            Value::Member(path) => match member::find(&self.members, path).map(RawValue::get) {
                None | Some("null") => {}
                Some(json) => match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
                    // It is escaped already.
                    Some(text) => body.extend_from_slice(text.as_bytes()),
                    None => escape(json, body),
                },
            },
        }
    }

    /// As it stands elsewhere.
    fn json(&self, value: &Value, body: &mut Vec<u8>) {
        match value {
            Value::Event => body.extend_from_slice(self.event.line.as_bytes()),
            Value::Member(path) => {
                let json = member::find(&self.members, path).map_or("null", RawValue::get);
                body.extend_from_slice(json.as_bytes());
            }
            Value::Time(Unit::Seconds | Unit::Milliseconds | Unit::Nanoseconds) => self.quoted(value, body),
            Value::Route | Value::Time(Unit::Text) => {
                body.push(b'"');
                self.quoted(value, body);
                body.push(b'"');
            }
        }
    }
}

fn time(time: Timestamp, unit: Unit) -> String {
    match unit {
        Unit::Text => time.to_string(),
        Unit::Seconds => time.as_second().to_string(),
        Unit::Milliseconds => time.as_millisecond().to_string(),
        Unit::Nanoseconds => time.as_nanosecond().to_string(),
    }
}

/// A text as it stands between the quotes of a JSON string.
fn escape(text: &str, body: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    body.extend_from_slice(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests;
