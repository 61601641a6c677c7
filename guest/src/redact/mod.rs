//! What is masked before anything leaves the sandbox: values of fields, as the settings `redact` and `redact-key` say.
//!
//! Rules have decided when this comes, and shapes see nothing of before. Of an event that is redacted, all bytes but
//! those of the named values stay; one that has none of them stays as it is.

mod action;
mod find;
mod json;
mod sql;
#[cfg(test)]
mod tests;

pub(crate) use json::push_body;

use action::{Statement, Writer, Written};
use sql::Dialect;

use crate::fields::{Field, Fields, Index, Wanted};
use crate::meaning::Engine;
use crate::settings::{Action, Settings};

/// The entries of the settings with the buffers that are used again for every event.
pub(crate) struct Redactor {
    entries: Vec<Entry>,
    wanted: Wanted,
    reads_sql: bool,
    writer: Writer,
    index: Index,
    /// The redacted event.
    text: String,
    /// Which entries have changed the last event.
    changes: Vec<usize>,
    counts: Redacted,
    found: Vec<Found>,
    /// How many values of the event each entry has found.
    times: Vec<usize>,
}

/// An entry of the settings.
struct Entry {
    path: String,
    action: Action,
    /// The lengths that the name of a member has which it may want, one bit each.
    lengths: u64,
}

/// A member of an event that an entry wants.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Where its name starts.
    start: usize,
    value: (usize, usize),
    entry: usize,
}

/// What was done to a field of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The field, as the settings name it.
    pub field: String,
    /// What was done to its value.
    pub action: Action,
}

/// How many values were redacted: one for each of [`COUNTERS`].
pub(crate) type Redacted = [u32; COUNTERS.len()];

/// How many values were redacted, by action; the last: statements that could not be read and are masked whole.
pub(crate) const COUNTERS: [&str; 6] = [
    "redacted.drop",
    "redacted.mask",
    "redacted.hash",
    "redacted.sql-literals",
    "redacted.truncate",
    "redacted.unreadable",
];

/// An entry that finds more values in one event masks the others: what it writes may be longer than a value.
const FOUND_MOST: usize = 16;

impl Redactor {
    pub(crate) fn new(settings: &Settings) -> Self {
        let entry = |(path, action): &(String, Action)| {
            let lengths = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
            let lengths = lengths.fold(0, |set, length| set | length_bit(length));
            Entry { path: path.clone(), action: *action, lengths }
        };
        let entries: Vec<Entry> = settings.redact.fields.iter().map(entry).collect();
        let paths = entries.iter().map(|entry| entry.path.as_str()).chain(OF_STATEMENTS);
        Redactor {
            wanted: Wanted::paths(paths),
            times: vec![0; entries.len()],
            reads_sql: entries.iter().any(|entry| entry.action == Action::SqlLiterals),
            entries,
            writer: Writer::new(settings.redact_key.as_ref()),
            index: Index::default(),
            text: String::new(),
            changes: Vec::new(),
            counts: Redacted::default(),
            found: Vec::new(),
        }
    }

    /// There is nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.entries.is_empty()
    }

    /// The event as it may leave: itself when nothing of it is named.
    pub(crate) fn redact<'t>(&'t mut self, event: &'t str) -> &'t str {
        if !self.entries.is_empty() && self.write(event) { &self.text } else { event }
    }

    /// What was done to the last event.
    pub(crate) fn explain(&self) -> Vec<Redaction> {
        let entries = self.changes.iter().filter_map(|entry| self.entries.get(*entry));
        entries.map(|entry| Redaction { field: entry.path.clone(), action: entry.action }).collect()
    }

    /// Gives out the counters and sets them to zero.
    pub(crate) fn take_counts(&mut self) -> Redacted {
        std::mem::take(&mut self.counts)
    }

    /// Writes the event into `text`. False when nothing changed.
    fn write(&mut self, event: &str) -> bool {
        let Redactor { entries, wanted, reads_sql, writer, index, text, changes, counts, found, times } = self;
        text.clear();
        changes.clear();
        let fields = Fields::read_some(event, index, *wanted);
        find_all(&fields, entries, found);
        if found.is_empty() {
            return false;
        }
        let statement = if *reads_sql { statement(&fields) } else { Statement::default() };
        times.fill(0);
        let mut clean = 0;
        for place in found.iter() {
            // Inside a value that was replaced as a whole.
            if place.start < clean {
                continue;
            }
            let Some(Entry { action, .. }) = entries.get(place.entry) else { continue };
            let Some(times) = times.get_mut(place.entry) else { continue };
            *times = times.saturating_add(1);
            let action = if *times > FOUND_MOST && *action != Action::Drop { Action::Mask } else { *action };
            if action == Action::Drop {
                text.push_str(event.get(clean..place.start).unwrap_or_default());
                clean = drop_member(event, place.value.1, text);
                count(counts, action, Written::Instead);
            } else {
                let before = text.len();
                text.push_str(event.get(clean..place.value.0).unwrap_or_default());
                let value = Field::new(event, place.value.0..place.value.1);
                let written = writer.write(action, value, statement, text);
                if written == Written::Nothing {
                    text.truncate(before);
                    continue;
                }
                clean = place.value.1;
                count(counts, action, written);
            }
            changes.push(place.entry);
        }
        text.push_str(event.get(clean..).unwrap_or_default());
        clean > 0
    }
}

/// All members that some entry wants, in the order in which they stand.
fn find_all(fields: &Fields<'_, '_>, entries: &[Entry], found: &mut Vec<Found>) {
    found.clear();
    // A name with an escape is longer than what it stands for.
    let any_length = fields.has_escaped_names();
    for member in fields.members() {
        let bit = if any_length { u64::MAX } else { length_bit(member.name.raw().len().saturating_sub(2)) };
        for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.lengths & bit != 0) {
            find::each(std::iter::once(member), &entry.path, &mut |member| {
                let value = (member.value.start(), member.value.end());
                found.push(Found { start: member.name.start(), value, entry: number });
            });
        }
    }
    // The outer one of two that lie inside each other comes first.
    found.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.value.1), place.entry));
}

/// Writes nothing for a member that ends at `end`, and answers where the event goes on: one comma less.
fn drop_member(event: &str, end: usize, text: &mut String) -> usize {
    let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r');
    let rest = event.get(end..).unwrap_or_default();
    if let Some(behind) = rest.trim_start_matches(is_space).strip_prefix(',') {
        return event.len().saturating_sub(behind.trim_start_matches(is_space).len());
    }
    // The last one: the comma in front of it goes.
    let before = text.trim_end_matches(is_space);
    if let Some(without) = before.strip_suffix(',') {
        text.truncate(without.len());
    }
    end
}

/// What [`statement`] looks at.
const OF_STATEMENTS: [&str; 3] = ["serverType", "dbProtocol", "substatementId"];

/// How the SQL of an event is to be read.
fn statement(fields: &Fields<'_, '_>) -> Statement {
    let body = |name: &str| fields.get(name).and_then(|field| field.body());
    let engine = Engine::of(body("serverType"), body("dbProtocol"));
    // SQL Server cuts a long statement over several events, which it numbers from one.
    let is_first = || match fields.get("substatementId") {
        None => true,
        Some(number) => number.is_null() || matches!(number.raw().trim_matches('"'), "0" | "1"),
    };
    Statement { dialect: Dialect::of(engine), is_continued: engine == Engine::SqlServer && !is_first() }
}

fn count(counts: &mut Redacted, action: Action, written: Written) {
    let counter = match action {
        Action::Drop => 0,
        Action::Mask => 1,
        Action::Hash => 2,
        Action::SqlLiterals => 3,
        Action::Truncate(_) => 4,
    };
    let unreadable = (written == Written::Whole).then_some(COUNTERS.len().saturating_sub(1));
    for counter in [Some(counter), unreadable].into_iter().flatten() {
        if let Some(counter) = counts.get_mut(counter) {
            *counter = counter.saturating_add(1);
        }
    }
}

fn length_bit(length: usize) -> u64 {
    1u64.wrapping_shl(u32::try_from(length % 64).unwrap_or_default())
}
