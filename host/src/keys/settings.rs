//! The `keys.cache` section of the configuration: every setting with its default, its bounds and the reason.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// How long a [`Cache`](super::Cache) keeps what. In configuration files the names are kebab-case and durations carry
/// their unit: `{ ttl: 1h, capacity: 1000, refused-ttl: 30s, stale: 15m }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CacheSettings {
    /// How long a key is used without asking again, less 10 to 20 percent so that keys do not expire together.
    ///
    /// Default 1 hour, 1 second to 24 hours. A stream uses a data key for about an hour; a key whose use was revoked
    /// in KMS keeps working here for at most this long.
    #[serde(deserialize_with = "ttl")]
    pub ttl: Duration,
    /// How many keys are kept; beyond it the least recently used one goes.
    ///
    /// Default 1000, 1 to 100 000. One cluster needs a few keys; replaying an archive needs one per cluster and hour.
    #[serde(deserialize_with = "capacity")]
    pub capacity: usize,
    /// How long a refusal is repeated without asking again.
    ///
    /// Default 30 seconds, 0 to 1 hour. Long enough that bad records do not flood the key service, short enough that a
    /// corrected policy is noticed while somebody watches.
    #[serde(deserialize_with = "refused_ttl")]
    pub refused_ttl: Duration,
    /// How long past its time a key is still used while the key service is unavailable; never after a refusal.
    ///
    /// Default 15 minutes, 0 (never) to 24 hours. Bridges an outage, and lengthens how long a revocation can go
    /// unnoticed during one.
    #[serde(deserialize_with = "stale")]
    pub stale: Duration,
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const TTL: RangeInclusive<Duration> = SECOND..=DAY;
const CAPACITY: RangeInclusive<usize> = 1..=100_000;
const REFUSED_TTL: RangeInclusive<Duration> = Duration::ZERO..=HOUR;
const STALE: RangeInclusive<Duration> = Duration::ZERO..=DAY;

impl Default for CacheSettings {
    fn default() -> Self {
        Self { ttl: HOUR, capacity: 1000, refused_ttl: 30 * SECOND, stale: 900 * SECOND }
    }
}

impl CacheSettings {
    /// The same settings with each value moved to its nearest bound, for those who did not come through a file.
    pub(super) fn clamped(self) -> Self {
        Self {
            ttl: self.ttl.clamp(*TTL.start(), *TTL.end()),
            capacity: self.capacity.clamp(*CAPACITY.start(), *CAPACITY.end()),
            refused_ttl: self.refused_ttl.clamp(*REFUSED_TTL.start(), *REFUSED_TTL.end()),
            stale: self.stale.clamp(*STALE.start(), *STALE.end()),
        }
    }
}

fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration(deserializer, "ttl", TTL)
}

fn refused_ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration(deserializer, "refused-ttl", REFUSED_TTL)
}

fn stale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration(deserializer, "stale", STALE)
}

fn capacity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let found = usize::deserialize(deserializer)?;
    if CAPACITY.contains(&found) {
        return Ok(found);
    }
    let (least, most) = CAPACITY.into_inner();
    Err(D::Error::custom(format_args!("capacity: expected {least} to {most} keys, found {found}")))
}

/// A duration within its bounds; the error names the setting.
fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
    name: &'static str,
    bounds: RangeInclusive<Duration>,
) -> Result<Duration, D::Error> {
    struct Text(&'static str);

    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}: a duration with its unit, such as \"30s\", \"15m\" or \"1h\"", self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            humantime::parse_duration(text).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }

    let found = deserializer.deserialize_str(Text(name))?;
    if bounds.contains(&found) {
        return Ok(found);
    }
    let (least, most) = bounds.into_inner();
    let [least, most, found] = [least, most, found].map(humantime::format_duration);
    Err(D::Error::custom(format_args!("{name}: expected {least} to {most}, found {found}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default() {
        let settings: CacheSettings = serde_json::from_str("{}").expect("empty");
        assert_eq!(settings, CacheSettings::default());
        assert_eq!(settings.clone().clamped(), settings);
    }

    #[test]
    fn reads_the_section_of_the_manual() {
        let text = r#"{"ttl": "2h", "capacity": 10, "refused-ttl": "0s", "stale": "1m 30s"}"#;
        let settings: CacheSettings = serde_json::from_str(text).expect("valid");
        let expected = CacheSettings { ttl: 2 * HOUR, capacity: 10, refused_ttl: Duration::ZERO, stale: 90 * SECOND };
        assert_eq!(settings, expected);
    }

    #[test]
    fn errors_name_the_setting_and_what_was_expected() {
        for (text, expected) in [
            (r#"{"ttl": "0s"}"#, "ttl: expected 1s to 1day, found 0s"),
            (r#"{"ttl": "25h"}"#, "ttl: expected 1s to 1day, found 1day 1h"),
            (r#"{"refused-ttl": "2h"}"#, "refused-ttl: expected 0s to 1h, found 2h"),
            (r#"{"stale": 900}"#, "expected stale: a duration with its unit"),
            (r#"{"stale": "soon"}"#, "invalid value: string \"soon\", expected stale: a duration with its unit"),
            (r#"{"capacity": 0}"#, "capacity: expected 1 to 100000 keys, found 0"),
            (r#"{"refused_ttl": "1s"}"#, "unknown field `refused_ttl`, expected one of `ttl`"),
        ] {
            let error = serde_json::from_str::<CacheSettings>(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn out_of_bounds_in_code_means_the_nearest_bound() {
        let wild = CacheSettings { ttl: Duration::ZERO, capacity: 0, refused_ttl: DAY, stale: Duration::MAX };
        let tame = CacheSettings { ttl: SECOND, capacity: 1, refused_ttl: HOUR, stale: DAY };
        assert_eq!(wild.clamped(), tame);
    }
}
