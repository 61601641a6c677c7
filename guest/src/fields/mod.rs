//! The fields of one event, found in its own bytes: no tree, no allocation once the index has grown.
//!
//! The event has been checked when it comes here: it is one JSON object. What is said of fields holds for rules and
//! redaction alike, so both read them here and nowhere else.

#![allow(dead_code, unused_imports, reason = "redaction and the shapes take what rules do not need")]

mod field;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use field::Field;
pub(crate) use walk::{Items, Leaves, Member, Members};

/// Where the members of an event stand. Used again for every event.
#[derive(Debug, Default)]
pub(crate) struct Index {
    members: Vec<Place>,
    /// Some name is written with an escape.
    escaped: bool,
}

/// Where one member stands in its event. A document has at most 512 MiB.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The name's body: what stands between its quotes.
    name: (u32, u32),
    value: (u32, u32),
}

/// The fields of one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a, 'i> {
    event: &'a str,
    index: &'i Index,
}

impl<'a, 'i> Fields<'a, 'i> {
    /// Reads the members of `event`, an object, in one pass.
    pub(crate) fn read(event: &'a str, index: &'i mut Index) -> Self {
        index.members.clear();
        index.escaped = false;
        for member in Members::of(event, 0) {
            let (name, value) = (member.name.range(), member.value.range());
            index.escaped |= member.name.raw().as_bytes().contains(&b'\\');
            index.members.push(Place {
                name: (short(name.start.saturating_add(1)), short(name.end.saturating_sub(1))),
                value: (short(value.start), short(value.end)),
            });
        }
        Fields { event, index }
    }

    /// The fields of an event that `index` was read of before.
    pub(crate) fn again(event: &'a str, index: &'i Index) -> Self {
        Fields { event, index }
    }

    /// The event itself.
    pub(crate) fn event(&self) -> &'a str {
        self.event
    }

    /// The member of this name. Of several the last counts, as in most readers.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        let length = short(name.len());
        let is_it = |place: &&Place| {
            let (start, end) = place.name;
            end.wrapping_sub(start) == length && self.slice(place.name) == name
        };
        let found = match self.index.escaped {
            false => self.index.members.iter().rfind(is_it),
            true => self.index.members.iter().rfind(|place| crate::json::equals(self.slice(place.name), name)),
        };
        found.map(|place| self.field(place))
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

    /// All members, in order.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'a>> + use<'a, 'i> {
        let fields = *self;
        self.index.members.iter().map(move |place| Member {
            name: Field::new(fields.event, long(place.name.0).saturating_sub(1)..long(place.name.1).saturating_add(1)),
            value: fields.field(place),
        })
    }

    fn field(&self, place: &Place) -> Field<'a> {
        Field::new(self.event, long(place.value.0)..long(place.value.1))
    }

    fn slice(&self, (start, end): (u32, u32)) -> &'a str {
        self.event.get(long(start)..long(end)).unwrap_or_default()
    }
}

fn short(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn long(position: u32) -> usize {
    position as usize
}
