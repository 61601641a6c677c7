//! Times: three forms in, RFC 3339 in UTC and epoch milliseconds out.

use std::fmt::Write;

/// A moment between the years 0 and 9999, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    /// Since 1970-01-01T00:00:00Z.
    seconds: i64,
    nanoseconds: u32,
    /// How many digits of the fraction were written.
    digits: u8,
}

/// Date and time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Time {
    /// Reads `2022-03-27 13:05:16.607273+00` (PostgreSQL, MySQL; SQL Server writes seven digits) and
    /// `2021-01-15 00:15:36.233787` (Oracle, UTC by definition); also with `T`, `Z`, `+05:30` and `+0530`. Digits
    /// behind the ninth are cut.
    pub(crate) fn parse(text: &str) -> Option<Time> {
        let mut rest = Rest(text.as_bytes());
        let year = rest.number(4)?;
        rest.byte(b"-")?;
        let month = rest.number(2)?;
        rest.byte(b"-")?;
        let day = rest.number(2)?;
        rest.byte(b" Tt")?;
        let hour = rest.number(2)?;
        rest.byte(b":")?;
        let minute = rest.number(2)?;
        rest.byte(b":")?;
        // 60 is a leap second; it becomes the first second of the next minute.
        let second = rest.number(2)?;
        if !(1..=12).contains(&month)
            || day < 1
            || day > days_in(year, month)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let (nanoseconds, digits) = rest.fraction()?;
        let offset = rest.offset()?;
        let of_day = hour.wrapping_mul(3600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second);
        let seconds = days_from_civil(year, month, day).wrapping_mul(86_400).wrapping_add(of_day).wrapping_sub(offset);
        (FIRST..=LAST).contains(&seconds).then_some(Time { seconds, nanoseconds, digits })
    }

    /// Milliseconds since 1970, rounded down.
    pub(crate) fn epoch_milliseconds(self) -> i64 {
        self.seconds.wrapping_mul(1000).wrapping_add(i64::from(self.nanoseconds / 1_000_000))
    }

    /// Nanoseconds from `earlier` to this moment; none when it is not earlier.
    pub(crate) fn nanoseconds_since(self, earlier: Time) -> Option<u64> {
        let seconds = self.seconds.wrapping_sub(earlier.seconds).wrapping_mul(1_000_000_000_i64);
        // Ten thousand years of nanoseconds do not fit.
        if self.seconds.wrapping_sub(earlier.seconds).unsigned_abs() > LONGEST {
            return None;
        }
        let fraction = i64::from(self.nanoseconds).wrapping_sub(i64::from(earlier.nanoseconds));
        u64::try_from(seconds.wrapping_add(fraction)).ok()
    }

    /// Date and time of day.
    pub(super) fn civil(self) -> Civil {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        let part = |value: i64| u8::try_from(value).unwrap_or_default();
        Civil {
            year: u16::try_from(year).unwrap_or_default(),
            month: part(month),
            day: part(day),
            hour: part(of_day / 3600),
            minute: part(of_day / 60 % 60),
            second: part(of_day % 60),
        }
    }

    /// Appends `2022-03-27T13:05:16.607273Z`, with the digits that the source had.
    pub(crate) fn write_rfc3339(self, text: &mut String) {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        let _ = write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.digits > 0 {
            let unit = 10u32.wrapping_pow(9u32.saturating_sub(self.digits.into()));
            let fraction = self.nanoseconds.checked_div(unit).unwrap_or_default();
            let _ = write!(text, ".{fraction:0width$}", width = self.digits.into());
        }
        text.push('Z');
    }
}

/// What is left to read of a time.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self, one_of: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        one_of.contains(&first).then_some(first)
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0i64, |value, byte| {
            byte.is_ascii_digit().then(|| value.wrapping_mul(10).wrapping_add(i64::from(byte & 0x0f)))
        })
    }

    /// Nanoseconds, and how many digits were given, of `.607273`; zero of nothing.
    fn fraction(&mut self) -> Option<(u32, u8)> {
        if self.0.first() != Some(&b'.') {
            return Some((0, 0));
        }
        self.byte(b".")?;
        let (mut value, mut digits) = (0u32, 0u8);
        while let Some(byte @ b'0'..=b'9') = self.0.first().copied() {
            self.byte(b"0123456789")?;
            if digits < 9 {
                value = value.wrapping_mul(10).wrapping_add(u32::from(byte & 0x0f));
                digits = digits.wrapping_add(1);
            }
        }
        let unit = 10u32.wrapping_pow(9u32.saturating_sub(digits.into()));
        (digits > 0).then(|| (value.wrapping_mul(unit), digits))
    }

    /// Seconds east of UTC, to the end of the text. Nothing means UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() {
            return Some(0);
        }
        let sign = match self.byte(b"+-Zz")? {
            b'+' => 1i64,
            b'-' => -1,
            _ => return self.0.is_empty().then_some(0),
        };
        let hours = self.number(2)?;
        if self.0.first() == Some(&b':') {
            self.byte(b":")?;
        }
        let minutes = if self.0.is_empty() { 0 } else { self.number(2)? };
        let seconds = hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60));
        (self.0.is_empty() && hours < 24 && minutes < 60).then(|| sign.wrapping_mul(seconds))
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, which is counted from 1 March so that a leap day ends a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = month.wrapping_add(9) % 12;
    let day_of_year = (month_from_march.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(day).wrapping_sub(1);
    let leaps = (year_of_era / 4).wrapping_sub(year_of_era / 100);
    let day_of_era = year_of_era.wrapping_mul(365).wrapping_add(leaps).wrapping_add(day_of_year);
    era.wrapping_mul(DAYS_OF_ERA).wrapping_add(day_of_era).wrapping_sub(EPOCH)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.wrapping_add(EPOCH);
    let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    let without_leaps =
        day_of_era.wrapping_sub(day_of_era / 1460).wrapping_add(day_of_era / 36_524).wrapping_sub(day_of_era / 146_096);
    let year_of_era = without_leaps / 365;
    let leaps = (year_of_era / 4).wrapping_sub(year_of_era / 100);
    let day_of_year = day_of_era.wrapping_sub(year_of_era.wrapping_mul(365).wrapping_add(leaps));
    let month_from_march = day_of_year.wrapping_mul(5).wrapping_add(2) / 153;
    let day = day_of_year.wrapping_sub(month_from_march.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
    let month = (month_from_march.wrapping_add(2) % 12).wrapping_add(1);
    let year = era.wrapping_mul(400).wrapping_add(year_of_era).wrapping_add(i64::from(month <= 2));
    (year, month, day)
}

/// Days of 400 years.
const DAYS_OF_ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// 0000-01-01T00:00:00Z
const FIRST: i64 = -62_167_219_200;

/// 9999-12-31T23:59:59Z
const LAST: i64 = 253_402_300_799;

/// Seconds of the longest duration that is told: 290 years.
const LONGEST: u64 = 290 * 366 * 86_400;
