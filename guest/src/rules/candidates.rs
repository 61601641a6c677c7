//! Which rules can match at all, told by the values of a few fields.
//!
//! Most rules ask for a value of one field (`class: DDL`). Those are found by that value, so that an event is held
//! against the few rules that it can match and not against all of them.

use super::sigma::{Expression, Field, Key, Known, Values};

/// A set of rules for each value of each of these fields.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    fields: Vec<ByValue>,
    /// Rules that ask for no value: candidates whatever the event is.
    always: Box<[u64]>,
    /// Of the event at hand.
    found: Vec<u64>,
}

#[derive(Debug)]
struct ByValue {
    field: Field,
    /// Values in lower case, ordered.
    values: Vec<(Box<str>, Box<[u64]>)>,
    /// Those of them that have keys, ordered by these.
    short: Vec<(Key, Box<[u64]>)>,
    /// All rules that ask for a value of this field.
    all: Box<[u64]>,
}

impl Candidates {
    /// Of rules with these conditions.
    pub(crate) fn new<'r>(conditions: impl ExactSizeIterator<Item = &'r Expression>) -> Self {
        let words = conditions.len().div_ceil(64);
        let mut candidates = Candidates { always: none(words), found: vec![0; words], ..Candidates::default() };
        for (rule, condition) in conditions.enumerate() {
            let mut asked = Vec::new();
            match condition.asks_for(&mut asked) {
                None => add(&mut candidates.always, rule),
                Some(field) => {
                    let known = candidates.fields.iter_mut().find(|by_value| by_value.field == field);
                    match known {
                        Some(by_value) => by_value.add(rule, asked, words),
                        None => {
                            let mut by_value =
                                ByValue { field, values: Vec::new(), short: Vec::new(), all: none(words) };
                            by_value.add(rule, asked, words);
                            candidates.fields.push(by_value);
                        }
                    }
                }
            }
        }
        candidates
    }

    /// The first rule that `matches`, of those that can match the event. `matches` is told whether the event is known
    /// to have what the rule asks for.
    pub(crate) fn first(
        &mut self,
        values: &mut Values,
        event: &str,
        matches: impl Fn(usize, bool, &mut Values) -> bool,
    ) -> Option<usize> {
        self.found.copy_from_slice(&self.always);
        let mut is_known = true;
        for by_value in &self.fields {
            let more = match values.known(by_value.field, event) {
                Known::Nothing => continue,
                Known::Short(key) => by_value.of_key(key),
                Known::Text(value) => by_value.of(value),
                Known::Several => {
                    is_known = false;
                    Some(&*by_value.all)
                }
            };
            self.found.iter_mut().zip(more.into_iter().flatten()).for_each(|(found, more)| *found |= more);
        }
        for (word, bits) in self.found.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let rule = word.wrapping_mul(64).wrapping_add(bits.trailing_zeros() as usize);
                if matches(rule, is_known, values) {
                    return Some(rule);
                }
                bits &= bits.wrapping_sub(1);
            }
        }
        None
    }
}

impl ByValue {
    fn add(&mut self, rule: usize, asked: Vec<&str>, words: usize) {
        add(&mut self.all, rule);
        for value in asked {
            if let Some(key) = Key::of(value) {
                let position = self.short.binary_search_by_key(&key, |(known, _)| *known).unwrap_or_else(|position| {
                    self.short.insert(position, (key, none(words)));
                    position
                });
                if let Some((_, rules)) = self.short.get_mut(position) {
                    add(rules, rule);
                }
            }
            let position = self.values.binary_search_by(|(known, _)| order(known, value)).unwrap_or_else(|position| {
                self.values.insert(position, (value.into(), none(words)));
                position
            });
            if let Some((_, rules)) = self.values.get_mut(position) {
                add(rules, rule);
            }
        }
    }

    fn of_key(&self, key: Key) -> Option<&[u64]> {
        let position = self.short.binary_search_by_key(&key, |(known, _)| *known).ok()?;
        self.short.get(position).map(|(_, rules)| &**rules)
    }

    fn of(&self, value: &str) -> Option<&[u64]> {
        let position = self.values.binary_search_by(|(known, _)| order(known, value)).ok()?;
        self.values.get(position).map(|(_, rules)| &**rules)
    }
}

fn none(words: usize) -> Box<[u64]> {
    vec![0; words].into()
}

fn add(rules: &mut [u64], rule: usize) {
    if let Some(word) = rules.get_mut(rule / 64) {
        *word |= 1u64.wrapping_shl((rule % 64) as u32);
    }
}

/// By length first: most comparisons end there.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}
