//! The bulk API of Elasticsearch and OpenSearch: an action line and the event, the answer has one item for each.
//!
//! The action is `create` with the event's id, so that an event that comes again is known (409) and counts as accepted.
//! That holds within one index: a date in its name is the event's own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::answer::{Fate, Judgement};
use super::event::{Event, Facts};

/// Index names.
#[derive(Debug)]
pub(super) struct Encoder {
    parts: Vec<Part>,
}

/// A piece of an index name.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Route,
    /// `2021.06.04`, of the event, in UTC; of today where it has no time.
    Date,
    /// `2021.06`
    Month,
    Cluster,
    Instance,
}

/// The longest index name in bytes.
const LONGEST: usize = 255;

#[derive(Serialize)]
struct Action<'a> {
    create: Create<'a>,
}

#[derive(Serialize)]
struct Create<'a> {
    _index: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    _id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Deserialize)]
struct Item {
    status: u16,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct Error {
    #[serde(default, rename = "type")]
    kind: String,
}

/// What is asked of the answer: the full one echoes every index, id and sometimes values.
pub(super) const FILTER: (&str, &str) = ("filter_path", "errors,items.*.status,items.*.error.type");

impl Encoder {
    /// Reads a template such as `das-{route}-{date}`.
    ///
    /// # Errors
    /// A name in braces that is not known.
    pub(super) fn new(template: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (vec![], template);
        while let Some((text, behind)) = rest.split_once('{') {
            let Some((name, behind)) = behind.split_once('}') else {
                return Err(format!("index: expected }} behind {{ in \"{template}\""));
            };
            parts.push(Part::Text(text.to_owned()));
            parts.push(match name {
                "route" => Part::Route,
                "date" => Part::Date,
                "month" => Part::Month,
                "cluster" => Part::Cluster,
                "instance" => Part::Instance,
                _ => {
                    return Err(format!(
                        "index: expected {{route}}, {{date}}, {{month}}, {{cluster}} or {{instance}}, found {{{name}}}"
                    ));
                }
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        match template.trim() {
            "" => Err("index: expected a name, found nothing".to_owned()),
            _ => Ok(Encoder { parts }),
        }
    }

    /// Two lines for each event.
    pub(super) fn encode(&self, events: &[Event<'_>], body: &mut Vec<u8>) {
        for event in events {
            let facts = event.facts();
            let index = self.index(event.route, &facts);
            // Writing into memory cannot fail.
            let _ = serde_json::to_writer(&mut *body, &Action { create: Create { _index: &index, _id: facts.id() } });
            body.push(b'\n');
            body.extend_from_slice(event.line.as_bytes());
            body.push(b'\n');
        }
    }

    fn index(&self, route: &str, facts: &Facts<'_>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            let day = |format| {
                let time = facts.time().unwrap_or_else(Timestamp::now).to_zoned(TimeZone::UTC);
                Cow::from(time.strftime(format).to_string())
            };
            name += &match part {
                Part::Text(text) => Cow::from(text),
                Part::Route => Cow::from(route),
                Part::Date => day("%Y.%m.%d"),
                Part::Month => day("%Y.%m"),
                Part::Cluster => facts.cluster().unwrap_or_else(|| "none".into()),
                Part::Instance => facts.instance().unwrap_or_else(|| "none".into()),
            };
        }
        permitted(&name)
    }
}

/// What Elasticsearch permits in a name: lower case, none of some characters, none of `-_+` in front.
fn permitted(name: &str) -> String {
    let safe = |letter: char| match letter {
        '\\' | '/' | '*' | '?' | '"' | '<' | '>' | '|' | ' ' | ',' | '#' | ':' => '-',
        control if control.is_control() => '-',
        other => other,
    };
    let mut name: String = name.to_lowercase().chars().map(safe).collect();
    while name.starts_with(['-', '_', '+', '.']) {
        name.remove(0);
    }
    while name.len() > LONGEST {
        name.pop();
    }
    if name.is_empty() { "dastap".to_owned() } else { name }
}

/// The fate of each event of a bulk request that was answered with success as a whole.
pub(super) fn judge(body: &[u8], events: usize) -> Judgement {
    let answer = serde_json::from_slice::<Answer>(body).ok().filter(|answer| answer.items.len() == events);
    let Some(answer) = answer else {
        return Judgement::Later("answered success, but not with an item for each event".to_owned(), false);
    };
    let fate = |item: BTreeMap<String, Item>| match item.into_values().next() {
        // The same event was there before.
        Some(Item { status: 200..=299 | 409, .. }) => Fate::Accepted,
        Some(Item { status: status @ (400 | 413 | 422), error }) => {
            let kind = error.map_or(String::new(), |error| error.kind);
            // A word such as mapper_parsing_exception; the reason behind it would show the value.
            let word = kind.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(60);
            Fate::Refused(format!("answered {status} {}", word.collect::<String>()))
        }
        // Full queues, blocked or missing indices: nothing is wrong with the event.
        _ => Fate::Again,
    };
    let fates: Vec<Fate> = answer.items.into_iter().map(fate).collect();
    match fates.iter().all(|fate| *fate == Fate::Accepted) {
        true => Judgement::Accepted,
        false => Judgement::Each(fates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_same_event_goes_to_the_same_place() {
        let line = r#"{"eventId":"ab-1","clusterId":"cluster-A","logTime":"2021-06-04 23:59:59+00"}"#;
        let event = Event { line, route: "DDL/Create Table" };
        for (template, expected) in [
            ("das-{route}-{date}", "das-ddl-create-table-2021.06.04"),
            ("das-{month}", "das-2021.06"),
            ("{cluster}-{instance}", "cluster-a-none"),
            ("_plain", "plain"),
        ] {
            let mut body = vec![];
            Encoder::new(template).unwrap().encode(&[event, event], &mut body);
            let body = String::from_utf8(body).unwrap();
            let lines: Vec<&str> = body.lines().collect();
            assert_eq!(lines[1], line);
            let action: Value = serde_json::from_str(lines[2]).unwrap();
            assert_eq!(action, json!({"create": {"_index": expected, "_id": "ab-1"}}));
        }
    }

    #[test]
    fn a_wrong_template_is_named() {
        assert!(Encoder::new("das-{day}").unwrap_err().ends_with("found {day}"));
        assert!(Encoder::new("das-{date").is_err() && Encoder::new(" ").is_err());
    }

    #[test]
    fn every_item_has_its_own_fate() {
        let body = |items: &[u16]| {
            let error = json!({"type": "document_parsing_exception", "reason": "value 'hush'"});
            let items: Vec<Value> =
                items.iter().map(|status| json!({"create": {"status": status, "error": error}})).collect();
            json!({"errors": true, "items": items}).to_string().into_bytes()
        };
        assert_eq!(judge(&body(&[201, 200, 409]), 3), Judgement::Accepted);
        let refused = Fate::Refused("answered 400 document_parsing_exception".to_owned());
        let expected = vec![Fate::Accepted, Fate::Again, refused, Fate::Again, Fate::Again];
        assert_eq!(judge(&body(&[201, 429, 400, 503, 404]), 5), Judgement::Each(expected));
        for (answer, events) in [(body(&[201]), 2), (b"{}".to_vec(), 1), (b"<html>".to_vec(), 1)] {
            assert!(matches!(judge(&answer, events), Judgement::Later(_, false)));
        }
    }
}
