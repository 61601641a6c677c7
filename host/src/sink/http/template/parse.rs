//! A template's text, taken apart into JSON and names.

use dastap_guest::settings::{FIELDS, nearest};

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The byte at which it begins.
    pub(super) at: usize,
    pub(super) what: What,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Text(String),
    /// What stands for a name.
    Value {
        value: Value,
        /// It stands between the quotes of a JSON string.
        quoted: bool,
    },
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Event,
    Route,
    Time(Unit),
    /// The names on the way to a member of the event.
    Member(Vec<String>),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Text,
    Seconds,
    Milliseconds,
    Nanoseconds,
}

/// What was wrong, and at which byte.
pub(super) type Mistake = (usize, String);

const UNITS: [(&str, Unit); 3] = [("s", Unit::Seconds), ("ms", Unit::Milliseconds), ("ns", Unit::Nanoseconds)];

/// The names that are no members.
const OWN: [&str; 3] = ["event", "route", "time"];
/// What the shapes put beside the fields of the databases: `event`, `envelope`, `ocsf`, `ecs`. What lies inside of members
/// is not checked.
const SHAPES: [&str; 4] = [
    "eventId clusterId instanceId sigma",
    "databaseActivityEventList",
    "activity_id activity_name actor category_uid class_name class_uid database dst_endpoint duration end_time message \
     metadata observables query_info raw_data raw_data_size severity_id src_endpoint start_time status status_code \
     status_detail status_id table type_id type_uid unmapped user",
    "@timestamp aws client cloud db ecs error network process related server service source user_agent",
];

/// Most names in a template, and most steps to a member.
const NAMES: usize = 32;
const STEPS: usize = 8;

impl Piece {
    /// What it stands for, if it is a name.
    pub(super) fn value(&self) -> Option<&Value> {
        match &self.what {
            What::Text(_) => None,
            What::Value { value, .. } => Some(value),
        }
    }

    /// Whether it is a name.
    pub(super) fn is_value(&self) -> bool {
        self.value().is_some()
    }
}

/// Takes a text apart.
///
/// # Errors
/// An unknown name, a brace that is none, a string that does not end.
pub(super) fn parse(text: &str) -> Result<Vec<Piece>, Mistake> {
    let mut pieces = vec![];
    // Where the string began that we are in, and the text that is not in a piece yet.
    let (mut string, mut begun, mut at) = (None, 0, 0);
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let behind = at + character.len_utf8();
        let next = text.get(behind..).and_then(|rest| rest.chars().next());
        at = match (character, string) {
            ('"', None) => {
                string = Some(at);
                behind
            }
            ('"', Some(_)) => {
                string = None;
                behind
            }
            ('\\', Some(_)) => behind + next.map_or(0, char::len_utf8),
            ('{' | '}', Some(_)) if next == Some(character) => {
                push_text(text, begun..behind, &mut pieces);
                begun = behind + 1;
                begun
            }
            ('}', Some(_)) => return Err((at, "expected { before }; write }} for a brace in a text".to_owned())),
            ('{', _) => match name(text, behind, string.is_some())? {
                None => behind,
                Some((name, end)) => {
                    push_text(text, begun..at, &mut pieces);
                    let value = value(name).map_err(|problem| (at, problem))?;
                    pieces.push(Piece { at, what: What::Value { value, quoted: string.is_some() } });
                    begun = end;
                    end
                }
            },
            _ => behind,
        };
    }
    if let Some(string) = string {
        return Err((string, "expected the string that begins here to end".to_owned()));
    }
    push_text(text, begun..text.len(), &mut pieces);
    match pieces.iter().filter(|piece| piece.is_value()).nth(NAMES) {
        Some(piece) => Err((piece.at, format!("expected at most {NAMES} names"))),
        None => Ok(pieces),
    }
}

fn push_text(text: &str, range: std::ops::Range<usize>, pieces: &mut Vec<Piece>) {
    let at = range.start;
    if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
        pieces.push(Piece { at, what: What::Text(text.to_owned()) });
    }
}

/// The name behind a brace and where it ends. Outside of strings a brace may be JSON's own: then there is none.
fn name(text: &str, begin: usize, in_string: bool) -> Result<Option<(&str, usize)>, Mistake> {
    let rest = text.get(begin..).unwrap_or_default();
    let is_of_name = |character: char| character.is_alphanumeric() || "_@.:- ".contains(character);
    let end = rest.find(|character| !is_of_name(character));
    let found = end.filter(|end| rest.get(*end..).is_some_and(|rest| rest.starts_with('}')));
    let found = found.and_then(|end| Some((rest.get(..end)?.trim(), begin + end + 1)));
    match found.filter(|(name, _)| !name.is_empty()) {
        None if in_string => {
            Err((begin - 1, "expected a name and } behind {; write {{ for a brace in a text".to_owned()))
        }
        name => Ok(name),
    }
}

fn value(name: &str) -> Result<Value, String> {
    let (name, unit) = name.split_once(':').map_or((name, None), |(name, unit)| (name, Some(unit)));
    match (name, unit) {
        ("time", None) => Ok(Value::Time(Unit::Text)),
        ("time", Some(unit)) => match UNITS.iter().find(|(known, _)| *known == unit) {
            Some((_, unit)) => Ok(Value::Time(*unit)),
            None => Err(format!("expected {{time:s}}, {{time:ms}} or {{time:ns}}, found {{time:{unit}}}")),
        },
        (name, Some(_)) => Err(format!("expected {{{name}}} alone: only {{time}} has units")),
        ("event", None) => Ok(Value::Event),
        ("route", None) => Ok(Value::Route),
        (path, None) => member(path),
    }
}

fn member(path: &str) -> Result<Value, String> {
    let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
    let first = path.split('.').next().unwrap_or_default();
    // `event` is the whole event, and in shape `ecs` a member too.
    let shapes = SHAPES.into_iter().flat_map(str::split_whitespace);
    let known: Vec<&str> = OWN.into_iter().chain(FIELDS).chain(shapes).collect();
    if !known.contains(&first) || (steps.len() > 1 && ["route", "time"].contains(&first)) {
        return Err(match nearest(first, &known) {
            Some(near) if near != first => format!("unknown name {{{path}}}; did you mean {{{near}}}?"),
            _ => format!(
                "unknown name {{{path}}}; known are {{event}}, {{route}}, {{time}} and the members of an event, such as \
                 {{dbUserName}}"
            ),
        });
    }
    if steps.len() > STEPS || steps.iter().any(String::is_empty) {
        return Err(format!("expected at most {STEPS} names with dots between them, found {{{path}}}"));
    }
    Ok(Value::Member(steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let (at, problem) = parse(text).unwrap_err();
        format!("{at}: {problem}")
    }

    #[test]
    fn names_are_told_from_the_braces_of_json() {
        let value = |at, value, quoted| Piece { at, what: What::Value { value, quoted } };
        let text = |at, text: &str| Piece { at, what: What::Text(text.into()) };
        let member = |path: &str| Value::Member(path.split('.').map(str::to_owned).collect());
        let found = parse(r#"{"a":{ event },"b":{},"c":"\"{time:ms} {{x}} {sigma.title}"}"#).unwrap();
        let expected = [
            text(0, r#"{"a":"#),
            value(5, Value::Event, false),
            text(14, r#","b":{},"c":"\""#),
            value(29, Value::Time(Unit::Milliseconds), true),
            text(38, " {"),
            text(41, "x}"),
            text(44, " "),
            value(45, member("sigma.title"), true),
            text(58, r#""}"#),
        ];
        assert_eq!(found, expected);
        assert_eq!(parse("{@timestamp}{event.id}").unwrap().len(), 2, "members of shape ecs");
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_what_may_be_meant() {
        for (text, expected) in [
            (r#"{"a":"{clustrId}"}"#, "6: unknown name {clustrId}; did you mean {clusterId}?"),
            (r#"{"a":{evnt}}"#, "5: unknown name {evnt}; did you mean {event}?"),
            ("{zzzzzzzzzz}", "0: unknown name {zzzzzzzzzz}; known are {event}, {route}, {time} and"),
            ("{route.x}", "0: unknown name {route.x}; known are"),
            ("{time:sec}", "0: expected {time:s}, {time:ms} or {time:ns}, found {time:sec}"),
            ("{event:string}", "0: expected {event} alone: only {time} has units"),
            (r#""{event""#, "1: expected a name and } behind {"),
            (r#""{}""#, "1: expected a name and } behind {"),
            (r#""a}""#, "2: expected { before }"),
            (r#"[{event},"a]"#, "9: expected the string that begins here to end"),
            ("{sigma..title}", "0: expected at most 8 names with dots"),
        ] {
            let found = problem(text);
            assert!(found.starts_with(expected), "{text}: {found}");
        }
        assert!(problem(&"{event}".repeat(33)).ends_with("expected at most 32 names"));
    }
}
