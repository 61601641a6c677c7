//! Modifiers: what stands behind a field's name, as in `commandText|contains|all`.

use super::pattern::Place;
use super::regex::Flags;
use crate::settings::nearest;

/// The modifiers of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub(super) kind: Kind,
    pub(super) place: Option<Place>,
    /// Every value must match, not one of them.
    pub(super) all: bool,
    pub(super) cased: bool,
    pub(super) negated: bool,
}

/// What the values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Plain,
    Regex(Flags),
    Network,
    Exists,
    Compare(Order),
    FieldReference,
}

/// How a number compares to the rule's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    pub(super) fn name(self) -> &'static str {
        match self {
            Order::Greater => "gt",
            Order::GreaterOrEqual => "gte",
            Order::Less => "lt",
            Order::LessOrEqual => "lte",
        }
    }
}

const SUPPORTED: [&str; 17] = [
    "contains",
    "startswith",
    "endswith",
    "all",
    "cased",
    "neq",
    "re",
    "i",
    "m",
    "s",
    "cidr",
    "exists",
    "fieldref",
    "gt",
    "gte",
    "lt",
    "lte",
];
/// Modifiers of Sigma that have no sense for audit events, or none without a pipeline that prepares the rules.
const REFUSED: [&str; 14] = [
    "windash",
    "base64",
    "base64offset",
    "utf16",
    "utf16le",
    "utf16be",
    "wide",
    "expand",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
];

impl Modifiers {
    /// Reads what stands behind the first `|`.
    pub(super) fn parse(text: &str) -> Result<Modifiers, String> {
        let mut modifiers = Modifiers::default();
        let mut seen: Vec<&str> = Vec::new();
        for name in text.split('|') {
            if seen.contains(&name) {
                return Err(format!("the modifier `{name}` stands twice"));
            }
            modifiers.add(name)?;
            seen.push(name);
        }
        modifiers.check(&seen)?;
        Ok(modifiers)
    }

    /// A regular expression and an address are compared as they stand.
    pub(super) fn is_cased(&self) -> bool {
        self.cased || !matches!(self.kind, Kind::Plain)
    }

    fn add(&mut self, name: &str) -> Result<(), String> {
        match name {
            "contains" => self.place = Some(Place::Contains),
            "startswith" => self.place = Some(Place::Start),
            "endswith" => self.place = Some(Place::End),
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "re" => return self.set_kind(Kind::Regex(Flags::default()), name),
            "cidr" => return self.set_kind(Kind::Network, name),
            "exists" => return self.set_kind(Kind::Exists, name),
            "fieldref" => return self.set_kind(Kind::FieldReference, name),
            "gt" => return self.set_kind(Kind::Compare(Order::Greater), name),
            "gte" => return self.set_kind(Kind::Compare(Order::GreaterOrEqual), name),
            "lt" => return self.set_kind(Kind::Compare(Order::Less), name),
            "lte" => return self.set_kind(Kind::Compare(Order::LessOrEqual), name),
            "i" | "m" | "s" => {
                let Kind::Regex(flags) = &mut self.kind else {
                    return Err(format!("the modifier `{name}` goes behind `re`, as in `re|{name}`"));
                };
                flags.set(name);
            }
            unknown => return Err(unsupported(unknown)),
        }
        Ok(())
    }

    fn set_kind(&mut self, kind: Kind, name: &str) -> Result<(), String> {
        match self.kind {
            Kind::Plain => self.kind = kind,
            _ => return Err(format!("the modifier `{name}` cannot stand beside another that says what the value is")),
        }
        Ok(())
    }

    /// Some modifiers have no sense together.
    fn check(&self, seen: &[&str]) -> Result<(), String> {
        let places = seen.iter().filter(|name| matches!(**name, "contains" | "startswith" | "endswith"));
        let names: Vec<&str> = places.copied().collect();
        match (self.kind, names.as_slice()) {
            (_, [first, second, ..]) => Err(format!("the modifiers `{first}` and `{second}` exclude each other")),
            (Kind::Regex(_) | Kind::Network | Kind::Exists | Kind::Compare(_), [name]) => {
                Err(format!("the modifier `{name}` goes with texts only"))
            }
            (Kind::Exists, _) if self.all || self.negated => {
                Err("`exists` takes true or false and no other modifier".to_string())
            }
            _ => Ok(()),
        }
    }
}

fn unsupported(name: &str) -> String {
    let list = SUPPORTED.join(", ");
    if REFUSED.contains(&name) {
        return format!("the modifier `{name}` is not supported; supported are {list}");
    }
    match nearest(name, &SUPPORTED) {
        Some(near) => format!("unknown modifier `{name}`; did you mean `{near}`? Supported are {list}"),
        None => format!("unknown modifier `{name}`; supported are {list}"),
    }
}
