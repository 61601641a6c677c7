//! Time on a synthetic database server, and the three ways in which the engines print it (hundreds of nanoseconds,
//! because SQL Server prints seven digits).

use std::time::{Duration, UNIX_EPOCH};

const TICKS_PER_SECOND: u64 = 10_000_000;
const TICKS_PER_MILLISECOND: u64 = 10_000;

/// A moment, in units of 100 nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment(u64);

impl Moment {
    /// When every synthetic stream begins: 2026-03-02 07:00:00 UTC, a Monday morning.
    pub(super) const BEGIN: Self = Self(1_772_434_800 * TICKS_PER_SECOND);

    /// This moment and so many microseconds and tenths of one.
    pub(super) fn after(self, microseconds: u32, tenths: u32) -> Self {
        Self(self.0 + u64::from(microseconds) * 10 + u64::from(tenths))
    }

    pub(super) fn seconds(self) -> u64 {
        self.0 / TICKS_PER_SECOND
    }

    pub(super) fn milliseconds(self) -> u64 {
        self.0 / TICKS_PER_MILLISECOND
    }

    /// Aurora: six digits and an offset without minutes, `2022-03-27 13:05:16.607273+00`.
    pub(super) fn aurora(self) -> String {
        self.digits(6) + "+00"
    }

    /// Oracle: six digits and no offset, `2021-01-15 00:15:36.233787`.
    pub(super) fn oracle(self) -> String {
        self.digits(6)
    }

    /// SQL Server: seven digits and an offset without minutes, `2022-10-06 21:24:59.9422268+00`.
    pub(super) fn sqlserver(self) -> String {
        self.digits(7) + "+00"
    }

    fn digits(self, digits: usize) -> String {
        let nanoseconds = u32::try_from(self.0 % TICKS_PER_SECOND * 100).unwrap_or_default();
        let time = UNIX_EPOCH + Duration::new(self.seconds(), nanoseconds);
        let mut text = humantime::format_rfc3339_nanos(time).to_string().replace('T', " ");
        text.truncate("2026-03-02 07:00:00.".len() + digits);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_prints_time_in_its_own_way() {
        let moment = Moment::BEGIN.after(61_000_045, 6);
        assert_eq!(moment.aurora(), "2026-03-02 07:01:01.000045+00");
        assert_eq!(moment.oracle(), "2026-03-02 07:01:01.000045");
        assert_eq!(moment.sqlserver(), "2026-03-02 07:01:01.0000456+00");
        assert_eq!(moment.milliseconds(), 1_772_434_861_000);
    }
}
