//! A length of time in the configuration: `500ms`, `10s`, `5m`.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected};

/// A length of time, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl Time {
    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Time(Duration::from_secs(seconds))
    }

    /// What is wrong with it as the value of the setting `name`.
    ///
    /// # Errors
    /// It is not within these bounds.
    pub(crate) fn within(self, name: &str, bounds: RangeInclusive<Time>) -> Result<(), String> {
        let [least, most, found] = [bounds.start().0, bounds.end().0, self.0];
        if (least..=most).contains(&found) {
            return Ok(());
        }
        let [least, most, found] = [least, most, found].map(humantime::format_duration);
        Err(format!("{name}: expected {least} to {most}, found {found}"))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Time)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a time with its unit, such as 30s"))
    }
}
