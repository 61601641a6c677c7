//! What the engines mean, case by case; times against a slow calendar.

use proptest::prelude::*;

use super::*;

#[test]
fn engines_by_any_spelling() {
    for (server_type, protocol, engine) in [
        (Some("PostgreSQL"), None, Engine::PostgreSql),
        (Some("postgresql"), Some("MySQL"), Engine::PostgreSql),
        (Some("MySQL"), None, Engine::MySql),
        (Some("oracle"), None, Engine::Oracle),
        (Some("ORACLE"), None, Engine::Oracle),
        (Some("SQLSERVER"), None, Engine::SqlServer),
        (None, Some("Postgres 3.0"), Engine::PostgreSql),
        (Some("DSQL"), Some("SQLSERVER"), Engine::SqlServer),
        (Some("éé"), Some(""), Engine::Unknown),
        (None, None, Engine::Unknown),
    ] {
        assert_eq!(Engine::of(server_type, protocol), engine, "{server_type:?} {protocol:?}");
    }
}

#[test]
fn outcomes_by_engine() {
    use {Engine::*, Outcome::*};
    let none = "";
    for (engine, command, exit_code, error, expected) in [
        (PostgreSql, "SELECT", Some("null"), none, Success),
        (PostgreSql, "DISCONNECT", Some("0"), none, Success),
        (PostgreSql, "SELECT", Some("\"00000\""), none, Success),
        (PostgreSql, "SELECT", Some("\"01000\""), none, Success),
        (PostgreSql, "SELECT", Some("\"28P01\""), none, Failure),
        (PostgreSql, "ERROR", Some("null"), none, Failure),
        (PostgreSql, "AUTH FAILURE", Some("-1"), none, Failure),
        (PostgreSql, "SELECT", Some("-1"), none, Failure),
        (PostgreSql, "SELECT", Some("null"), "out of memory", Failure),
        (PostgreSql, "SELECT", None, none, Outcome::Unknown),
        (MySql, "QUERY", Some("\"0\""), none, Success),
        (MySql, "QUERY", Some("0"), none, Success),
        (MySql, "QUERY", Some("\"1064\""), "syntax", Failure),
        (MySql, "QUERY", Some("\"1064\""), none, Failure),
        (MySql, "READ", Some("\"\""), none, Outcome::Unknown),
        (MySql, "FAILED_CONNECT", Some("\"\""), none, Failure),
        (MySql, "QUERY", Some("null"), none, Outcome::Unknown),
        (Oracle, "LOGON", Some("0"), none, Success),
        (Oracle, "LOGON", Some("1017"), none, Failure),
        (Oracle, "LOGON", Some("null"), none, Outcome::Unknown),
        (SqlServer, "SELECT", Some("1"), none, Success),
        (SqlServer, "SELECT", Some("0"), none, Failure),
        (SqlServer, "SELECT", Some("1"), "overflow", Failure),
        (SqlServer, "LOGIN FAILED", Some("0"), none, Failure),
        (SqlServer, "SELECT", Some("7"), none, Outcome::Unknown),
        (Engine::Unknown, "SELECT", Some("0"), none, Outcome::Unknown),
        (Engine::Unknown, "SELECT", Some("1"), "no", Failure),
    ] {
        let evidence = Evidence { command: Some(command), exit_code, error_message: Some(error) };
        assert_eq!(outcome(engine, &evidence), expected, "{engine:?} {evidence:?}");
    }
}

fn rfc3339(text: &str) -> Option<String> {
    let mut written = String::new();
    Time::parse(text)?.write_rfc3339(&mut written);
    Some(written)
}

#[test]
fn three_forms_of_time() {
    for (text, written, milliseconds) in [
        ("2022-03-27 13:05:16.607273+00", "2022-03-27T13:05:16.607273Z", 1_648_386_316_607),
        ("2021-01-15 00:15:36.233787", "2021-01-15T00:15:36.233787Z", 1_610_669_736_233),
        ("2022-10-06 21:24:59.9422268+00", "2022-10-06T21:24:59.9422268Z", 1_665_091_499_942),
        ("2022-10-06T21:24:59Z", "2022-10-06T21:24:59Z", 1_665_091_499_000),
        ("2022-10-07 02:54:59.5+05:30", "2022-10-06T21:24:59.5Z", 1_665_091_499_500),
        ("2022-10-06 16:24:59.5-0500", "2022-10-06T21:24:59.5Z", 1_665_091_499_500),
        ("1969-12-31 23:59:59.999", "1969-12-31T23:59:59.999Z", -1),
        ("2016-12-31 23:59:60", "2017-01-01T00:00:00Z", 1_483_228_800_000),
        ("2024-02-29 00:00:00.123456789123", "2024-02-29T00:00:00.123456789Z", 1_709_164_800_123),
        ("0000-01-01 00:00:00", "0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31 23:59:59", "9999-12-31T23:59:59Z", 253_402_300_799_000),
    ] {
        assert_eq!(rfc3339(text).as_deref(), Some(written));
        assert_eq!(Time::parse(text).unwrap().epoch_milliseconds(), milliseconds);
    }
    for text in [
        "",
        "2022",
        "2022-13-01 00:00:00",
        "2023-02-29 00:00:00",
        "1900-02-29 00:00:00",
        "2022-00-01 00:00:00",
        "2022-01-00 00:00:00",
        "2022-01-01 24:00:00",
        "2022-01-01 00:60:00",
        "2022-01-01 00:00:61",
        "2022-01-01 00:00:00.",
        "2022-01-01 00:00:00+",
        "2022-01-01 00:00:00+1",
        "2022-01-01 00:00:00+24",
        "2022-01-01 00:00:00+00:60",
        "2022-01-01 00:00:00+00:00:00",
        "2022-01-01 00:00:00Z ",
        "2022-01-01 00:00:00 UTC",
        " 2022-01-01 00:00:00",
        "2022-01-01_00:00:00",
        "0000-01-01 00:00:00+01",
        "9999-12-31 23:59:59-01",
        "٢٠٢٢-01-01 00:00:00",
    ] {
        assert_eq!(Time::parse(text), None, "{text}");
    }
}

#[test]
fn durations_by_engine() {
    let (start, end) = (Some("2022-03-27 13:05:16.607273+00"), Some("2022-03-27 13:05:17.000000+00"));
    let postgres = Span { start, log: end, ..Span::default() };
    assert_eq!(postgres.duration(Engine::PostgreSql), Some(392_727_000));
    assert_eq!(postgres.duration(Engine::MySql), None);
    let mysql = Span { start, end, ..Span::default() };
    assert_eq!(mysql.duration(Engine::MySql), Some(392_727_000));
    let backwards = Span { start: end, end: start, ..Span::default() };
    assert_eq!(backwards.duration(Engine::MySql), None);
    for (raw, expected) in [("12", Some(12_000_000)), ("\"3\"", Some(3_000_000)), ("null", None), ("-1", None)] {
        let native = Span { native_milliseconds: Some(raw), ..Span::default() };
        assert_eq!(native.duration(Engine::SqlServer), expected);
        assert_eq!(native.duration(Engine::Oracle), None);
    }
    let ages = Span { start: Some("0000-01-01 00:00:00"), end: Some("9999-12-31 00:00:00"), ..Span::default() };
    assert_eq!(ages.duration(Engine::MySql), None);
    let huge = Span { native_milliseconds: Some("18446744073709551615"), ..Span::default() };
    assert_eq!(huge.duration(Engine::SqlServer), None);
}

/// Days since 1970 by counting years and months.
fn slow_days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let mut days = 0;
    for y in year.min(1970)..year.max(1970) {
        days += if leap(y) { 366 } else { 365 };
    }
    if year < 1970 {
        days = -days;
    }
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days + lengths.iter().take(month as usize - 1).sum::<i64>() + day - 1
}

proptest! {
    #[test]
    fn times_agree_with_a_slow_calendar(
        year in 0i64..=9999, month in 1i64..=12, day in 1i64..=28, of_day in 0i64..86_400, nanos in 0u32..1_000_000_000,
    ) {
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09}");
        let time = Time::parse(&text).unwrap();
        let expected = (slow_days(year, month, day) * 86_400 + of_day) * 1000 + i64::from(nanos / 1_000_000);
        prop_assert_eq!(time.epoch_milliseconds(), expected);
        let written = rfc3339(&text).unwrap();
        prop_assert_eq!(&written, &(text.replace(' ', "T") + "Z"));
        // What was written is read as the same moment.
        prop_assert_eq!(Time::parse(&written), Some(time));
        prop_assert_eq!(time.civil().year, u16::try_from(year).unwrap());
    }

    #[test]
    fn an_offset_moves_the_moment(hours in 0i64..24, minutes in 0i64..60, east: bool) {
        let sign = if east { '+' } else { '-' };
        let moved = Time::parse(&format!("2022-06-15 12:00:00{sign}{hours:02}:{minutes:02}")).unwrap();
        let utc = Time::parse("2022-06-15 12:00:00").unwrap();
        let by = (hours * 60 + minutes) * 60_000;
        prop_assert_eq!(moved.epoch_milliseconds(), utc.epoch_milliseconds() - if east { by } else { -by });
    }

    #[test]
    fn nothing_panics(text in ".{0,40}", other in "[0-9:. TZ+-]{0,40}", raw in ".{0,8}") {
        for text in [&text, &other] {
            if let Some(time) = Time::parse(text) {
                time.write_rfc3339(&mut String::new());
            }
            let span = Span { start: Some(text), end: Some(&other), log: Some(text), native_milliseconds: Some(&raw) };
            for engine in [Engine::PostgreSql, Engine::MySql, Engine::Oracle, Engine::SqlServer, Engine::Unknown] {
                span.duration(engine);
                outcome(engine, &Evidence { command: Some(text), exit_code: Some(&raw), error_message: None });
            }
        }
    }
}
