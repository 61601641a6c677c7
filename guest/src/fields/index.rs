//! Where the members of an event stand: found in one pass.

use super::walk::{Passed, pass_member};

/// The members of an event, by place. Used again for every event.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) members: Vec<Place>,
    /// Some name is written with an escape.
    pub(super) escaped: bool,
}

/// Where one member stands in its event. A document has at most 512 MiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The name's body: what stands between its quotes.
    pub(super) name: [u32; 2],
    pub(super) value: [u32; 2],
}

impl Index {
    /// Reads an event: a checked object.
    pub(super) fn read(&mut self, event: &[u8]) {
        self.members.clear();
        self.escaped = false;
        let mut at = 1usize;
        while let Some(Passed { name, value, escaped }) = pass_member(event, at) {
            self.members.push(Place { name: name.map(|at| at as u32), value: value.map(|at| at as u32) });
            self.escaped |= escaped;
            [_, at] = value;
        }
    }

    /// The last member of this name, where no name has an escape.
    pub(super) fn find(&self, event: &[u8], name: &[u8]) -> Option<&Place> {
        let length = name.len() as u32;
        self.members.iter().rfind(|place| {
            let [start, end] = place.name;
            end.wrapping_sub(start) == length && event.get(start as usize..end as usize) == Some(name)
        })
    }
}
