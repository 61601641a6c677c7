//! What a case came to, and the table of all.

use std::fmt;
use std::time::Duration;

use super::corpus::Tally;
use super::stage::Recovery;

/// A pause lasts ten seconds at most; what may come on top of it on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// What a case came to.
#[derive(Debug)]
pub struct Row {
    /// What happened to the pipeline.
    pub case: &'static str,
    /// Source and sink.
    pub way: &'static str,
    /// How many records went in.
    pub records: usize,
    /// What became of them.
    pub tally: Tally,
    /// None where the fault does not end.
    pub recovery: Option<Recovery>,
    /// More, in a few words.
    pub note: String,
}

/// Rows, one below the other.
pub struct Table;

impl Row {
    /// A row without recovery and note.
    pub fn new(case: &'static str, way: &'static str, records: usize, tally: Tally) -> Self {
        Row { case, way, records, tally, recovery: None, note: String::new() }
    }

    /// With the time that it took afterwards.
    pub fn recovered(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// With a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Nothing is lost, the first comes soon after the fault, and nothing comes twice beyond what the case allows.
    #[track_caller]
    pub fn checked(self, duplicates: usize) -> Self {
        let Tally { delivered, dead, duplicates: found, lost, .. } = &self.tally;
        assert_eq!(*lost, 0, "lost: {self:?}");
        assert!(delivered + dead >= self.records, "input = delivered + dead-lettered: {self:?}");
        assert!(*found <= duplicates, "at most {duplicates} duplicates: {self:?}");
        assert!(self.recovery.is_none_or(|it| it.first < SOON), "late: {self:?}");
        self
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:<28} | {:<15} | {:>7} | {:>9} | {:>13} | {:>10} | {:>4} | {:>16} | {:>12} | note |",
            "case",
            "way",
            "records",
            "delivered",
            "dead-lettered",
            "duplicates",
            "lost",
            "first again, s",
            "all again, s"
        )?;
        write!(f, "|---|---|---:|---:|---:|---:|---:|---:|---:|---|")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { delivered, dead, duplicates, lost, .. } = &self.tally;
        let seconds = |of: fn(&Recovery) -> Duration| {
            self.recovery.as_ref().map_or_else(|| "-".to_owned(), |it| format!("{:.1}", of(it).as_secs_f64()))
        };
        write!(
            f,
            "| {:<28} | {:<15} | {:>7} | {delivered:>9} | {dead:>13} | {duplicates:>10} | {lost:>4} | {:>16} | {:>12} | {} |",
            self.case,
            self.way,
            self.records,
            seconds(|it| it.first),
            seconds(|it| it.all),
            self.note
        )
    }
}
