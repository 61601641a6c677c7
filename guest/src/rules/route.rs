//! Where a kept event goes: a name, or a template over the event's fields.

use super::sigma::{Compiler, Field, Values};

/// A route: `ddl`, `"{class}/{command}"`, `"{databaseName}/{yyyy}/{mm}/{dd}"`.
#[derive(Clone, Debug)]
pub(crate) struct Route(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Value(Field),
    /// A part of the event's time.
    Time(Field, std::ops::Range<usize>),
}

/// A route stands in file names and metrics.
const BYTES_MOST: usize = 256;
const PIECES_MOST: usize = 32;
/// Of a value that comes out of an event.
const VALUE_CHARACTERS_MOST: usize = 64;
/// What stands for a value that the event does not have.
const MISSING: &str = "none";

/// The parts of a time as RFC 3339 writes it.
const TIME_PARTS: [(&str, std::ops::Range<usize>); 4] = [("yyyy", 0..4), ("mm", 5..7), ("dd", 8..10), ("hh", 11..13)];

impl Route {
    /// Reads a template. `{{` and `}}` are braces.
    pub(crate) fn parse(text: &str, compiler: &mut Compiler) -> Result<Route, String> {
        if text.is_empty() || text.len() > BYTES_MOST {
            return Err(format!("expected 1 to {BYTES_MOST} bytes, found {}", text.len()));
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let at = text.len().saturating_sub(rest.len());
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
            match character {
                '{' | '}' if rest.starts_with(character) => {
                    literal.push(character);
                    rest = rest.get(1..).unwrap_or_default();
                }
                '}' => return Err(format!("byte {at}: `}}` without `{{`; write `}}}}` for a brace")),
                '{' => {
                    let Some((name, behind)) = rest.split_once('}') else {
                        return Err(format!("byte {at}: `{{` without `}}`; write `{{{{` for a brace"));
                    };
                    rest = behind;
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece(name, compiler).map_err(|error| format!("byte {at}: {error}"))?);
                }
                character if character.is_control() => return Err(format!("byte {at}: a control character")),
                character => literal.push(character),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        if pieces.len() > PIECES_MOST {
            return Err(format!("more than {PIECES_MOST} pieces"));
        }
        check_path(&pieces)?;
        Ok(Route(pieces))
    }

    /// The route of an event. `buffer` holds it where it has to be put together.
    pub(crate) fn of<'b>(&'b self, values: &mut Values, event: &str, buffer: &'b mut String) -> &'b str {
        if let [Piece::Literal(literal)] = self.0.as_slice() {
            return literal;
        }
        buffer.clear();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => buffer.push_str(literal),
                Piece::Value(field) => match values.plain(*field, event) {
                    Some(value) if !value.is_empty() => push_value(value, buffer),
                    _ => buffer.push_str(MISSING),
                },
                Piece::Time(field, part) => {
                    let time = values.plain(*field, event).and_then(|time| time.get(part.clone()));
                    buffer.push_str(time.unwrap_or(MISSING));
                }
            }
        }
        buffer
    }
}

fn piece(name: &str, compiler: &mut Compiler) -> Result<Piece, String> {
    match TIME_PARTS.iter().find(|(part, _)| *part == name) {
        Some((_, range)) => Ok(Piece::Time(compiler.field("time")?, range.clone())),
        None => Ok(Piece::Value(compiler.field(name)?)),
    }
}

/// Values cannot make a step of a path that is empty, `.` or `..`; the template itself can.
fn check_path(pieces: &[Piece]) -> Result<(), String> {
    let shown: String = pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text } else { "x" }).collect();
    if shown.contains('\\') {
        return Err("`\\` has no place in a route; write `/`".to_string());
    }
    match shown.split('/').find(|step| matches!(*step, "" | "." | "..")) {
        None => Ok(()),
        Some("") => Err("a step of the path is empty: `/` stands at an end, or twice".to_string()),
        Some(step) => Err(format!("`{step}` has no place in a route")),
    }
}

/// Letters, digits and a few signs stay; everything else, and a dot in front, becomes `_`.
fn push_value(value: &str, route: &mut String) {
    for (position, character) in value.chars().take(VALUE_CHARACTERS_MOST).enumerate() {
        let stays = character.is_alphanumeric() || "-_=@+,".contains(character) || (character == '.' && position > 0);
        route.push(if stays { character } else { '_' });
    }
}
