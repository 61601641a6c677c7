//! Which shards may be read: a shard that came out of others by splitting or merging waits until all of them are
//! delivered to their end, so that the records of one partition key stay in order.

use std::collections::HashSet;

use super::position::{Position, Positions};

/// A shard as the stream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) id: String,
    /// The shards that it came out of; the stream may have forgotten them.
    pub(super) parents: Vec<String>,
}

/// Shards that the stream no longer lists; the flag tells whether they were delivered to their end.
pub(super) type Forgotten = Vec<(String, bool)>;

/// Takes over what the stream lists: a new shard begins at `start`, a shard that is not listed any more goes.
pub(super) fn update(positions: &mut Positions, listed: &[Shard], start: &Position) -> Forgotten {
    for shard in listed {
        positions.shards.entry(shard.id.clone()).or_insert_with(|| start.clone().unread());
    }
    let ids: HashSet<&str> = listed.iter().map(|shard| shard.id.as_str()).collect();
    let gone = positions.shards.extract_if(.., |id, _| !ids.contains(id.as_str()));
    gone.map(|(id, place)| (id, place.position == Position::End)).collect()
}

/// The shards that are not at their end and whose parents are, or are not listed any more.
pub(super) fn ready<'a>(listed: &'a [Shard], positions: &Positions) -> impl Iterator<Item = &'a Shard> {
    let ended: HashSet<&str> =
        listed.iter().map(|shard| shard.id.as_str()).filter(|id| positions.has_ended(id)).collect();
    let ids: HashSet<&str> = listed.iter().map(|shard| shard.id.as_str()).collect();
    listed.iter().filter(move |shard| {
        let is_done = |parent: &String| ended.contains(parent.as_str()) || !ids.contains(parent.as_str());
        !ended.contains(shard.id.as_str()) && shard.parents.iter().all(is_done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shard(id: &str, parents: &[&str]) -> Shard {
        Shard { id: id.to_owned(), parents: parents.iter().map(|parent| (*parent).to_owned()).collect() }
    }

    fn ids(listed: &[Shard], positions: &Positions) -> Vec<String> {
        ready(listed, positions).map(|shard| shard.id.clone()).collect()
    }

    fn end(positions: &mut Positions, id: &str) {
        positions.shards.insert(id.to_owned(), Position::End.unread());
    }

    #[test]
    fn a_child_waits_for_all_its_parents() {
        // 0 is split into 2 and 3; 1 and 3 are merged into 4.
        let listed =
            [shard("4", &["3", "1"]), shard("0", &[]), shard("1", &[]), shard("2", &["0"]), shard("3", &["0"])];
        let mut positions = Positions::default();
        assert_eq!(update(&mut positions, &listed, &Position::TrimHorizon), []);
        assert_eq!(ids(&listed, &positions), ["0", "1"]);
        end(&mut positions, "0");
        assert_eq!(ids(&listed, &positions), ["1", "2", "3"]);
        end(&mut positions, "3");
        assert_eq!(ids(&listed, &positions), ["1", "2"]);
        end(&mut positions, "1");
        assert_eq!(ids(&listed, &positions), ["4", "2"]);
    }

    #[test]
    fn a_parent_that_the_stream_has_forgotten_holds_nobody_up() {
        let mut positions = Positions::default();
        update(&mut positions, &[shard("0", &[]), shard("1", &[])], &Position::TrimHorizon);
        end(&mut positions, "0");
        let listed = [shard("2", &["0", "1"])];
        let forgotten = update(&mut positions, &listed, &Position::TrimHorizon);
        assert_eq!(forgotten, [("0".to_owned(), true), ("1".to_owned(), false)]);
        assert_eq!(ids(&listed, &positions), ["2"]);
        assert_eq!(positions.shards.len(), 1);
    }

    #[test]
    fn what_is_known_keeps_its_position() {
        let mut positions = Positions::default();
        positions.shards.insert("0".into(), Position::After("7".into()).unread());
        let start = Position::Since("2026-01-01T00:00:00Z".parse().unwrap());
        update(&mut positions, &[shard("0", &[]), shard("1", &[])], &start);
        assert_eq!(positions.shards["0"].position, Position::After("7".into()));
        assert_eq!(positions.shards["1"].position, start);
    }

    proptest! {
        /// However shards descend from each other and whichever ends first: all are read, none before a parent.
        #[test]
        fn everything_is_read_and_parents_come_first(
            descent in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..20),
            order in prop::collection::vec(any::<prop::sample::Index>(), 20),
        ) {
            let name = |number: usize| format!("shard-{number}");
            let parents = |number: usize, parents: &[prop::sample::Index]| match number {
                0 => vec![],
                _ => parents.iter().map(|parent| name(parent.index(number))).collect(),
            };
            let listed: Vec<Shard> = descent
                .iter()
                .enumerate()
                .map(|(number, of)| Shard { id: name(number), parents: parents(number, of) })
                .collect();
            let mut positions = Positions::default();
            update(&mut positions, &listed, &Position::TrimHorizon);
            let mut order = order.iter();
            for _ in 0..listed.len() {
                let ready = ids(&listed, &positions);
                prop_assert!(!ready.is_empty());
                let next = &ready[order.next().unwrap().index(ready.len())];
                let shard = listed.iter().find(|shard| shard.id == *next).unwrap();
                prop_assert!(shard.parents.iter().all(|parent| positions.has_ended(parent)));
                end(&mut positions, next);
            }
            prop_assert!(ids(&listed, &positions).is_empty());
        }
    }
}
