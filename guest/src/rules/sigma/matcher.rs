//! Matchers: what one value has to be.

use regex::Regex;

use super::folding::body_starts_with;
use super::modifiers::Order;
use super::network::Network;
use super::number::Number;
use super::part::Part;
use super::pattern::Glob;

/// One value of a rule, ready to be held against values of events.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Anything,
    Equals(Box<str>),
    Starts(Box<str>),
    Ends(Box<str>),
    Contains(Box<Part>),
    Glob(Glob),
    /// Many texts, ordered by length.
    OneOf(Box<[Box<str>]>),
    Number(Number),
    Compare(Order, Number),
    Regex(Regex),
    Network(Network),
}

/// What a value is, when it is neither null nor a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Text,
    Number,
    Boolean,
}

/// One of several values, or each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Any,
    All,
}

/// The values of a field in a rule.
#[derive(Clone, Debug)]
pub(super) struct Matchers {
    join: Join,
    list: Box<[Matcher]>,
    /// A value matches that is one of a few texts, and no other.
    are_texts: bool,
}

/// From how many texts on looking one up is cheaper than to compare with each.
const TEXTS_FEW: usize = 6;

impl Matcher {
    /// It matches this value: a text as it is or in lower case, as the rule wants it; another scalar as it is written.
    pub(super) fn matches(&self, scalar: Scalar, text: &str) -> bool {
        match self {
            Matcher::Anything => true,
            Matcher::Equals(expected) => **expected == *text,
            Matcher::Starts(start) => text.as_bytes().starts_with(start.as_bytes()),
            Matcher::Ends(end) => text.as_bytes().ends_with(end.as_bytes()),
            Matcher::Contains(part) => part.is_in(text),
            Matcher::Glob(glob) => glob.matches(text),
            Matcher::OneOf(texts) => texts.binary_search_by(|known| order(known, text)).is_ok(),
            Matcher::Number(number) => {
                Number::parse(text, scalar == Scalar::Text).is_some_and(|found| found.equals(*number))
            }
            Matcher::Compare(order, number) => {
                Number::parse(text, scalar == Scalar::Text).is_some_and(|found| found.is(*order, *number))
            }
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::Network(network) => scalar == Scalar::Text && network.contains(text),
        }
    }

    /// The same of a text as it stands in the event, to be compared in lower case; none when that has to be made.
    #[inline]
    fn matches_body(&self, body: &str) -> Option<bool> {
        match self {
            Matcher::Anything => Some(true),
            Matcher::Contains(part) => part.is_in_body(body),
            Matcher::Starts(start) => body_starts_with(body, start),
            // Unless it goes on behind that.
            Matcher::Equals(text) => body_starts_with(body, text).map(|starts| starts && body.len() == text.len()),
            _ => None,
        }
    }

    /// How dear it is, about.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Matcher::Contains(_) => 10,
            Matcher::Glob(_) => 20,
            Matcher::Regex(_) => 40,
            _ => 1,
        }
    }
}

impl Matchers {
    pub(super) fn new(join: Join, list: Vec<Matcher>) -> Self {
        let list = if join == Join::Any { gathered(list) } else { list };
        let is_text = |matcher: &Matcher| matches!(matcher, Matcher::Equals(_) | Matcher::OneOf(_));
        Matchers {
            are_texts: join == Join::Any && !list.is_empty() && list.iter().all(is_text),
            join,
            list: list.into(),
        }
    }

    /// The value matches one of them, or all.
    pub(super) fn match_one(&self, scalar: Scalar, text: &str) -> bool {
        let matches = |matcher: &Matcher| matcher.matches(scalar, text);
        match self.join {
            Join::Any => self.list.iter().any(matches),
            Join::All => !self.list.is_empty() && self.list.iter().all(matches),
        }
    }

    /// The same of a text as it stands in the event, to be compared in lower case; none when that has to be made.
    #[inline]
    pub(super) fn match_body(&self, body: &str) -> Option<bool> {
        match (self.join, &*self.list) {
            (Join::All, _) => None,
            (Join::Any, [only]) => only.matches_body(body),
            (Join::Any, several) => several.iter().try_fold(false, |found, matcher| match found {
                true => Some(true),
                false => matcher.matches_body(body),
            }),
        }
    }

    pub(super) fn join(&self) -> Join {
        self.join
    }

    pub(super) fn list(&self) -> &[Matcher] {
        &self.list
    }

    /// A value matches that is one of a few texts, and no other.
    pub(super) fn are_texts(&self) -> bool {
        self.are_texts
    }

    /// The texts among them.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.list
            .iter()
            .flat_map(|matcher| match matcher {
                Matcher::Equals(text) => std::slice::from_ref(text),
                Matcher::OneOf(texts) => texts,
                _ => &[],
            })
            .map(|text| &**text)
    }

    /// How dear they are, about.
    pub(super) fn cost(&self) -> u32 {
        self.list.iter().map(Matcher::cost).fold(0, u32::saturating_add)
    }
}

/// Many texts become one matcher, in front of the others.
fn gathered(list: Vec<Matcher>) -> Vec<Matcher> {
    let is_text = |matcher: &Matcher| matches!(matcher, Matcher::Equals(_));
    if list.iter().filter(|matcher| is_text(matcher)).count() < TEXTS_FEW {
        return list;
    }
    let (equals, mut others): (Vec<Matcher>, Vec<Matcher>) = list.into_iter().partition(is_text);
    let text = |matcher| if let Matcher::Equals(text) = matcher { Some(text) } else { None };
    let mut texts: Vec<Box<str>> = equals.into_iter().filter_map(text).collect();
    texts.sort_unstable_by(|a, b| order(a, b));
    texts.dedup();
    others.insert(0, Matcher::OneOf(texts.into()));
    others
}

/// By length first: most comparisons end there.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}
