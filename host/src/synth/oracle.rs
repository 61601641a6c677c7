//! RDS for Oracle, record version 1.3 (das-format, sections 5 to 9): unified-audit classes, upper-case names, `objectType` holding the
//! schema, times without offset, often no `type`, and signs that HTML knows written as `\u003d` and the like.

use super::dice::Dice;
use super::escaping;
use super::instance::{self, Server};
use super::schema::{SCHEMA_ORACLE, catalogued};
use super::session::{Activity, Deed, Mishap, Role};
use super::settings::Engine;
use super::statement::{Statement, Verb};
use super::unified_audit::UnifiedAudit;
use serde::{Serialize, Serializer};

/// Reports activities as RDS for Oracle does.
pub(super) struct Teller {
    /// The audit trail's entry number and the database's system change number.
    entry: u32,
    change: u32,
}

impl Teller {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { entry: 0, change: dice.between(1_000_000, 900_000_000) }
    }
}

impl instance::Teller for Teller {
    fn tell(&mut self, server: &Server, activity: &Activity<'_>, dice: &mut Dice) -> Vec<String> {
        self.entry += 1;
        self.change += dice.between(1, 60);
        let mut event = Event::new(server, activity);
        // Only streams started with the engine-native option fill the native fields: here the first, the third, ...
        if server.place.is_multiple_of(2) {
            let Self { entry, change } = *self;
            event.engine_native_audit_fields =
                Some(UnifiedAudit { session: activity.session, entry, change, event: None });
        }
        match &activity.deed {
            Deed::Connect => event.command = "LOGON",
            Deed::Disconnect => event.command = "LOGOFF",
            Deed::LoginRefused => (event.command, event.exit_code) = ("LOGON", 1017),
            Deed::Ran(statement) => event.ran(statement, activity.session.user.role, dice),
            Deed::Failed(statement, mishap) => {
                event.ran(statement, activity.session.user.role, dice);
                event.exit_code = error_number(*mishap);
            }
        }
        if let Some(native) = &mut event.engine_native_audit_fields {
            native.event = Some((event.class, event.command));
        }
        vec![escaping::print(&event, escaping::means_something_in_html)]
    }
}

/// The ORA error number.
fn error_number(mishap: Mishap) -> u32 {
    match mishap {
        Mishap::NoSuchTable => 942,
        Mishap::NoPermission => 1031,
        Mishap::Duplicate => 1,
        Mishap::Deadlock => 60,
    }
}

fn action(statement: &Statement) -> &'static str {
    match statement.verb {
        Verb::AlterUser if statement.text.starts_with("CREATE DATABASE LINK") => "CREATE DATABASE LINK",
        Verb::Begin => "SET TRANSACTION",
        Verb::Set => "ALTER SESSION",
        verb => verb.words(),
    }
}

/// The audit that saw the statement.
fn class(statement: &Statement, role: Role, dice: &mut Dice) -> &'static str {
    match (statement.verb, role) {
        (Verb::Select, _) if matches!(statement.object(), Some("payment" | "patient")) => "FineGrainedAudit",
        (Verb::Insert, Role::Batch) => dice.weighted(&[(2, "Standard"), (1, "Datapump"), (1, "Direct path API")]),
        (_, Role::System) => dice.weighted(&[(4, "Standard"), (1, "RMAN_AUDIT")]),
        (_, Role::Administrator) => {
            dice.weighted(&[(12, "Standard"), (1, "Database Vault"), (1, "Label Security"), (1, "XS")])
        }
        _ => "Standard",
    }
}

/// One event, its fields in the order in which AWS prints them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    class: &'static str,
    client_application: Option<&'a str>,
    command: &'static str,
    command_text: Option<String>,
    /// A number by the documentation, a text with a leading zero in the sample.
    dbid: String,
    database_name: &'a str,
    db_protocol: &'static str,
    db_user_name: &'a str,
    end_time: Option<()>,
    error_message: Option<()>,
    exit_code: u32,
    log_time: String,
    net_protocol: &'static str,
    object_name: Option<String>,
    /// The schema of the object, whatever the name says.
    object_type: Option<&'static str>,
    param_list: Vec<String>,
    pid: u32,
    remote_host: &'a str,
    remote_port: Option<String>,
    row_count: Option<()>,
    server_host: &'a str,
    server_type: &'static str,
    server_version: &'static str,
    service_name: &'static str,
    session_id: u32,
    start_time: Option<()>,
    statement_id: u32,
    substatement_id: Option<()>,
    transaction_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(serialize_with = "or_empty")]
    engine_native_audit_fields: Option<UnifiedAudit<'a>>,
}

fn or_empty<S: Serializer>(native: &Option<UnifiedAudit<'_>>, serializer: S) -> Result<S::Ok, S::Error> {
    match native {
        Some(native) => native.serialize(serializer),
        None => serializer.collect_map(std::iter::empty::<(&str, &str)>()),
    }
}

impl<'a> Event<'a> {
    fn new(server: &'a Server, activity: &Activity<'a>) -> Self {
        let session = activity.session;
        // RDSADMIN works on the server itself, over a pipe.
        let local = session.user.name == "RDSADMIN";
        Self {
            class: "Standard",
            client_application: session.application,
            command: "",
            command_text: None,
            dbid: format!("{:010}", 148_000_000 + server.place),
            database_name: session.database,
            db_protocol: "oracle",
            db_user_name: session.user.name,
            end_time: None,
            error_message: None,
            exit_code: 0,
            log_time: activity.end.oracle(),
            net_protocol: if local { "beq" } else { "tcp" },
            object_name: None,
            object_type: None,
            param_list: Vec::new(),
            pid: session.process,
            remote_host: if local { &server.name } else { &session.host },
            remote_port: (!local).then(|| session.port.to_string()),
            row_count: None,
            server_host: &server.address,
            server_type: "oracle",
            server_version: "19.0.0.0.ru-2025-10.rur-2025-10.r1.EE.3",
            service_name: "oracle-ee",
            session_id: session.number,
            start_time: None,
            statement_id: session.statements,
            substatement_id: None,
            transaction_id: "0000000000000000".to_owned(),
            // The published sample has no type; the producers of odd instances print it.
            r#type: (!server.place.is_multiple_of(2)).then_some("record"),
            engine_native_audit_fields: None,
        }
    }

    fn ran(&mut self, statement: &Statement, role: Role, dice: &mut Dice) {
        self.class = class(statement, role, dice);
        self.command = action(statement);
        self.command_text = Some(statement.text.clone());
        self.param_list.clone_from(&statement.binds);
        self.object_name = statement.object().map(|name| catalogued(Engine::Oracle, name));
        self.object_type = statement.object().map(|_| SCHEMA_ORACLE);
        if !matches!(statement.verb, Verb::Select | Verb::Set) {
            self.transaction_id = dice.hex(16).to_uppercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::Engine;
    use crate::synth::instance::sample;
    use serde_json::json;

    #[test]
    fn the_type_may_be_missing_and_the_native_fields_empty() {
        for (_, event) in sample(Engine::Oracle, 0, 50) {
            assert!(event.get("type").is_none());
            let native = event["engineNativeAuditFields"].as_object().expect("an object");
            assert_eq!(native.len(), 80);
            assert!(native.keys().all(|name| name.to_uppercase() == *name));
        }
        for (_, event) in sample(Engine::Oracle, 1, 50) {
            assert_eq!(event["type"], "record");
            assert_eq!(event["engineNativeAuditFields"], json!({}));
        }
    }

    #[test]
    fn signs_that_html_knows_are_escaped() {
        let events = sample(Engine::Oracle, 0, 2000);
        assert!(events.iter().any(|(text, _)| text.contains(r"(PROTOCOL\u003dtcp)")));
        assert!(events.iter().any(|(text, _)| text.contains(r"\u0027")));
        for (text, event) in &events {
            assert!(!text.contains(['=', '<', '>', '&', '\'', '\u{2028}']), "{text}");
            let authentication = event["engineNativeAuditFields"]["AUTHENTICATION_TYPE"].as_str().expect("text");
            assert!(authentication.starts_with("(TYPE=("), "{authentication}");
        }
    }

    #[test]
    fn fields_have_the_types_of_the_format() {
        let events = sample(Engine::Oracle, 0, 2000);
        for (text, event) in &events {
            for null in ["endTime", "errorMessage", "rowCount", "startTime", "substatementId"] {
                assert_eq!(event.get(null), Some(&json!(null)), "{null} in {text}");
            }
            assert!(event["dbid"].as_str().is_some_and(|id| id.starts_with('0')));
            assert!(event["exitCode"].is_u64() && event["sessionId"].is_u64() && event["paramList"].is_array());
            assert_eq!(event["transactionId"].as_str().map(str::len), Some(16));
            let time = event["logTime"].as_str().expect("text");
            assert_eq!(time.len(), "2021-01-15 00:15:36.233787".len(), "{time}");
            let user = event["dbUserName"].as_str().expect("text");
            assert_eq!(user.to_uppercase(), user);
            assert_eq!(event["netProtocol"] == "beq", user == "RDSADMIN");
            assert_eq!(event["remotePort"].is_null(), user == "RDSADMIN");
            assert!(event["objectType"].is_null() || event["objectType"] == "SHOP");
        }
        for code in [1, 60, 942, 1017, 1031] {
            assert!(events.iter().any(|(_, event)| event["exitCode"] == code), "ORA-{code:05}");
        }
        for class in ["Standard", "FineGrainedAudit", "RMAN_AUDIT", "Datapump", "Direct path API", "Database Vault"] {
            assert!(events.iter().any(|(_, event)| event["class"] == class), "{class}");
        }
        for user in ["RDSADMIN", "RDSSEC", "MÜLLER"] {
            assert!(events.iter().any(|(_, event)| event["dbUserName"] == user), "{user}");
        }
    }
}
