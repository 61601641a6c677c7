//! Times in settings: `30s`, `5m`, `1h`.

use std::time::Duration;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::Unexpected};

/// A span of time with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl Time {
    /// Checks the bounds of the setting of this name.
    ///
    /// # Errors
    /// What was expected and found.
    pub(crate) fn within(self, name: &str, least: Duration, most: Duration) -> Result<(), String> {
        let [found, from, to] = [self.0, least, most].map(humantime::format_duration);
        match (least..=most).contains(&self.0) {
            true => Ok(()),
            false => Err(format!("{name}: expected {from} to {to}, found {found}")),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Time)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a time such as 30s or 5m"))
    }
}
