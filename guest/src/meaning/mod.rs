//! What the fields of an event mean, by engine: one vocabulary above four conventions.
//!
//! Pure functions of texts and raw JSON values: no clock, no state. What an engine does not say is not guessed.

mod engine;
mod outcome;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use engine::Engine;
pub(crate) use outcome::{Evidence, Outcome, outcome};
pub(crate) use time::Time;

/// When a statement started and ended, as the event tells it. Texts without quotes; the native duration as raw JSON.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span<'a> {
    /// `startTime`
    pub(crate) start: Option<&'a str>,
    /// `endTime`
    pub(crate) end: Option<&'a str>,
    /// `logTime`
    pub(crate) log: Option<&'a str>,
    /// `engineNativeAuditFields.duration_milliseconds`
    pub(crate) native_milliseconds: Option<&'a str>,
}

impl Span<'_> {
    /// When the statement ended, where that is known: PostgreSQL logs a statement at its end.
    pub(crate) fn ended(&self, engine: Engine) -> Option<Time> {
        match engine {
            Engine::PostgreSql => self.log.and_then(Time::parse),
            _ => self.end.and_then(Time::parse),
        }
    }

    /// Nanoseconds that a statement took, where the engine says so. Never negative.
    pub(crate) fn duration(&self, engine: Engine) -> Option<u64> {
        if engine == Engine::SqlServer
            && let Some(milliseconds) = self.native_milliseconds.and_then(whole_number)
        {
            return milliseconds.checked_mul(1_000_000);
        }
        self.ended(engine)?.nanoseconds_since(self.start.and_then(Time::parse)?)
    }
}

/// A whole number, as a JSON number or in a JSON text.
fn whole_number(raw: &str) -> Option<u64> {
    let digits = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
    // `parse` would take a sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}
