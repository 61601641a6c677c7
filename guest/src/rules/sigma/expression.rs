//! What a rule asks of an event.

use std::sync::Arc;

use super::compiler::Field;
use super::matcher::{Join, Matcher, Matchers, Scalar};
use super::pattern::Place;
use super::values::{Content, Values};

/// A condition over the fields of an event.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    All(Box<[Expression]>),
    Any(Box<[Expression]>),
    Not(Box<Expression>),
    /// A selection that a condition may name more than once.
    Named(Arc<Expression>),
    Test(Test),
    Exists {
        field: Field,
        expected: bool,
    },
    Same(Same),
    Keywords(Keywords),
}

/// A field has one of these values, or all.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(super) field: Field,
    /// Texts are compared as they are, not in lower case.
    pub(super) cased: bool,
    /// It may be null or missing.
    pub(super) null: bool,
    pub(super) matchers: Matchers,
}

/// Two fields have the same value, or one the other's inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Same {
    pub(super) field: Field,
    pub(super) other: Field,
    pub(super) place: Option<Place>,
    pub(super) cased: bool,
}

/// Words anywhere in the event.
#[derive(Clone, Debug)]
pub(crate) struct Keywords {
    pub(super) cased: bool,
    pub(super) join: Join,
    pub(super) words: Vec<Matcher>,
}

impl Expression {
    /// All of these hold. What is cheap is asked first.
    pub(super) fn all(parts: Vec<Expression>) -> Expression {
        Expression::joined(parts, Expression::All)
    }

    /// One of these holds.
    pub(super) fn any(parts: Vec<Expression>) -> Expression {
        Expression::joined(parts, Expression::Any)
    }

    /// This does not hold.
    pub(super) fn not(inner: Expression) -> Expression {
        Expression::Not(Box::new(inner))
    }

    fn joined(mut parts: Vec<Expression>, join: fn(Box<[Expression]>) -> Expression) -> Expression {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        // A text that is asked for goes first: mostly it is known before.
        let is_asked = |part: &Expression| matches!(part, Expression::Test(test) if test.asks());
        parts.sort_by_key(|part| (!is_asked(part), part.cost()));
        join(parts.into())
    }

    /// The event matches. `values` have begun with it.
    pub(crate) fn matches(&self, values: &mut Values, event: &str) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|part| part.matches(values, event)),
            Expression::Any(parts) => parts.iter().any(|part| part.matches(values, event)),
            Expression::Not(inner) => !inner.matches(values, event),
            Expression::Named(selection) => selection.matches(values, event),
            Expression::Test(test) => test.matches(values, event),
            Expression::Exists { field, expected } => (values.content(*field, event) != Content::Missing) == *expected,
            Expression::Same(same) => same.matches(values, event),
            Expression::Keywords(keywords) => keywords.matches(values, event),
        }
    }

    /// The same of an event that is known to have what this asks for.
    #[inline]
    pub(crate) fn matches_beyond(&self, values: &mut Values, event: &str) -> bool {
        match self {
            Expression::Test(test) if test.asks() => true,
            Expression::All(parts) => {
                let rest = match &**parts {
                    [Expression::Test(test), rest @ ..] if test.asks() => rest,
                    all => all,
                };
                rest.iter().all(|part| part.matches(values, event))
            }
            _ => self.matches(values, event),
        }
    }

    /// The field that must have one of a few texts for an event to match, and those texts in lower case.
    pub(crate) fn asks_for<'x>(&'x self, texts: &mut Vec<&'x str>) -> Option<Field> {
        match self {
            Expression::Named(selection) => selection.asks_for(texts),
            // What all parts ask for is what one of them asks for.
            Expression::All(parts) => parts.iter().find_map(|part| part.asks_for(texts)),
            // Each part has to ask for the same field.
            Expression::Any(parts) => {
                let before = texts.len();
                let mut fields = parts.iter().map(|part| part.asks_for(texts));
                let first = fields.next()??;
                let same = fields.all(|field| field == Some(first));
                if !same {
                    texts.truncate(before);
                }
                same.then_some(first)
            }
            Expression::Test(test) if test.asks() => {
                texts.extend(test.matchers.texts());
                Some(test.field)
            }
            _ => None,
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Expression::All(parts) | Expression::Any(parts) => {
                parts.iter().map(Expression::cost).fold(0, u32::saturating_add)
            }
            Expression::Not(inner) => inner.cost(),
            Expression::Named(selection) => selection.cost(),
            Expression::Test(test) => test.matchers.cost(),
            Expression::Exists { .. } => 1,
            Expression::Same(_) => 2,
            Expression::Keywords(_) => 1000,
        }
    }
}

impl Test {
    /// The field must have one of a few texts, in lower case.
    fn asks(&self) -> bool {
        !self.cased && !self.null && self.matchers.are_texts()
    }

    fn matches(&self, values: &mut Values, event: &str) -> bool {
        match values.content(self.field, event) {
            Content::Missing | Content::Null => self.null,
            Content::Object => false,
            Content::List => self.matches_list(values, event),
            Content::Scalar(scalar) => {
                let body = if self.cased { None } else { values.body(self.field, event) };
                let known = body.and_then(|body| self.matchers.match_body(body));
                known.unwrap_or_else(|| self.matchers.match_one(scalar, values.text(self.field, self.cased, event)))
            }
        }
    }

    /// Of a list, one element has to match; for each value another may.
    fn matches_list(&self, values: &mut Values, event: &str) -> bool {
        let has = |values: &mut Values, matches: &dyn Fn(Scalar, &str) -> bool| {
            values.any_element(self.field, self.cased, event, matches)
        };
        match self.matchers.join() {
            Join::Any => has(values, &|scalar, text| self.matchers.match_one(scalar, text)),
            Join::All => {
                let list = self.matchers.list();
                !list.is_empty() && list.iter().all(|one| has(values, &|scalar, text| one.matches(scalar, text)))
            }
        }
    }
}

impl Same {
    fn matches(&self, values: &mut Values, event: &str) -> bool {
        let both = (values.content(self.field, event), values.content(self.other, event));
        let (Content::Scalar(_), Content::Scalar(_)) = both else { return false };
        let (value, other) = values.texts(self.field, self.other, self.cased, event);
        match self.place {
            None => value == other,
            Some(Place::Contains) => memchr::memmem::find(value.as_bytes(), other.as_bytes()).is_some(),
            Some(Place::Start) => value.starts_with(other),
            Some(Place::End) => value.ends_with(other),
        }
    }
}

impl Keywords {
    fn matches(&self, values: &mut Values, event: &str) -> bool {
        let leaves = values.leaves(self.cased, event);
        let has =
            |word: &Matcher| leaves.iter().any(|(scalar, text)| word.applies(scalar) && word.matches(scalar, text));
        match self.join {
            Join::Any => self.words.iter().any(has),
            Join::All => self.words.iter().all(has),
        }
    }
}

impl Matcher {
    /// Words are looked for in texts, numbers in numbers, too.
    fn applies(&self, scalar: Scalar) -> bool {
        scalar == Scalar::Text || matches!(self, Matcher::Number(_))
    }
}
