//! What an event says, read once, for the shapes that write it in other words.

use super::object::says_something;
use crate::fields::{Field, Member, Members};
use crate::meaning::{Engine, Evidence, Outcome, Span, Time, outcome};

/// The fields that have a place of their own in a schema. Of equal names the last counts.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) class: Option<Field<'a>>,
    pub(super) client_application: Option<Field<'a>>,
    pub(super) command: Option<Field<'a>>,
    pub(super) command_text: Option<Field<'a>>,
    pub(super) database_name: Option<Field<'a>>,
    pub(super) db_protocol: Option<Field<'a>>,
    pub(super) db_user_name: Option<Field<'a>>,
    pub(super) dbid: Option<Field<'a>>,
    pub(super) end_time: Option<Field<'a>>,
    pub(super) error_message: Option<Field<'a>>,
    pub(super) exit_code: Option<Field<'a>>,
    pub(super) log_time: Option<Field<'a>>,
    pub(super) native: Option<Field<'a>>,
    pub(super) net_protocol: Option<Field<'a>>,
    pub(super) object_name: Option<Field<'a>>,
    pub(super) object_type: Option<Field<'a>>,
    pub(super) param_list: Option<Field<'a>>,
    pub(super) pid: Option<Field<'a>>,
    pub(super) remote_host: Option<Field<'a>>,
    pub(super) remote_port: Option<Field<'a>>,
    pub(super) row_count: Option<Field<'a>>,
    pub(super) server_host: Option<Field<'a>>,
    pub(super) server_type: Option<Field<'a>>,
    pub(super) server_version: Option<Field<'a>>,
    pub(super) service_name: Option<Field<'a>>,
    pub(super) session_id: Option<Field<'a>>,
    pub(super) start_time: Option<Field<'a>>,
    pub(super) statement_id: Option<Field<'a>>,
    pub(super) substatement_id: Option<Field<'a>>,
    pub(super) transaction_id: Option<Field<'a>>,
    pub(super) kind: Option<Field<'a>>,
    /// The event has other members.
    pub(super) has_others: bool,
    engine: Option<Engine>,
}

/// What an event does, in the words that both schemas share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It reads, and the statement is there.
    Query,
    Read,
    Write,
    Update,
    Create,
    Delete,
    Connect,
    Disconnect,
    Grant,
    Revoke,
    Other,
}

impl<'a> Facts<'a> {
    /// Reads the members of an event.
    pub(super) fn read(event: &'a str) -> Self {
        let mut facts = Facts::default();
        for Member { name, value } in Members::of(event, 0) {
            let text = name.body().unwrap_or_default();
            match text.contains('\\') {
                false => facts.take(text, value),
                true => facts.take(&name.text().unwrap_or_default(), value),
            }
        }
        facts.engine = Some(Engine::of(body(facts.server_type), body(facts.db_protocol)));
        facts
    }

    fn take(&mut self, name: &str, value: Field<'a>) {
        match self.place(name) {
            Some(place) => *place = Some(value),
            None => self.has_others = true,
        }
    }

    /// Where the value of this name belongs.
    fn place(&mut self, name: &str) -> Option<&mut Option<Field<'a>>> {
        Some(match name {
            "class" => &mut self.class,
            "clientApplication" => &mut self.client_application,
            "command" => &mut self.command,
            "commandText" => &mut self.command_text,
            "databaseName" => &mut self.database_name,
            "dbProtocol" => &mut self.db_protocol,
            "dbUserName" => &mut self.db_user_name,
            "dbid" => &mut self.dbid,
            "endTime" => &mut self.end_time,
            "engineNativeAuditFields" => &mut self.native,
            "errorMessage" => &mut self.error_message,
            "exitCode" => &mut self.exit_code,
            "logTime" => &mut self.log_time,
            "netProtocol" => &mut self.net_protocol,
            "objectName" => &mut self.object_name,
            "objectType" => &mut self.object_type,
            "paramList" => &mut self.param_list,
            "pid" => &mut self.pid,
            "remoteHost" => &mut self.remote_host,
            "remotePort" => &mut self.remote_port,
            "rowCount" => &mut self.row_count,
            "serverHost" => &mut self.server_host,
            "serverType" => &mut self.server_type,
            "serverVersion" => &mut self.server_version,
            "serviceName" => &mut self.service_name,
            "sessionId" => &mut self.session_id,
            "startTime" => &mut self.start_time,
            "statementId" => &mut self.statement_id,
            "substatementId" => &mut self.substatement_id,
            "transactionId" => &mut self.transaction_id,
            "type" => &mut self.kind,
            _ => return None,
        })
    }

    /// It has a place of its own.
    pub(super) fn is_known(name: &str) -> bool {
        Facts::default().place(name).is_some()
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine.unwrap_or(Engine::Unknown)
    }

    pub(super) fn outcome(&self) -> Outcome {
        let evidence = Evidence {
            command: body(self.command),
            exit_code: self.exit_code.map(Field::raw),
            error_message: body(self.error_message),
        };
        outcome(self.engine(), &evidence)
    }

    pub(super) fn span(&self) -> Span<'a> {
        let native = if self.engine() == Engine::SqlServer { self.native } else { None };
        Span {
            start: body(self.start_time),
            end: body(self.end_time),
            log: body(self.log_time),
            native_milliseconds: native.and_then(|native| native.get("duration_milliseconds")).map(Field::raw),
        }
    }

    /// When it happened, as far as it is told.
    pub(super) fn time(&self) -> Option<Time> {
        [self.log_time, self.end_time, self.start_time].into_iter().find_map(|time| body(time).and_then(Time::parse))
    }

    /// A member of `engineNativeAuditFields`.
    pub(super) fn native(&self, name: &str) -> Option<Field<'a>> {
        self.native.and_then(|native| native.get(name)).filter(|field| says_something(*field))
    }

    /// The second event of a statement of Aurora MySQL: its text is a list of objects.
    pub(super) fn is_mysql_aux(&self) -> bool {
        body(self.class) == Some("AUX")
    }

    /// The statement, if there is one.
    pub(super) fn query(&self) -> Option<Field<'a>> {
        self.command_text.filter(|text| says_something(*text) && !self.is_mysql_aux())
    }

    /// What the event is about is a table. Oracle has the object's schema where others have its type.
    pub(super) fn is_about_a_table(&self) -> bool {
        let is_table = |field: Option<Field<'_>>| {
            body(field)
                .is_some_and(|kind| kind.eq_ignore_ascii_case("table") || kind.eq_ignore_ascii_case("base table"))
        };
        let is_named = self.object_name.is_some_and(says_something);
        is_named
            && match self.engine() {
                Engine::SqlServer => is_table(self.class) || is_table(self.object_type),
                Engine::Oracle => {
                    let command = body(self.command).unwrap_or_default();
                    command.ends_with(" TABLE") || matches!(self.verb(), "SELECT" | "INSERT" | "UPDATE" | "DELETE")
                }
                _ => is_table(self.object_type),
            }
    }

    /// The schema of the object, where it is not part of its name.
    pub(super) fn schema(&self) -> Option<Field<'a>> {
        match self.engine() {
            Engine::Oracle => self.object_type.filter(|schema| says_something(*schema)),
            Engine::SqlServer => self.native("schema_name"),
            _ => None,
        }
    }

    /// The first word of the command; of MySQL's command QUERY, which says nothing, that of the statement.
    pub(super) fn verb(&self) -> &'a str {
        let first = |text: &'a str| {
            let word = text.trim_start().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
            word.unwrap_or_default()
        };
        match body(self.command) {
            Some("QUERY") => {
                let verb = body(self.command_text).map(without_lead).map(first);
                verb.filter(|verb| !verb.is_empty()).unwrap_or("QUERY")
            }
            command => command.map_or("", first),
        }
    }

    pub(super) fn deed(&self) -> Deed {
        let reads = || if self.query().is_some() { Deed::Query } else { Deed::Read };
        let mut upper = [0; 16];
        match upper_case(self.verb(), &mut upper) {
            "SELECT" => reads(),
            "INSERT" | "MERGE" | "REPLACE" => Deed::Write,
            "UPDATE" | "ALTER" | "RENAME" => Deed::Update,
            "DELETE" | "TRUNCATE" | "DROP" => Deed::Delete,
            "CREATE" => Deed::Create,
            "CONNECT" | "LOGON" | "LOGIN" | "FAILED_CONNECT" | "AUTH" => Deed::Connect,
            "DISCONNECT" | "LOGOFF" | "LOGOUT" => Deed::Disconnect,
            "GRANT" => Deed::Grant,
            "REVOKE" => Deed::Revoke,
            // MySQL's AUX events have no other verb.
            "READ" => reads(),
            "WRITE" => Deed::Write,
            _ => match body(self.class) {
                Some("READ") => reads(),
                Some("WRITE") => Deed::Write,
                _ => Deed::Other,
            },
        }
    }
}

/// What stands between the quotes of a text.
pub(super) fn body(field: Option<Field<'_>>) -> Option<&str> {
    field.and_then(Field::body)
}

/// The statement behind white space, brackets and comments. It is still escaped as JSON wants it.
fn without_lead(mut sql: &str) -> &str {
    loop {
        let rest = sql.trim_start_matches([' ', '(', '?', ';']);
        let rest = [r"\n", r"\r", r"\t"].iter().fold(rest, |rest, escape| rest.trim_start_matches(*escape));
        let rest = match rest.strip_prefix("/*") {
            Some(comment) => comment.split_once("*/").map_or("", |(_, behind)| behind),
            None => rest,
        };
        let rest = match rest.strip_prefix("-- ") {
            Some(comment) => comment.split_once(r"\n").map_or("", |(_, behind)| behind),
            None => rest,
        };
        if rest.len() == sql.len() {
            return rest;
        }
        sql = rest;
    }
}

/// In upper case, if it is short.
fn upper_case<'b>(text: &str, buffer: &'b mut [u8; 16]) -> &'b str {
    let Some(buffer) = buffer.get_mut(..text.len()) else { return "" };
    buffer.copy_from_slice(text.as_bytes());
    buffer.make_ascii_uppercase();
    std::str::from_utf8(buffer).unwrap_or_default()
}
