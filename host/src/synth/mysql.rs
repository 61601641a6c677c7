//! Aurora MySQL, record version 1.2 (das-format, sections 5 to 9): every statement twice, as MAIN and as AUX, in either order;
//! numbers as text; quotes in statements escaped with a backslash; empty text where others have null.

use super::clock::Moment;
use super::dice::Dice;
use super::instance::{self, Server};
use super::session::{Activity, Deed, Mishap, Role};
use super::sql::OLD_SUFFIX;
use super::statement::{Statement, Verb};
use serde::Serialize;

/// Reports activities as Aurora MySQL does. It numbers the statements of the whole server, from 1 after a restart.
pub(super) struct Teller {
    statements: u32,
    transactions: u32,
}

impl Teller {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { statements: dice.between(1_000_000, 90_000_000), transactions: dice.between(1_000, 900_000) }
    }
}

impl instance::Teller for Teller {
    fn tell(&mut self, server: &Server, activity: &Activity<'_>, dice: &mut Dice) -> Vec<String> {
        self.statements = if dice.one_in(5_000) { 1 } else { self.statements + dice.between(1, 9) };
        // The line in the log follows the end of the statement by microseconds.
        let base = Event::new(server, activity, activity.end.after(dice.between(1, 39), 0));
        let events = match &activity.deed {
            Deed::Connect => vec![base],
            Deed::Disconnect => vec![Event { command: "DISCONNECT", ..base }],
            Deed::LoginRefused => {
                let (user, host) = (base.db_user_name, base.remote_host);
                let message = format!("Access denied for user '{user}'@'{host}' (using password: YES)");
                vec![Event { command: "FAILED_CONNECT", exit_code: "1045", error_message: message, ..base }]
            }
            Deed::Ran(statement) if statement.verb == Verb::Set && dice.one_in(4) => {
                vec![Event { command: "CHANGEUSER", ..base }]
            }
            Deed::Ran(statement) => {
                let main = self.main(base, statement, dice);
                let Some(aux) = aux(&main, statement, dice) else { return print(&[main]) };
                if dice.one_in(2) { vec![main, aux] } else { vec![aux, main] }
            }
            Deed::Failed(statement, mishap) => {
                let (exit_code, error_message) = failure(*mishap, base.database_name, statement);
                let main = self.main(base, statement, dice);
                vec![Event { exit_code, error_message, row_count: 0, ..main }]
            }
        };
        print(&events)
    }
}

fn print(events: &[Event<'_>]) -> Vec<String> {
    events.iter().map(|event| serde_json::to_string(event).unwrap_or_default()).collect()
}

impl Teller {
    /// The statement itself.
    fn main<'a>(&mut self, base: Event<'a>, statement: &Statement, dice: &mut Dice) -> Event<'a> {
        self.transactions += 1;
        Event {
            command: "QUERY",
            command_text: escaped(&statement.text),
            object_type: if statement.objects.is_empty() { None } else { Some("TABLE") },
            object_name: statement.object().unwrap_or_default().to_owned(),
            statement_id: self.statements,
            row_count: statement.rows.unwrap_or(0),
            transaction_id: if dice.one_in(3) { self.transactions.to_string() } else { "0".to_owned() },
            ..base
        }
    }
}

/// The access to the objects, where there was one: only here stands what was done to them.
fn aux<'a>(main: &Event<'a>, statement: &Statement, dice: &mut Dice) -> Option<Event<'a>> {
    let command = match statement.verb {
        Verb::Select => "READ",
        Verb::Insert | Verb::Update | Verb::Delete => "WRITE",
        Verb::CreateTable => "CREATE",
        Verb::AlterTable | Verb::CreateIndex => "ALTER",
        Verb::RenameTable => "RENAME",
        Verb::DropTable | Verb::TruncateTable => "DROP",
        _ => return None,
    };
    let mut objects: Vec<_> = statement.objects.iter().map(|name| (*name).to_owned()).collect();
    if statement.verb == Verb::RenameTable {
        objects.extend(statement.object().map(|name| format!("{name}{OLD_SUFFIX}")));
    }
    let objects = objects.join(",");
    // The log time of an AUX event is often the earlier one, whatever place it has in the list.
    let log_time = if dice.one_in(3) { main.end_time.clone() } else { main.start_time.clone() };
    (!objects.is_empty()).then(|| Event {
        log_time,
        command,
        command_text: objects.clone(),
        object_name: objects,
        substatement_id: 2,
        exit_code: "",
        row_count: 0,
        class: "AUX",
        ..main.clone()
    })
}

/// Quotes as MySQL's audit writes them.
fn escaped(text: &str) -> String {
    text.replace('\'', "\\'").replace('"', "\\\"")
}

fn failure(mishap: Mishap, database: &str, statement: &Statement) -> (&'static str, String) {
    let object = statement.object().unwrap_or_default();
    match mishap {
        Mishap::NoSuchTable => ("1146", format!("Table '{database}.{object}' doesn't exist")),
        Mishap::NoPermission => ("1142", format!("{} command denied for table '{object}'", statement.verb.words())),
        Mishap::Duplicate => ("1062", format!("Duplicate entry '4711' for key '{object}.PRIMARY'")),
        Mishap::Deadlock => ("1213", "Deadlock found when trying to get lock; try restarting transaction".to_owned()),
    }
}

/// One event, its fields in the order in which AWS prints them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    log_time: String,
    r#type: &'static str,
    client_application: Option<&'static str>,
    pid: u32,
    db_user_name: &'a str,
    database_name: &'a str,
    remote_host: &'a str,
    remote_port: String,
    command: &'static str,
    command_text: String,
    param_list: Option<&'static [String]>,
    object_type: Option<&'static str>,
    object_name: String,
    statement_id: u32,
    substatement_id: u32,
    exit_code: &'static str,
    session_id: String,
    row_count: u32,
    server_host: &'a str,
    server_type: &'static str,
    service_name: &'static str,
    server_version: &'static str,
    start_time: String,
    end_time: String,
    transaction_id: String,
    db_protocol: &'static str,
    net_protocol: &'static str,
    error_message: String,
    class: &'static str,
}

impl<'a> Event<'a> {
    /// A connection: what other activities have in common with it.
    fn new(server: &'a Server, activity: &Activity<'a>, logged: Moment) -> Self {
        let session = activity.session;
        Self {
            log_time: logged.aurora(),
            r#type: "record",
            client_application: None,
            pid: session.process,
            db_user_name: session.user.name,
            database_name: session.database,
            // AWS's own sessions come from the server itself.
            remote_host: if session.user.role == Role::System { "localhost" } else { &session.host },
            remote_port: session.port.to_string(),
            command: "CONNECT",
            command_text: String::new(),
            param_list: None,
            object_type: Some("TABLE"),
            object_name: String::new(),
            statement_id: 0,
            substatement_id: 1,
            exit_code: "0",
            session_id: session.number.to_string(),
            row_count: 0,
            server_host: &server.name,
            server_type: "MySQL",
            service_name: "Amazon Aurora MySQL",
            server_version: "MySQL 8.0.39",
            start_time: activity.start.aurora(),
            end_time: activity.end.aurora(),
            transaction_id: "0".to_owned(),
            db_protocol: "MySQL",
            net_protocol: "TCP",
            error_message: String::new(),
            class: "MAIN",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::Engine;
    use crate::synth::instance::sample;
    use serde_json::{Value, json};

    #[test]
    fn twins_come_in_either_order() {
        let events = sample(Engine::Mysql, 0, 2000);
        let neighbours = events.windows(2).map(|pair| (&pair[0].1, &pair[1].1));
        let twins: Vec<_> = neighbours
            .filter(|(one, two)| one["statementId"] == two["statementId"] && one["statementId"] != 0)
            .map(|(one, two)| (one["class"] == "MAIN", one, two))
            .collect();
        for main_first in [true, false] {
            let count = twins.iter().filter(|(first, ..)| *first == main_first).count();
            assert!(count > 100, "{count} pairs with MAIN first {main_first}");
        }
        for (main_first, one, two) in twins {
            let (main, aux) = if main_first { (one, two) } else { (two, one) };
            assert_eq!(
                (&aux["class"], &aux["substatementId"], &aux["exitCode"]),
                (&json!("AUX"), &json!(2), &json!(""))
            );
            assert_eq!((&main["class"], &main["command"]), (&json!("MAIN"), &json!("QUERY")));
            assert_eq!(aux["pid"], main["pid"]);
            assert_eq!(aux["commandText"], aux["objectName"]);
        }
    }

    #[test]
    fn fields_have_the_types_of_the_format() {
        let events = sample(Engine::Mysql, 0, 2000);
        for (text, event) in &events {
            for string in ["exitCode", "errorMessage", "sessionId", "transactionId", "remotePort", "commandText"] {
                assert!(event[string].is_string(), "{string} in {text}");
            }
            assert!(event["paramList"].is_null() && event["rowCount"].is_u64() && event["pid"].is_u64());
            assert_eq!(event["type"], "record");
            assert!(event["logTime"].as_str().is_some_and(|time| time.len() == 29 && time.ends_with("+00")));
            let system = ["rdsadmin", "rdsproxyadmin"].contains(&event["dbUserName"].as_str().expect("text"));
            assert_eq!(event["remoteHost"] == "localhost", system);
        }
        let has = |test: &dyn Fn(&Value) -> bool| events.iter().any(|(_, event)| test(event));
        for command in ["CONNECT", "DISCONNECT", "FAILED_CONNECT", "CHANGEUSER", "READ", "WRITE", "CREATE", "RENAME"] {
            assert!(has(&|event| event["command"] == command), "{command}");
        }
        assert!(has(&|event| event["command"] == "FAILED_CONNECT" && event["exitCode"] == "1045"));
        assert!(has(&|event| event["objectName"].as_str().is_some_and(|name| name.contains(','))));
        assert!(has(&|event| event["databaseName"] == ""));
        assert!(has(&|event| event["commandText"].as_str().is_some_and(|text| text.contains(r"\'O\'\'Brien\'"))));
    }
}
