//! Numbers, compared exactly where both are whole.

use std::cmp::Ordering;

use super::modifiers::Order;

/// A number of a rule or an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Other(f64),
}

impl Number {
    /// Of a rule.
    pub(super) fn of(number: &serde_json::Number) -> Number {
        match number.as_i128() {
            Some(whole) => Number::Whole(whole),
            None => Number::Other(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// Of an event: a JSON number, or a text of digits, since several engines write numbers as texts. A text with an
    /// exponent may well be an id.
    pub(super) fn parse(text: &str, is_text: bool) -> Option<Number> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        if digits.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(whole) = text.parse()
        {
            return Some(Number::Whole(whole));
        }
        let known =
            |byte: u8| byte.is_ascii_digit() || byte == b'.' || (!is_text && matches!(byte, b'e' | b'E' | b'+' | b'-'));
        if !digits.bytes().all(known) || digits.ends_with('.') {
            return None;
        }
        text.parse().ok().map(Number::Other)
    }

    pub(super) fn equals(self, other: Number) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    /// It stands in this order to the rule's number.
    pub(super) fn is(self, order: Order, rule: Number) -> bool {
        self.compare(rule).is_some_and(|found| match order {
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
        })
    }

    fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_float().partial_cmp(&b.as_float()),
        }
    }

    fn as_float(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Other(other) => other,
        }
    }
}
