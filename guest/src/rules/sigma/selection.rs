//! Selections: maps of fields (all must match), lists of maps (one must match), keywords (anywhere in the event).

use serde_json::{Map, Value};

use super::compiler::{Compiler, Field};
use super::expression::{Expression, Keywords, Same, Test};
use super::matcher::{Join, Matcher, Matchers};
use super::modifiers::{Kind, Modifiers};
use super::network::Network;
use super::number::Number;
use super::pattern::Pattern;
use super::regex;
use crate::settings::kind;

/// Each is held against an event one by one.
const VALUES_MOST: usize = 10_000;

impl Compiler {
    /// Compiles a selection. An error starts with its place inside it.
    pub(crate) fn selection(&mut self, value: &Value) -> Result<Expression, String> {
        compile(value, self)
    }
}

pub(super) fn compile(value: &Value, compiler: &mut Compiler) -> Result<Expression, String> {
    match value {
        Value::Object(fields) => map(fields, compiler),
        Value::Array(list) if list.is_empty() => Err(": expected at least one value".to_string()),
        Value::Array(list) => {
            let (maps, words): (Vec<_>, Vec<_>) = list.iter().enumerate().partition(|(_, value)| value.is_object());
            let mut choices = Vec::new();
            for (position, value) in maps {
                let Value::Object(fields) = value else { continue };
                choices.push(map(fields, compiler).map_err(|error| format!("[{position}]{error}"))?);
            }
            if !words.is_empty() {
                let words: Vec<&Value> = words.into_iter().map(|(_, word)| word).collect();
                choices.push(keywords(&Modifiers::default(), &words, compiler)?);
            }
            Ok(Expression::any(choices))
        }
        Value::String(_) | Value::Number(_) => keywords(&Modifiers::default(), &[value], compiler),
        other => Err(format!(": expected a map of fields, a list of them, or keywords, found {}", kind(other))),
    }
}

fn map(fields: &Map<String, Value>, compiler: &mut Compiler) -> Result<Expression, String> {
    if fields.is_empty() {
        return Err(": expected at least one field; what no rule matches is left to `otherwise`".to_string());
    }
    let item = |(key, value): (&String, &Value)| item(key, value, compiler).map_err(|error| format!(".{key}{error}"));
    Ok(Expression::all(fields.iter().map(item).collect::<Result<_, _>>()?))
}

/// One member of a map: a field with its modifiers, and the values that it may have.
fn item(key: &str, value: &Value, compiler: &mut Compiler) -> Result<Expression, String> {
    let (name, modifiers) = match key.split_once('|') {
        None => (key, Modifiers::default()),
        Some((name, modifiers)) => (name, Modifiers::parse(modifiers).map_err(|error| format!(": {error}"))?),
    };
    let values: Vec<&Value> = match value {
        Value::Array(list) if list.is_empty() => return Err(": expected at least one value".to_string()),
        Value::Array(list) if list.len() > VALUES_MOST => {
            return Err(format!(": expected at most {VALUES_MOST} values, found {}", list.len()));
        }
        Value::Array(list) => list.iter().collect(),
        Value::Object(_) => return Err(": expected a value or a list of values, found a map".to_string()),
        value => vec![value],
    };
    if name.is_empty() {
        return keywords(&modifiers, &values, compiler);
    }
    let field = compiler.field(name).map_err(|error| format!(": {error}"))?;
    match modifiers.kind {
        Kind::Exists => exists(field, &values),
        Kind::FieldReference => same(field, &modifiers, &values, compiler),
        _ => test(field, &modifiers, &values, compiler),
    }
}

fn exists(field: Field, values: &[&Value]) -> Result<Expression, String> {
    match values {
        [Value::Bool(expected)] => Ok(Expression::Exists { field, expected: *expected }),
        _ => Err(": `exists` expects true or false".to_string()),
    }
}

fn same(field: Field, modifiers: &Modifiers, values: &[&Value], compiler: &mut Compiler) -> Result<Expression, String> {
    let mut parts = Vec::new();
    for value in values {
        let Value::String(name) = value else {
            return Err(format!(": `fieldref` expects the name of a field, found {}", kind(value)));
        };
        let other = compiler.field(name).map_err(|error| format!(": {error}"))?;
        parts.push(Expression::Same(Same { field, other, place: modifiers.place, cased: modifiers.cased }));
    }
    let same = if modifiers.all { Expression::all(parts) } else { Expression::any(parts) };
    Ok(if modifiers.negated { Expression::not(same) } else { same })
}

fn test(field: Field, modifiers: &Modifiers, values: &[&Value], compiler: &mut Compiler) -> Result<Expression, String> {
    let mut null = false;
    let mut matchers = Vec::new();
    for (position, value) in values.iter().enumerate() {
        let matcher = matcher(modifiers, value, compiler).map_err(|error| match values.len() {
            1 => format!(": {error}"),
            _ => format!("[{position}]: {error}"),
        })?;
        match matcher {
            Some(matcher) => matchers.push(matcher),
            None => null = true,
        }
    }
    if null && modifiers.all && !matchers.is_empty() {
        return Err(": with `all`, null and other values can never match together".to_string());
    }
    let join = if modifiers.all { Join::All } else { Join::Any };
    let test =
        Expression::Test(Test { field, cased: modifiers.is_cased(), null, matchers: Matchers::new(join, matchers) });
    Ok(if modifiers.negated { Expression::not(test) } else { test })
}

/// What a value has to be; none for null.
fn matcher(modifiers: &Modifiers, value: &Value, compiler: &mut Compiler) -> Result<Option<Matcher>, String> {
    let matcher = match (modifiers.kind, value) {
        (Kind::Regex(flags), Value::String(text)) => {
            compiler.one_more_regex()?;
            Matcher::Regex(regex::compile(text, flags)?)
        }
        (Kind::Network, Value::String(text)) => Matcher::Network(Network::parse(text)?),
        (Kind::Compare(order), Value::Number(number)) => Matcher::Compare(order, Number::of(number)),
        (Kind::Regex(_), other) => return Err(format!("`re` expects a regular expression, found {}", kind(other))),
        (Kind::Network, other) => return Err(format!("`cidr` expects a network, found {}", kind(other))),
        (Kind::Compare(order), other) => {
            return Err(format!("`{}` expects a number, found {}", order.name(), kind(other)));
        }
        (_, Value::String(text)) => Pattern::parse(text, modifiers.place)?.matcher(modifiers.cased),
        (_, Value::Number(number)) => match modifiers.place {
            None => Matcher::Number(Number::of(number)),
            place => Pattern::literal(&number.to_string(), place).matcher(modifiers.cased),
        },
        (_, Value::Bool(boolean)) => Pattern::literal(&boolean.to_string(), modifiers.place).matcher(modifiers.cased),
        (_, Value::Null) if modifiers.place.is_none() => return Ok(None),
        (_, other) => return Err(format!("expected a text, a number, true, false or null, found {}", kind(other))),
    };
    Ok(Some(matcher))
}

/// Keywords stand anywhere in the event: a word without wildcards is one that some text contains.
fn keywords(modifiers: &Modifiers, values: &[&Value], compiler: &mut Compiler) -> Result<Expression, String> {
    if let Kind::Exists | Kind::FieldReference | Kind::Compare(_) = modifiers.kind {
        return Err(": this modifier needs a field in front of it".to_string());
    }
    let mut words = Vec::new();
    for (position, value) in values.iter().enumerate() {
        let word = match (modifiers.kind, modifiers.place, value) {
            (Kind::Plain, None, Value::String(text)) if text.is_empty() => {
                Err("an empty keyword is in every event".to_string())
            }
            (Kind::Plain, None, Value::String(text)) => {
                Pattern::keyword(text).map(|word| word.matcher(modifiers.cased))
            }
            (Kind::Plain, _, Value::Null | Value::Bool(_)) => Err(format!("expected a keyword, found {}", kind(value))),
            _ => matcher(modifiers, value, compiler)
                .and_then(|word| word.ok_or_else(|| "expected a keyword, found null".to_string())),
        };
        words.push(word.map_err(|error| format!("[{position}]: {error}"))?);
    }
    let join = if modifiers.all { Join::All } else { Join::Any };
    let keywords = Expression::Keywords(Keywords { cased: modifiers.is_cased(), join, words });
    Ok(if modifiers.negated { Expression::not(keywords) } else { keywords })
}
