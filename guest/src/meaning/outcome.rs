//! Whether what an event reports worked out: four conventions of `exitCode`.

use super::Engine;

/// Whether it worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Unknown,
}

/// The fields that tell. Texts without quotes; `exitCode` as raw JSON, because the engines disagree about its type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence<'a> {
    pub(crate) command: Option<&'a str>,
    /// Raw JSON: `null`, `0`, `"28P01"`; none when the member is missing.
    pub(crate) exit_code: Option<&'a str>,
    /// Empty when there is none.
    pub(crate) error_message: Option<&'a str>,
}

impl Outcome {
    /// `success`, `failure` or `unknown`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Unknown => "unknown",
        }
    }
}

/// Reads the evidence as the engine means it.
///
/// A command that names a failure and an error message count more than the code: SQL Server's code is that of the
/// permission check, so 1 (granted) stands beside the error of the operation.
pub(crate) fn outcome(engine: Engine, evidence: &Evidence<'_>) -> Outcome {
    if evidence.command.is_some_and(|command| FAILURES.contains(&command))
        || evidence.error_message.is_some_and(|message| !message.is_empty())
    {
        return Outcome::Failure;
    }
    let Some(raw) = evidence.exit_code else { return Outcome::Unknown };
    let code = raw.trim_matches('"');
    let zero_is_success = || if is_zero(code) { Outcome::Success } else { Outcome::Failure };
    match (engine, code) {
        (Engine::Unknown, _) => Outcome::Unknown,
        // An ordinary statement.
        (Engine::PostgreSql, "null") => Outcome::Success,
        // Every AUX event of MySQL.
        (_, "null" | "") => Outcome::Unknown,
        (Engine::SqlServer, "1") => Outcome::Success,
        (Engine::SqlServer, _) if is_zero(code) => Outcome::Failure,
        (Engine::SqlServer, _) => Outcome::Unknown,
        // Success, warning, no data: the SQLSTATE classes that are no errors.
        (Engine::PostgreSql, _) if code.len() == 5 => match code.get(..2) {
            Some("00" | "01" | "02") => Outcome::Success,
            _ => Outcome::Failure,
        },
        (Engine::PostgreSql | Engine::MySql | Engine::Oracle, _) => zero_is_success(),
    }
}

fn is_zero(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|byte| byte == b'0')
}

/// Commands that stand for a failure: PostgreSQL (two), MySQL, SQL Server.
const FAILURES: [&str; 4] = ["ERROR", "AUTH FAILURE", "FAILED_CONNECT", "LOGIN FAILED"];
