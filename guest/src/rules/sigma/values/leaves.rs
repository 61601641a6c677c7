//! Every scalar of an event, for keyword searches.

use std::ops::Range;

use super::super::folding::fold_into;
use super::super::matcher::Scalar;
use super::{Content, Text, content};
use crate::fields::Leaves as Walk;

/// All texts and numbers of an event.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    turn: u64,
    text: String,
    places: Vec<(Scalar, Range<usize>)>,
}

impl Leaves {
    /// Those of the event whose turn it is, in lower case unless `cased`.
    pub(super) fn of(&mut self, turn: u64, cased: bool, event: &str, element: &mut Text) -> &Self {
        if self.turn != turn {
            self.turn = turn;
            self.read(cased, event, element);
        }
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Scalar, &str)> {
        self.places.iter().map(|(scalar, place)| (*scalar, self.text.get(place.clone()).unwrap_or_default()))
    }

    fn read(&mut self, cased: bool, event: &str, element: &mut Text) {
        self.text.clear();
        self.places.clear();
        for leaf in Walk::of(event) {
            let Content::Scalar(scalar) = content(leaf) else { continue };
            element.set(leaf);
            element.read(event);
            let start = self.text.len();
            match cased {
                true => self.text.push_str(element.plain(event)),
                false => fold_into(element.plain(event), &mut self.text),
            }
            self.places.push((scalar, start..self.text.len()));
        }
    }
}
