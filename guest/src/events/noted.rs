//! Where the members stand that rules look at, noted while the document is read: no event is read twice for them.

use crate::json::{Names, Place, Places};

/// The names of those members, and the places of their values in each event.
#[derive(Debug)]
pub(crate) struct Noted {
    names: Names,
    /// Somebody wants more of an event than the reader itself.
    is_kept: bool,
    places: Vec<Place>,
}

/// What the reader itself looks at, by number.
const OWN: [&str; 2] = ["type", "dbUserName"];

/// Of the events behind these many places nothing is noted: 8 MiB.
const PLACES_MOST: usize = 1 << 20;

impl Noted {
    /// What is noted when members with these names are wanted, as many of them as there is room for.
    pub(crate) fn names_of<'n>(wanted: impl Iterator<Item = &'n str>) -> Names {
        let mut names = Names::of(&OWN);
        wanted.for_each(|name| {
            names.add(name);
        });
        names
    }

    /// For each event the values of [`Noted::names_of`].
    pub(crate) fn of_names(names: Names) -> Self {
        Noted { names, is_kept: true, places: Vec::new() }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The values of an event, by the numbers of the names, each at its place in the event. Empty when none were noted.
    pub(crate) fn of(&self, event: usize) -> &[Place] {
        let count = self.names.count();
        let start = event.saturating_mul(count);
        self.places.get(start..start.saturating_add(count)).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    /// Notes the places that belong to the next event, which starts at `start` of the document.
    #[inline(always)]
    pub(super) fn push(&mut self, places: &Places, start: usize) {
        if self.is_kept && self.places.len() < PLACES_MOST {
            let start = start as u32;
            let inside = |place: &Place| place.map(|at| at.saturating_sub(start));
            self.places.extend(places.iter().take(self.names.count()).map(inside));
        }
    }

    /// The values of `type` and `dbUserName` in places.
    pub(super) fn own([kind, user, ..]: &Places) -> [Place; OWN.len()] {
        [*kind, *user]
    }
}

impl Default for Noted {
    /// Nobody but the reader itself wants anything.
    fn default() -> Self {
        Noted { names: Names::of(&OWN), is_kept: false, places: Vec::new() }
    }
}
