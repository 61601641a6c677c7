//! The fields of one event, found in its own bytes: no tree, no allocation once the index has grown.
//!
//! The event has been checked when it comes here: it is one JSON object. What is said of fields holds for rules and
//! redaction alike, so both read them here and nowhere else.

mod field;
mod index;
#[cfg(test)]
mod tests;
mod walk;

use crate::json::{self, Names};
pub(crate) use field::Field;
use index::Place;
pub(crate) use index::{Index, Wanted};
pub(crate) use walk::{Leaves, Member, Members};

/// The fields of one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a, 'i> {
    event: &'a str,
    source: Source<'i>,
}

/// How it is known where they stand.
#[derive(Clone, Copy, Debug)]
enum Source<'i> {
    /// The event was read for it.
    Index(&'i Index),
    /// The reader of the document has noted the values of these names.
    Noted(&'i Names, &'i [json::Place]),
}

impl<'a, 'i> Fields<'a, 'i> {
    /// Reads the members of `event`, an object, in one pass: those that are wanted; others may be missing.
    pub(crate) fn read_some(event: &'a str, index: &'i mut Index, wanted: Wanted) -> Self {
        index.read(event.as_bytes(), wanted);
        Fields::again(event, index)
    }

    /// The fields of an event that `index` was read of before.
    pub(crate) fn again(event: &'a str, index: &'i Index) -> Self {
        Fields { event, source: Source::Index(index) }
    }

    /// Those of an event of which the values of a few names were noted; nothing is known of others.
    pub(crate) fn noted(event: &'a str, names: &'i Names, places: &'i [json::Place]) -> Self {
        Fields { event, source: Source::Noted(names, places) }
    }

    /// Some member's name is written with an escape.
    pub(crate) fn has_escaped_names(&self) -> bool {
        matches!(self.source, Source::Index(index) if index.escaped)
    }

    /// The member of this name. Of several the last counts, as in most readers.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        match self.source {
            Source::Index(index) => {
                let found = match index.escaped {
                    false => index.find(self.event.as_bytes(), name.as_bytes()),
                    true => index.members.iter().rfind(|place| json::equals(self.slice(place.name), name)),
                };
                found.map(|place| self.field(place.value))
            }
            Source::Noted(names, places) => noted_at(self.event, *places.get(names.number(name)?)?),
        }
    }

    /// The field at a dotted path: `engineNativeAuditFields.ROLE`. A member that has the whole path as its name goes
    /// before one inside another object.
    pub(crate) fn path(&self, path: &str) -> Option<Field<'a>> {
        self.get(path).or_else(|| {
            // A name may hold dots, too: the shortest first step that leads anywhere is taken.
            path.match_indices('.').find_map(|(dot, _)| {
                let (first, rest) = (path.get(..dot)?, path.get(dot.checked_add(1)?..)?);
                self.get(first)?.path(rest)
            })
        })
    }

    /// All members that were read, in order.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'a>> + use<'a, 'i> {
        let fields = *self;
        let members = match self.source {
            Source::Index(index) => index.members.as_slice(),
            Source::Noted(..) => &[],
        };
        members.iter().map(move |place: &Place| {
            let [start, end] = place.name.map(|at| at as usize);
            Member {
                name: Field::new(fields.event, start.saturating_sub(1)..end.saturating_add(1)),
                value: fields.field(place.value),
            }
        })
    }

    fn field(&self, [start, end]: [u32; 2]) -> Field<'a> {
        Field::new(self.event, start as usize..end as usize)
    }

    fn slice(&self, [start, end]: [u32; 2]) -> &'a str {
        self.event.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// The value of `event` at a noted place.
pub(crate) fn noted_at(event: &str, [start, end]: json::Place) -> Option<Field<'_>> {
    // No value ends where its event starts.
    (end != 0).then(|| Field::new(event, start as usize..end as usize))
}
