//! Aurora PostgreSQL, record version 1.1 (das-format, sections 5 to 9): families of statements as `class`, an `exitCode` that
//! is null, a number or an SQLSTATE text, failures as a `MISC` event of their own, functions as a second event.

use super::dice::Dice;
use super::instance::{self, Server};
use super::session::{Activity, Deed, Mishap};
use super::statement::{Family, Statement, Verb};
use serde::Serialize;

/// Reports activities as Aurora PostgreSQL does.
pub(super) struct Teller;

impl instance::Teller for Teller {
    fn tell(&mut self, server: &Server, activity: &Activity<'_>, _: &mut Dice) -> Vec<String> {
        let base = Event::new(server, activity);
        let user = activity.session.user.name;
        let events = match &activity.deed {
            Deed::Connect => vec![Event { command: "CONNECT", ..base }],
            Deed::Disconnect => vec![Event { command: "DISCONNECT", exit_code: ExitCode::Number(0), ..base }],
            Deed::LoginRefused => {
                let message = format!("password authentication failed for user \"{user}\"");
                let error = Event { error_message: Some(message.clone()), ..base };
                vec![
                    Event { command: "ERROR", exit_code: ExitCode::State("28P01"), ..error.clone() },
                    Event { command: "AUTH FAILURE", exit_code: ExitCode::Number(-1), ..error },
                ]
            }
            Deed::Failed(statement, mishap) => {
                let (state, message) = failure(*mishap, statement.object().unwrap_or_default());
                vec![Event {
                    command: "ERROR",
                    command_text: Some(&statement.text),
                    exit_code: ExitCode::State(state),
                    error_message: Some(message),
                    ..base
                }]
            }
            Deed::Ran(statement) => ran(base, statement),
        };
        events.iter().map(|event| serde_json::to_string(event).unwrap_or_default()).collect()
    }
}

fn ran<'a>(base: Event<'a>, statement: &'a Statement) -> Vec<Event<'a>> {
    let event = Event {
        command: command(statement),
        command_text: Some(&statement.text),
        param_list: &statement.binds,
        row_count: statement.rows,
        class: class(statement),
        ..base
    };
    let object = statement.object().map(|name| format!("public.{name}"));
    match statement.verb.family() {
        Family::Read | Family::Write if object.is_some() => {
            vec![Event { object_type: Some("TABLE"), object_name: object, ..event }]
        }
        // The statement that calls, then the function: same statement, next substatement.
        Family::Function => {
            let call = Event {
                substatement_id: 2,
                object_type: Some("FUNCTION"),
                object_name: object,
                command: "EXECUTE",
                class: "FUNCTION",
                row_count: None,
                ..event.clone()
            };
            vec![Event { command: "SELECT", class: "READ", ..event }, call]
        }
        Family::Definition if statement.verb != Verb::CreateIndex => {
            vec![Event { object_type: Some("TABLE"), object_name: object, ..event }]
        }
        _ => vec![event],
    }
}

/// The command tag: accounts are roles here.
fn command(statement: &Statement) -> &'static str {
    match statement.verb {
        Verb::CreateUser => "CREATE ROLE",
        Verb::AlterUser if statement.text.starts_with("ALTER USER MAPPING") => "ALTER USER MAPPING",
        Verb::AlterUser => "ALTER ROLE",
        verb => verb.words(),
    }
}

fn class(statement: &Statement) -> &'static str {
    match statement.verb.family() {
        Family::Read => "READ",
        Family::Write => "WRITE",
        Family::Definition => "DDL",
        Family::Role if command(statement) == "ALTER USER MAPPING" => "DDL",
        Family::Role => "ROLE",
        Family::Function => "FUNCTION",
        Family::Other => "MISC",
    }
}

fn failure(mishap: Mishap, object: &str) -> (&'static str, String) {
    match mishap {
        Mishap::NoSuchTable => ("42P01", format!("relation \"public.{object}\" does not exist")),
        Mishap::NoPermission => ("42501", format!("permission denied for table {object}")),
        Mishap::Duplicate => ("23505", format!("duplicate key value violates unique constraint \"{object}_pkey\"")),
        Mishap::Deadlock => ("40P01", "deadlock detected".to_owned()),
    }
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
enum ExitCode {
    /// An ordinary statement.
    Null,
    /// The clean end of a session, or -1 for a refused login.
    Number(i32),
    /// The SQLSTATE of an error.
    State(&'static str),
}

/// One event, its fields in the order in which AWS prints them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    start_time: String,
    log_time: String,
    statement_id: u32,
    substatement_id: u32,
    object_type: Option<&'static str>,
    command: &'static str,
    object_name: Option<String>,
    database_name: &'a str,
    db_user_name: &'a str,
    remote_host: &'a str,
    remote_port: String,
    session_id: String,
    row_count: Option<u32>,
    command_text: Option<&'a str>,
    param_list: &'a [String],
    pid: u32,
    client_application: Option<&'a str>,
    exit_code: ExitCode,
    class: &'static str,
    server_version: &'static str,
    server_type: &'static str,
    service_name: &'static str,
    server_host: &'a str,
    net_protocol: &'static str,
    db_protocol: &'static str,
    r#type: &'static str,
    error_message: Option<String>,
}

impl<'a> Event<'a> {
    /// What all events of an activity have in common.
    fn new(server: &'a Server, activity: &Activity<'a>) -> Self {
        let session = activity.session;
        Self {
            start_time: activity.start.aurora(),
            log_time: activity.end.aurora(),
            statement_id: session.statements,
            substatement_id: 1,
            object_type: None,
            command: "",
            object_name: None,
            database_name: session.database,
            db_user_name: session.user.name,
            remote_host: &session.host,
            remote_port: session.port.to_string(),
            session_id: format!("{:x}.{:x}", session.opened.seconds(), session.process),
            row_count: None,
            command_text: None,
            param_list: &[],
            pid: session.process,
            client_application: session.application,
            exit_code: ExitCode::Null,
            class: "MISC",
            server_version: "16.4.1",
            server_type: "PostgreSQL",
            service_name: "Amazon Aurora PostgreSQL-Compatible edition",
            server_host: &server.address,
            net_protocol: "TCP",
            db_protocol: "Postgres 3.0",
            r#type: "record",
            error_message: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::Engine;
    use crate::synth::instance::sample;
    use serde_json::{Value, json};

    #[test]
    fn exit_codes_are_null_or_a_number_or_a_text() {
        let events = sample(Engine::Postgres, 0, 2000);
        let mut seen = [false; 3];
        for (text, event) in &events {
            let expected = match event["command"].as_str().expect("text") {
                "DISCONNECT" => json!(0),
                "AUTH FAILURE" => json!(-1),
                "ERROR" => {
                    assert!(event["errorMessage"].is_string(), "{text}");
                    assert_eq!(event["exitCode"].as_str().map(str::len), Some(5), "{text}");
                    event["exitCode"].clone()
                }
                _ => json!(null),
            };
            assert_eq!(event["exitCode"], expected, "{text}");
            seen[if expected.is_null() { 0 } else { 1 + usize::from(expected.is_string()) }] = true;
        }
        assert_eq!(seen, [true; 3]);
        let refused = events.iter().position(|(_, event)| event["exitCode"] == "28P01").expect("a refused login");
        assert_eq!(events[refused + 1].1["command"], "AUTH FAILURE");
    }

    #[test]
    fn fields_have_the_types_of_the_format() {
        let events = sample(Engine::Postgres, 0, 3000);
        for (text, event) in &events {
            assert!(event["paramList"].is_array() && event["statementId"].is_u64() && event["pid"].is_u64(), "{text}");
            assert!(event["sessionId"].as_str().is_some_and(|id| id.split('.').count() == 2), "{text}");
            for time in ["startTime", "logTime"] {
                assert!(event[time].as_str().is_some_and(|time| time.len() == 29 && time.ends_with("+00")), "{text}");
            }
            assert!(event["startTime"].as_str() <= event["logTime"].as_str(), "{text}");
            assert!(text.starts_with(r#"{"startTime":"#) && event["type"] == "record", "{text}");
            let command = event["command"].as_str().expect("text");
            let misc = ["CONNECT", "DISCONNECT", "ERROR", "AUTH FAILURE"].contains(&command);
            assert!(!misc || event["class"] == "MISC", "{text}");
        }
        let has = |test: &dyn Fn(&Value) -> bool| events.iter().any(|(_, event)| test(event));
        for class in ["READ", "WRITE", "DDL", "ROLE", "FUNCTION", "MISC"] {
            assert!(has(&|event| event["class"] == class), "{class}");
        }
        for user in ["rdsadmin", "rdsproxyadmin", "監査", "renée"] {
            assert!(has(&|event| event["dbUserName"] == user), "{user}");
        }
        assert!(has(&|event| event["clientApplication"].is_null()));
        assert!(has(&|event| event["clientApplication"] == ""));
        assert!(has(&|event| event["paramList"].as_array().is_some_and(|binds| binds.len() == 2)));
        assert!(has(&|event| event["substatementId"] == 2 && event["objectType"] == "FUNCTION"));
        assert!(has(&|event| event["commandText"].as_str().is_some_and(|text| text.len() > 10_000)));
    }

    #[test]
    fn passwords_stand_in_statements_about_roles() {
        let events = sample(Engine::Postgres, 0, 3000);
        for form in ["LOGIN PASSWORD '", "encrypted password $$", "SET password '"] {
            assert!(events.iter().any(|(text, _)| text.contains(form)), "{form}");
        }
    }
}
