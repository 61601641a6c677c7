//! RDS for SQL Server, record version 1.4 (das-format, sections 5 to 9): `exitCode` 1 for success and 0 for failure, statement ids as
//! hexadecimal text, seven digits of a second, long statements split over several events, and the audit file's
//! own columns in `engineNativeAuditFields`.

use super::audit_file::AuditFile;
use super::dice::Dice;
use super::escaping;
use super::instance::{self, Server};
use super::session::{Activity, Deed, Mishap};
use super::statement::{Family, Statement, Verb};
use serde::Serialize;

/// The characters of a statement that one audit record can hold.
const STATEMENT_PART: usize = 4000;

/// Reports activities as RDS for SQL Server does.
pub(super) struct Teller {
    transactions: u32,
}

impl Teller {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { transactions: dice.between(100_000, 9_000_000) }
    }
}

impl instance::Teller for Teller {
    fn tell(&mut self, server: &Server, activity: &Activity<'_>, dice: &mut Dice) -> Vec<String> {
        self.transactions += dice.between(1, 5);
        let user = activity.session.user.name;
        let mut event = Event::new(server, activity, self.transactions, dice);
        let mut text = String::new();
        match &activity.deed {
            Deed::Connect => (event.command, text) = ("LOGIN SUCCEEDED", "-- network protocol: TCP/IP\r\n".to_owned()),
            Deed::Disconnect => event.command = "LOGOUT",
            Deed::LoginRefused => {
                event.command = "LOGIN FAILED";
                event.exit_code = 0;
                event.engine_native_audit_fields.refused = true;
                text = format!(
                    "Login failed for user '{user}'. Reason: Password did not match that for the login provided. \
                     [CLIENT: {}]",
                    activity.session.host
                );
            }
            Deed::Ran(statement) => text = event.ran(statement),
            Deed::Failed(statement, mishap) => {
                text = event.ran(statement);
                // Only the permission check counts as a failure here, not what the operation came to.
                event.exit_code = u8::from(!matches!(mishap, Mishap::NoPermission));
            }
        }
        parts(&text).iter().zip(1..).map(|(part, number)| event.print(part, number)).collect()
    }
}

/// The statement in pieces of at most 4000 characters, at least one.
fn parts(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut parts: Vec<String> = characters.chunks(STATEMENT_PART).map(|part| part.iter().collect()).collect();
    if parts.is_empty() {
        parts.push(String::new());
    }
    parts
}

/// One event, its fields in the order in which AWS prints them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    class: &'static str,
    client_application: Option<&'a str>,
    command: &'static str,
    command_text: String,
    database_name: &'a str,
    db_protocol: &'static str,
    db_user_name: &'a str,
    end_time: Option<()>,
    error_message: Option<()>,
    exit_code: u8,
    log_time: String,
    net_protocol: Option<()>,
    object_name: &'static str,
    object_type: &'static str,
    param_list: Option<()>,
    pid: Option<()>,
    remote_host: Option<&'a str>,
    remote_port: Option<()>,
    row_count: Option<u32>,
    server_host: &'a str,
    server_type: &'static str,
    server_version: &'static str,
    service_name: &'static str,
    session_id: u32,
    start_time: Option<()>,
    statement_id: String,
    substatement_id: u32,
    transaction_id: String,
    r#type: &'static str,
    engine_native_audit_fields: AuditFile<'a>,
    /// Version 13: an instance whose producer writes ASCII only.
    #[serde(skip)]
    old: bool,
}

impl<'a> Event<'a> {
    /// A login: what other activities have in common with it.
    fn new(server: &'a Server, activity: &Activity<'a>, transaction: u32, dice: &mut Dice) -> Self {
        let session = activity.session;
        // Every other instance is an old version 13, which knows neither the client's name nor the row count.
        let old = !server.place.is_multiple_of(2);
        Self {
            class: "LOGIN",
            client_application: if old { None } else { session.application },
            command: "",
            command_text: String::new(),
            database_name: if matches!(activity.deed, Deed::LoginRefused) { "" } else { session.database },
            db_protocol: "SQLSERVER",
            db_user_name: session.user.name,
            end_time: None,
            error_message: None,
            exit_code: 1,
            log_time: activity.end.sqlserver(),
            net_protocol: None,
            object_name: "",
            object_type: "LOGIN",
            param_list: None,
            pid: None,
            remote_host: match session.port % 8 {
                0 => None,
                1 => Some("local machine"),
                _ => Some(&session.host),
            },
            remote_port: None,
            row_count: (!old).then_some(0),
            server_host: &server.address,
            server_type: "SQLSERVER",
            server_version: if old { "13.00.6455.2.v1.R1" } else { "15.00.4430.1.v1.R1" },
            service_name: "sqlserver-ee",
            session_id: 50 + session.number % 400,
            start_time: None,
            statement_id: format!("0x{}", dice.hex(32)),
            substatement_id: 1,
            transaction_id: transaction.to_string(),
            r#type: "record",
            engine_native_audit_fields: AuditFile::new(server, activity, dice),
            old,
        }
    }

    /// Takes over what a statement did, and returns its text.
    fn ran(&mut self, statement: &Statement) -> String {
        let (class, command) = what(statement);
        (self.class, self.object_type, self.command) = (class, class, command);
        self.object_name = statement.object().unwrap_or_default();
        self.row_count = self.row_count.and(statement.rows).or(self.row_count);
        self.engine_native_audit_fields.object = statement.object();
        self.engine_native_audit_fields.column_permission = statement.verb.family() == Family::Read;
        statement.text.clone()
    }

    fn print(&mut self, part: &str, number: u32) -> String {
        part.clone_into(&mut self.command_text);
        self.substatement_id = number;
        escaping::print(self, if self.old { escaping::is_not_ascii } else { |_| false })
    }
}

/// The class of the audited object and the audit action.
fn what(statement: &Statement) -> (&'static str, &'static str) {
    match statement.verb {
        Verb::Select if statement.objects.is_empty() => ("VIEW", "SELECT"),
        Verb::Select | Verb::Insert | Verb::Update | Verb::Delete => ("TABLE", statement.verb.words()),
        Verb::CreateTable => ("TABLE", "CREATE"),
        Verb::CreateIndex => ("INDEX", "CREATE"),
        Verb::AlterTable | Verb::RenameTable | Verb::TruncateTable => ("TABLE", "ALTER"),
        Verb::DropTable => ("TABLE", "DROP"),
        Verb::CreateUser => ("SQL LOGIN", "CREATE"),
        Verb::AlterUser if statement.text.starts_with("OPEN") => ("SYMMETRIC KEY", "OPEN"),
        Verb::AlterUser => ("SQL LOGIN", "CHANGE PASSWORD"),
        Verb::Grant | Verb::Revoke => ("SCHEMA", statement.verb.words()),
        Verb::Call => ("STORED PROCEDURE", "EXECUTE"),
        Verb::Begin => ("DATABASE", "TRANSACTION BEGIN STARTING"),
        Verb::Commit => ("DATABASE", "TRANSACTION COMMIT COMPLETED"),
        Verb::Set => ("DATABASE", "BATCH COMPLETED"),
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::Engine;
    use crate::synth::instance::sample;
    use serde_json::json;

    #[test]
    fn success_is_one_and_failure_zero() {
        let events = sample(Engine::Sqlserver, 0, 4000);
        let (_, refused) =
            events.iter().find(|(_, event)| event["command"] == "LOGIN FAILED").expect("a refused login");
        assert_eq!(refused["exitCode"], 0);
        assert_eq!(refused["class"], "LOGIN");
        let xml = refused["engineNativeAuditFields"]["additional_information"].as_str().expect("text");
        assert!(xml.starts_with("<action_info xmlns=\"http"), "{xml}");
        let (_, connected) = events.iter().find(|(_, event)| event["command"] == "LOGIN SUCCEEDED").expect("a login");
        assert_eq!(connected["exitCode"], 1);
        assert!(events.iter().any(|(_, event)| event["class"] == "TABLE" && event["exitCode"] == 0));
    }

    #[test]
    fn long_statements_are_split_over_numbered_events() {
        let events = sample(Engine::Sqlserver, 0, 4000);
        let second = events.iter().position(|(_, event)| event["substatementId"] == 2).expect("a long statement");
        let (first, second) = (&events[second - 1].1, &events[second].1);
        assert_eq!(first["statementId"], second["statementId"]);
        assert_eq!(first["substatementId"], 1);
        assert_eq!(first["commandText"].as_str().map(|text| text.chars().count()), Some(4000));
    }

    #[test]
    fn fields_have_the_types_of_the_format() {
        for (text, event) in sample(Engine::Sqlserver, 0, 300) {
            for null in ["endTime", "errorMessage", "netProtocol", "paramList", "pid", "remotePort", "startTime"] {
                assert_eq!(event.get(null), Some(&json!(null)), "{null} in {text}");
            }
            let id = event["statementId"].as_str().expect("text");
            assert!(id.len() == 34 && id.starts_with("0x"), "{id}");
            assert!(event["transactionId"].is_string() && event["sessionId"].is_u64());
            let time = event["logTime"].as_str().expect("text");
            assert!(time.len() == "2022-10-06 21:24:59.9422268+00".len() && time.ends_with("+00"), "{time}");
            let native = event["engineNativeAuditFields"].as_object().expect("an object");
            assert_eq!(native.len(), 24);
            assert!(native.keys().all(|name| name.chars().all(|sign| sign.is_lowercase() || sign == '_')));
            assert!(
                text.starts_with(r#"{"class":"#) && text.contains(r#","type":"record","engineNativeAuditFields":{"#)
            );
        }
    }

    #[test]
    fn version_13_knows_no_client() {
        for (_, event) in sample(Engine::Sqlserver, 1, 200) {
            assert!(event["serverVersion"].as_str().is_some_and(|version| version.starts_with("13.")));
            assert!(event["clientApplication"].is_null() && event["rowCount"].is_null());
        }
    }

    #[test]
    fn texts_of_other_alphabets_stand_raw_or_escaped() {
        assert!(sample(Engine::Sqlserver, 0, 500).iter().any(|(text, _)| text.contains("\"søren\"")));
        let old = sample(Engine::Sqlserver, 1, 500);
        assert!(old.iter().all(|(text, _)| text.is_ascii()));
        assert!(old.iter().any(|(text, event)| text.contains(r"s\u00f8ren") && event["dbUserName"] == "søren"));
    }
}
