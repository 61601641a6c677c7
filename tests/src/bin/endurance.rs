//! What takes too long for `make test`: all faults at full length, minutes at full speed, `run` beside `decode`.
//!
//!     endurance faults [CASE]...      RECORDS: how many each, 100000
//!     endurance soak                  MINUTES: how long, 10
//!     endurance speed                 ROUNDS: how many, 7
//!
//! The program under test is `DASTAP` where that is set, or the `dastap` beside this one.

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use dastap_tests::faults::{CASES, Case, Scale, Table, case};
use dastap_tests::soak::soak;
use dastap_tests::speed::{GOAL, Speed};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["faults", names @ ..] => faults(names),
        ["soak"] => soaked(),
        ["speed"] => speed(),
        _ => Err("expected: endurance faults [CASE]... | soak | speed".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Plays all cases also when one fails, so that the table is whole.
fn faults(names: &[&str]) -> Result<(), String> {
    let all = || CASES.iter().map(|case| case.name).collect::<Vec<_>>().join(", ");
    let named = |name: &&str| case(name).ok_or_else(|| format!("expected a case ({}), found {name}", all()));
    let named: Vec<&Case> = names.iter().map(named).collect::<Result<_, _>>()?;
    let cases: Vec<&Case> = if named.is_empty() { CASES.iter().collect() } else { named };
    let scale = Scale { records: number("RECORDS", Scale::FULL.records)?, ..Scale::FULL };
    println!("{Table}");
    let mut failed = Vec::new();
    for case in cases {
        match std::panic::catch_unwind(|| (case.play)(scale)) {
            Ok(row) => println!("{row}"),
            Err(_) => failed.push(case.name),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not as it must be: {}", failed.join(", "))) }
}

fn soaked() -> Result<(), String> {
    let soak = soak(Duration::from_secs_f64(number("MINUTES", 10.0)? * 60.0));
    println!("{soak}");
    soak.judge()
}

fn speed() -> Result<(), String> {
    let speed = Speed::measure(number("ROUNDS", 7)?);
    let Speed { run, decode } = speed;
    println!("run: {run:.0} records/s, decode: {decode:.0}; share {:.2} (goal {GOAL:.2})", speed.share());
    if speed.share() >= GOAL { Ok(()) } else { Err("below the goal".to_owned()) }
}

fn number<T: FromStr>(name: &str, default: T) -> Result<T, String> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}: expected a number, found {text:?}")),
        Err(_) => Ok(default),
    }
}
