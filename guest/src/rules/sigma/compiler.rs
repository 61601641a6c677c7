//! What all rules of a set share while they are read: the fields they look at, and what they may cost together.

use std::sync::Arc;

use super::made::Made;

/// The number of a field: every rule that looks at it shares one look-up per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field(pub(super) usize);

/// Where the value of a field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A member of the event, or one inside another, by its dotted path.
    Path(String),
    /// It is not in the event but follows from it.
    Made(Made),
}

impl Source {
    /// The fields of the event that it is read from.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let (path, made) = match self {
            Source::Path(path) => (Some(path.as_str()), None),
            Source::Made(made) => (None, Some(made.paths())),
        };
        path.into_iter().chain(made.into_iter().flatten().copied())
    }
}

/// All fields of a rule set, by number.
#[derive(Clone, Debug)]
pub(crate) struct Fields(pub(super) Arc<[Source]>);

/// Reads rules.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    fields: Vec<Source>,
    regexes: usize,
}

/// Each costs a look-up per event.
const FIELDS_MOST: usize = 1000;
const NAME_BYTES_MOST: usize = 256;
/// Steps into objects.
const STEPS_MOST: usize = 8;
/// Each may take half a megabyte of the sandbox.
const REGEXES_MOST: usize = 100;

impl Compiler {
    /// The number of the field of this name.
    pub(crate) fn field(&mut self, name: &str) -> Result<Field, String> {
        if name.is_empty() || name.len() > NAME_BYTES_MOST || name.split('.').count() > STEPS_MOST {
            return Err(format!(
                "expected the name of a field: 1 to {NAME_BYTES_MOST} bytes, at most {STEPS_MOST} steps apart by dots"
            ));
        }
        let source = Made::named(name).map_or_else(|| Source::Path(name.to_string()), Source::Made);
        if let Some(number) = self.fields.iter().position(|known| *known == source) {
            return Ok(Field(number));
        }
        if self.fields.len() >= FIELDS_MOST {
            return Err(format!("more than {FIELDS_MOST} different fields in all rules"));
        }
        self.fields.push(source);
        Ok(Field(self.fields.len().saturating_sub(1)))
    }

    /// Counts a regular expression.
    pub(super) fn one_more_regex(&mut self) -> Result<(), String> {
        self.regexes = self.regexes.saturating_add(1);
        match self.regexes > REGEXES_MOST {
            true => Err(format!("more than {REGEXES_MOST} regular expressions in all rules")),
            false => Ok(()),
        }
    }

    /// All fields that were asked for.
    pub(crate) fn into_fields(self) -> Fields {
        Fields(self.fields.into())
    }
}
