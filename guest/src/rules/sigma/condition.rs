//! `condition`: and, or, not, parentheses, `1 of x*`, `all of them` over named selections.

use std::sync::Arc;

use serde_json::Value;

use super::expression::Expression;
use crate::settings::{kind, nearest};

/// Compiles a condition, or a list of them, of which one must hold.
pub(super) fn compile(value: &Value, selections: Vec<(&str, Expression)>) -> Result<Expression, String> {
    let selections: Vec<(&str, Arc<Expression>)> =
        selections.into_iter().map(|(name, selection)| (name, Arc::new(selection))).collect();
    match value {
        Value::String(text) => parse(text, &selections).map_err(|error| format!(": {error}")),
        Value::Array(list) if list.is_empty() => Err(": expected at least one condition".to_string()),
        Value::Array(list) => {
            let conditions = list.iter().enumerate().map(|(position, value)| match value {
                Value::String(text) => parse(text, &selections).map_err(|error| format!("[{position}]: {error}")),
                other => Err(format!("[{position}]: expected a text, found {}", kind(other))),
            });
            Ok(Expression::any(conditions.collect::<Result<_, _>>()?))
        }
        other => Err(format!(": expected a text or a list of texts, found {}", kind(other))),
    }
}

fn parse(text: &str, selections: &[(&str, Arc<Expression>)]) -> Result<Expression, String> {
    if text.len() > BYTES_MOST {
        return Err(format!("longer than {BYTES_MOST} bytes"));
    }
    let mut parser = Parser { text, at: 0, open: 0, selections };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(")") => Err(parser.error("`)` without `(`")),
        Some("|") => Err(parser.error("aggregations behind `|` left Sigma with version 2")),
        Some(found) => Err(parser.error(&format!("expected `and`, `or` or the end, found `{found}`"))),
    }
}

const BYTES_MOST: usize = 16 << 10;
/// Parentheses and `not` inside each other.
const DEPTH_MOST: u32 = 64;

struct Parser<'a, 's> {
    text: &'a str,
    at: usize,
    open: u32,
    selections: &'s [(&'s str, Arc<Expression>)],
}

impl<'a> Parser<'a, '_> {
    fn or(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.and()?];
        while self.accept("or") {
            parts.push(self.and()?);
        }
        Ok(Expression::any(parts))
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.not()?];
        while self.accept("and") {
            parts.push(self.not()?);
        }
        Ok(Expression::all(parts))
    }

    fn not(&mut self) -> Result<Expression, String> {
        if !self.accept("not") {
            return self.primary();
        }
        self.enter()?;
        let inner = self.not()?;
        self.open = self.open.saturating_sub(1);
        Ok(Expression::not(inner))
    }

    fn primary(&mut self) -> Result<Expression, String> {
        let Some(word) = self.peek() else { return Err(self.error("expected a selection, found the end")) };
        if word == "(" {
            self.enter()?;
            self.take();
            let inner = self.or()?;
            if !self.accept(")") {
                return Err(self.error("expected `)`"));
            }
            self.open = self.open.saturating_sub(1);
            return Ok(inner);
        }
        let before = self.at;
        self.take();
        if self.accept("of") {
            return self.of(word, before);
        }
        if let Some((_, selection)) = self.selections.iter().find(|(name, _)| *name == word) {
            return Ok(Expression::Named(selection.clone()));
        }
        self.at = before;
        Err(self.error(&self.unknown(word)))
    }

    /// `1 of`, `any of`, `all of`; what follows says of which.
    fn of(&mut self, quantity: &str, before: usize) -> Result<Expression, String> {
        let join: fn(Vec<Expression>) -> Expression = match quantity.to_ascii_lowercase().as_str() {
            "1" | "any" => Expression::any,
            "all" => Expression::all,
            _ => {
                self.at = before;
                return Err(self.error(&format!("expected `1 of` or `all of`, found `{quantity} of`")));
            }
        };
        let Some(pattern) = self.peek().filter(|word| !matches!(*word, "(" | ")" | "|")) else {
            return Err(self.error("expected `them` or a pattern of selections behind `of`"));
        };
        let pattern = if pattern.eq_ignore_ascii_case("them") { "*" } else { pattern };
        // By convention, selections that start with an underscore are meant only where they are named.
        let chosen: Vec<Expression> = self
            .selections
            .iter()
            .filter(|(name, _)| pattern.starts_with('_') || !name.starts_with('_'))
            .filter(|(name, _)| matches(pattern, name))
            .map(|(_, selection)| Expression::Named(selection.clone()))
            .collect();
        if chosen.is_empty() {
            return Err(self.error(&format!("`{pattern}` matches no selection; there are {}", self.names())));
        }
        self.take();
        Ok(join(chosen))
    }

    fn unknown(&self, word: &str) -> String {
        let names: Vec<&str> = self.selections.iter().map(|(name, _)| *name).collect();
        if word == ")" || word == "|" || ["and", "or", "of", "not"].iter().any(|key| word.eq_ignore_ascii_case(key)) {
            format!("expected a selection, found `{word}`")
        } else if word.contains('*') {
            format!("`{word}` is a pattern; write `1 of {word}` or `all of {word}`")
        } else {
            match nearest(word, &names) {
                Some(near) => format!("no selection `{word}`; did you mean `{near}`?"),
                None => format!("no selection `{word}`; there are {}", self.names()),
            }
        }
    }

    fn names(&self) -> String {
        let mut names: Vec<&str> = self.selections.iter().map(|(name, _)| *name).collect();
        // Whether maps keep their order is up to features of a crate that others choose.
        names.sort_unstable();
        names.join(", ")
    }

    fn enter(&mut self) -> Result<(), String> {
        self.open = self.open.saturating_add(1);
        match self.open > DEPTH_MOST {
            true => Err(self.error(&format!("more than {DEPTH_MOST} parentheses and `not` inside each other"))),
            false => Ok(()),
        }
    }

    /// The next word or sign.
    fn peek(&self) -> Option<&'a str> {
        let rest = self.text.get(self.start()..)?;
        let is_sign = |character: char| matches!(character, '(' | ')' | '|');
        let length = match rest.find(|character: char| character.is_whitespace() || is_sign(character)) {
            Some(0) => 1,
            Some(length) => length,
            None => rest.len(),
        };
        rest.get(..length).filter(|word| !word.is_empty())
    }

    fn take(&mut self) {
        self.at = self.start().saturating_add(self.peek().map_or(0, str::len));
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        if found {
            self.take();
        }
        found
    }

    /// Where the next word starts.
    fn start(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at.saturating_add(rest.len().saturating_sub(rest.trim_start().len()))
    }

    /// Characters are counted from 1, as editors do.
    fn error(&self, what: &str) -> String {
        let before = self.text.get(..self.start()).unwrap_or_default();
        format!("character {}: {what}", before.chars().count().saturating_add(1))
    }
}

/// `pattern` with `*` for any characters stands for `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match name.find(piece).and_then(|at| name.get(at.saturating_add(piece.len())..)) {
            Some(behind) => name = behind,
            None => return false,
        }
    }
    name.ends_with(tail)
}
