//! A bounded table of answers: when it is full, the least recently used row goes.

use std::hash::RandomState;

use hashbrown::{Equivalent, HashMap};

use super::KeyRequest;

/// Under which an answer is kept: blob, context and the provider's scope.
///
/// The full key is kept and compared, not a digest of it: nothing has to be argued about collisions or about how the
/// parts are joined, and a blob is 184 bytes in practice (6144 at most). Records choose the blobs, so the hash is the
/// standard library's randomly keyed SipHash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    scope: Box<str>,
    request: KeyRequest,
}

impl Key {
    pub(super) fn question(&self) -> Question<'_> {
        Question { scope: &self.scope, request: &self.request }
    }
}

/// A borrowed [`Key`], so that a lookup that hits copies nothing. It hashes like one; the context is sorted.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Question<'a> {
    pub(super) scope: &'a str,
    pub(super) request: &'a KeyRequest,
}

impl Question<'_> {
    pub(super) fn to_key(self) -> Key {
        Key { scope: self.scope.into(), request: self.request.clone() }
    }
}

impl Equivalent<Key> for Question<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.scope == *key.scope && *self.request == key.request
    }
}

/// At most `capacity` rows.
pub(super) struct Table<V> {
    rows: HashMap<Key, Row<V>, RandomState>,
    capacity: usize,
    turn: u64,
}

struct Row<V> {
    value: V,
    used: u64,
}

impl<V> Table<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { rows: HashMap::default(), capacity, turn: 0 }
    }

    /// The value, which counts as used now.
    pub(super) fn get(&mut self, question: Question<'_>) -> Option<&V> {
        self.turn += 1;
        let row = self.rows.get_mut(&question)?;
        row.used = self.turn;
        Some(&row.value)
    }

    /// Puts a value in the place of the old one, or of the least recently used one when the table is full.
    pub(super) fn insert(&mut self, key: Key, value: V) {
        if self.rows.len() >= self.capacity && !self.rows.contains_key(&key) {
            self.evict();
        }
        self.turn += 1;
        self.rows.insert(key, Row { value, used: self.turn });
    }

    pub(super) fn remove(&mut self, question: Question<'_>) -> Option<V> {
        self.rows.remove(&question).map(|row| row.value)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.rows.retain(|_, row| keep(&row.value));
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Looks at every row: microseconds for a thousand, once per question to the key service, which takes milliseconds.
    /// That buys a table without links to keep in order.
    fn evict(&mut self) {
        let oldest = self.rows.iter().min_by_key(|(_, row)| row.used).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.rows.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str) -> KeyRequest {
        KeyRequest { ciphertext: name.into(), context: vec![] }
    }

    fn contents(table: &mut Table<u32>, names: &[&str]) -> Vec<Option<u32>> {
        // Through `rows`, so that looking does not count as using.
        let value =
            |name: &&str| table.rows.get(&Question { scope: "s", request: &request(name) }).map(|row| row.value);
        names.iter().map(value).collect()
    }

    fn insert(table: &mut Table<u32>, name: &str, value: u32) {
        table.insert(Question { scope: "s", request: &request(name) }.to_key(), value);
    }

    #[test]
    fn the_least_recently_used_row_goes() {
        let mut table = Table::new(3);
        for (value, name) in ["a", "b", "c"].into_iter().enumerate() {
            insert(&mut table, name, value as u32);
        }
        table.get(Question { scope: "s", request: &request("a") });
        insert(&mut table, "d", 3);
        assert_eq!(contents(&mut table, &["a", "b", "c", "d"]), [Some(0), None, Some(2), Some(3)]);
        insert(&mut table, "e", 4);
        assert_eq!(contents(&mut table, &["a", "b", "c", "d", "e"]), [Some(0), None, None, Some(3), Some(4)]);
    }

    #[test]
    fn replacing_a_row_evicts_nobody() {
        let mut table = Table::new(2);
        insert(&mut table, "a", 0);
        insert(&mut table, "b", 1);
        insert(&mut table, "b", 2);
        assert_eq!(contents(&mut table, &["a", "b"]), [Some(0), Some(2)]);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let mut table = Table::new(9);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let one = KeyRequest { ciphertext: b"a".to_vec(), context: vec![pair("x", "yz")] };
        let key = Question { scope: "s", request: &one }.to_key();
        assert!(!Question { scope: "t", request: &one }.equivalent(&key), "should the hashes ever collide");
        table.insert(key, 1);
        assert_eq!(table.get(Question { scope: "s", request: &one }), Some(&1));
        assert_eq!(table.get(Question { scope: "t", request: &one }), None);
        for other in [
            KeyRequest { ciphertext: b"b".to_vec(), context: vec![pair("x", "yz")] },
            KeyRequest { ciphertext: b"a".to_vec(), context: vec![pair("xy", "z")] },
            KeyRequest { ciphertext: b"a".to_vec(), context: vec![] },
        ] {
            assert_eq!(table.get(Question { scope: "s", request: &other }), None, "{other:?}");
        }
    }
}
