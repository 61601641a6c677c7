//! The values of one event: each field is looked up once, each text is unescaped and put in lower case once, whatever
//! the number of rules that ask. Buffers stay from event to event.

mod leaves;
mod text;

use std::ops::Range;

use super::compiler::{Field, Fields as Sources, Source};
use super::key::Key;
use super::made;
use super::matcher::Scalar;
use crate::events::Noted;
use crate::fields::{self, Fields, Index, Wanted};
use crate::json::{Names, Place};
use leaves::Leaves;
use text::Text;

/// The values of the event that they have begun with.
#[derive(Debug)]
pub(crate) struct Values {
    sources: Sources,
    /// Of the event before, what is known of a field does not count.
    turn: u64,
    /// What is noted of each event.
    names: Names,
    /// The same of the event at hand; empty when nothing was noted.
    places: Vec<Place>,
    wanted: Wanted,
    index: Index,
    indexed: u64,
    slots: Vec<Slot>,
    element: Text,
    plain_leaves: Leaves,
    folded_leaves: Leaves,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Missing,
    Null,
    Scalar(Scalar),
    List,
    Object,
}

/// What is known of a field that has to be one of a few texts.
pub(crate) enum Known<'e> {
    /// It is none: null, missing, an object.
    Nothing,
    /// It is this one.
    Short(Key),
    /// It is this one, in lower case; it has no key.
    Text(&'e str),
    /// It is a list.
    Several,
}

#[derive(Debug)]
struct Slot {
    turn: u64,
    /// All that its value is read from is noted.
    is_noted: bool,
    /// It is this one of the noted values and nothing else.
    number: Option<usize>,
    content: Content,
    /// Where the raw value stands in the event.
    range: Range<usize>,
    text: Text,
}

impl Values {
    /// For events whose fields come from `sources`.
    pub(crate) fn new(sources: Sources) -> Self {
        let names = Noted::names_of(sources.0.iter().flat_map(Source::paths).flat_map(steps));
        let slot = |source: &Source| Slot {
            turn: 0,
            number: match source {
                Source::Path(path) if !path.contains('.') => names.number(path),
                _ => None,
            },
            is_noted: source.paths().flat_map(steps).all(|name| names.number(name).is_some()),
            content: Content::Missing,
            range: 0..0,
            text: Text::default(),
        };
        Values {
            wanted: Wanted::paths(sources.0.iter().flat_map(Source::paths)),
            slots: sources.0.iter().map(slot).collect(),
            names,
            places: Vec::new(),
            sources,
            turn: 0,
            index: Index::default(),
            indexed: 0,
            element: Text::default(),
            plain_leaves: Leaves::default(),
            folded_leaves: Leaves::default(),
        }
    }

    /// What is to be noted of each event.
    pub(crate) fn noted(&self) -> Noted {
        Noted::of_names(self.names.clone())
    }

    /// The next event comes; `places`: what was noted of it. Nothing is looked up before it is asked for.
    pub(crate) fn begin(&mut self, places: &[Place]) {
        self.turn = self.turn.wrapping_add(1);
        self.places.clear();
        self.places.extend_from_slice(places);
    }

    /// What a field holds, as a text; none if it holds no scalar.
    pub(crate) fn plain(&mut self, field: Field, event: &str) -> Option<&str> {
        match self.content(field, event) {
            Content::Scalar(_) => {}
            _ => return None,
        }
        Some(self.slots.get_mut(field.0)?.text.copied(event))
    }

    /// What can be known of a field before it is compared.
    pub(crate) fn known<'e>(&'e mut self, field: Field, event: &'e str) -> Known<'e> {
        match self.content(field, event) {
            Content::Missing | Content::Null | Content::Object => Known::Nothing,
            Content::List => Known::Several,
            Content::Scalar(_) => match Key::of(self.text(field, true, event)) {
                Some(key) => Known::Short(key),
                None => Known::Text(self.text(field, false, event)),
            },
        }
    }

    pub(super) fn content(&mut self, field: Field, event: &str) -> Content {
        let Some(slot) = self.slots.get(field.0) else { return Content::Missing };
        if slot.turn == self.turn {
            return slot.content;
        }
        self.look_up(field, event)
    }

    /// The text of a scalar, in lower case unless `cased`.
    pub(super) fn text<'e>(&'e mut self, field: Field, cased: bool, event: &'e str) -> &'e str {
        match self.slots.get_mut(field.0) {
            None => "",
            Some(slot) => {
                slot.text.prepare(cased, event);
                slot.text.get(cased, event)
            }
        }
    }

    /// A scalar as it stands in the event: of a text the body, escapes kept. None when it does not stand there or its
    /// lower case is already known.
    #[inline]
    pub(super) fn body<'e>(&self, field: Field, event: &'e str) -> Option<&'e str> {
        self.slots.get(field.0)?.text.body(event)
    }

    /// The texts of two scalars.
    pub(super) fn texts<'e>(&'e mut self, one: Field, other: Field, cased: bool, event: &'e str) -> (&'e str, &'e str) {
        for field in [one, other] {
            if let Some(slot) = self.slots.get_mut(field.0) {
                slot.text.prepare(cased, event);
            }
        }
        let text = |field: Field| self.slots.get(field.0).map_or("", |slot| slot.text.get(cased, event));
        (text(one), text(other))
    }

    /// Some scalar of a list matches.
    pub(super) fn any_element(
        &mut self,
        field: Field,
        cased: bool,
        event: &str,
        matches: &dyn Fn(Scalar, &str) -> bool,
    ) -> bool {
        let Some(slot) = self.slots.get(field.0) else { return false };
        let list = fields::Field::new(event, slot.range.clone());
        list.items().into_iter().flatten().any(|item| {
            let Content::Scalar(scalar) = content(item) else { return false };
            self.element.set(item);
            self.element.prepare(cased, event);
            matches(scalar, self.element.get(cased, event))
        })
    }

    /// All texts and numbers of the event, in lower case unless `cased`.
    pub(super) fn leaves(&mut self, cased: bool, event: &str) -> &Leaves {
        let leaves = if cased { &mut self.plain_leaves } else { &mut self.folded_leaves };
        leaves.of(self.turn, cased, event, &mut self.element)
    }

    fn look_up(&mut self, field: Field, event: &str) -> Content {
        let (Some(slot), Some(source)) = (self.slots.get_mut(field.0), self.sources.0.get(field.0)) else {
            return Content::Missing;
        };
        slot.turn = self.turn;
        slot.text.clear();
        if let Some(place) = slot.number.and_then(|number| self.places.get(number)) {
            return slot.take(fields::noted_at(event, *place));
        }
        let fields = if slot.is_noted && !self.places.is_empty() {
            Fields::noted(event, &self.names, &self.places)
        } else {
            if self.indexed != self.turn {
                Fields::read_some(event, &mut self.index, self.wanted);
                self.indexed = self.turn;
            }
            Fields::again(event, &self.index)
        };
        match source {
            Source::Path(path) => slot.take(fields.path(path)),
            Source::Made(made) => {
                slot.content = match made::make(*made, &fields, slot.text.make()) {
                    Some(scalar) => Content::Scalar(scalar),
                    None => Content::Missing,
                };
                slot.content
            }
        }
    }
}

impl Slot {
    /// Holds a value of the event.
    #[inline]
    fn take(&mut self, value: Option<fields::Field<'_>>) -> Content {
        self.content = value.map_or(Content::Missing, content);
        if let Some(value) = value {
            self.range = value.range();
            if let Content::Scalar(_) = self.content {
                self.text.set(value);
            }
        }
        self.content
    }
}

/// The names that the first step of a path may have: a dot may stand in a name, too.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
    ends.filter_map(|end| path.get(..end))
}

fn content(value: fields::Field<'_>) -> Content {
    match value.raw().as_bytes().first() {
        Some(b'"') => Content::Scalar(Scalar::Text),
        Some(b'{') => Content::Object,
        Some(b'[') => Content::List,
        Some(b't' | b'f') => Content::Scalar(Scalar::Boolean),
        Some(b'n') | None => Content::Null,
        Some(_) => Content::Scalar(Scalar::Number),
    }
}
