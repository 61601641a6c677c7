//! Shape `ecs`: a line per event in the Elastic Common Schema.
//!
//! ECS has no fields for databases, so the statement goes by OpenTelemetry's `db.*`, and what is DAS's own by
//! `aws.rds.das.*`. Fields that the event does not tell are left out.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::endpoint::Host;
use super::facts::{Deed, Facts, body};
use super::object::{Object, integer, push_text, says_something};
use super::{Kept, Shaped, push_part};
use crate::fields::Field;
use crate::meaning::{Engine, Outcome, Time};
use crate::redact::push_body;

/// The version of the schema.
const VERSION: &str = "9.0.0";

/// An event on its way into the schema.
struct Source<'a> {
    facts: Facts<'a>,
    /// Redacted.
    event: &'a str,
    kept: &'a Kept<'a>,
    shaped: &'a Shaped<'a>,
    deed: Deed,
    outcome: Outcome,
}

/// Writes the line of an event, which is redacted.
pub(super) fn line(shaped: &Shaped<'_>, kept: &Kept<'_>, event: &str, line: &mut String) {
    let facts = Facts::read(event);
    let (deed, outcome) = (facts.deed(), facts.outcome());
    let source = Source { facts, event, kept, shaped, deed, outcome };
    Object::write(line, |line| source.line(line));
}

impl Source<'_> {
    fn line(&self, line: &mut Object<'_>) {
        let facts = &self.facts;
        if let Some(time) = facts.time() {
            push_time(time, line.name("@timestamp"));
        }
        line.object("ecs", |ecs| ecs.plain("version", VERSION));
        line.object("event", |event| self.event(event));
        line.object("error", |error| {
            if self.outcome == Outcome::Failure {
                error.text("code", facts.exit_code);
            }
            error.text("message", facts.error_message);
        });
        line.object("user", |user| {
            user.text("name", facts.db_user_name);
            user.list_of("roles", facts.native("ROLE").or_else(|| facts.native("SYSTEM_PRIVILEGE_USED")));
        });
        line.object("client", |client| self.client(client));
        line.object("source", |source| self.client(source));
        line.object("server", |server| self.server(server));
        line.object("service", |service| {
            service.text("name", facts.service_name);
            service.lower("type", facts.server_type);
            service.text("version", facts.server_version);
            service.object("node", |node| node.text("name", self.shaped.instance()));
        });
        line.object("network", |network| {
            network.lower("transport", facts.net_protocol);
            match facts.engine() {
                Engine::Unknown => network.lower("protocol", facts.db_protocol),
                engine => network.plain("protocol", protocol(engine)),
            }
        });
        line.object("process", |process| process.integer("pid", facts.pid));
        line.object("user_agent", |agent| agent.text("original", facts.client_application));
        line.object("cloud", |cloud| {
            cloud.plain("provider", "aws");
            cloud.object("instance", |instance| instance.text("id", self.shaped.instance()));
            cloud.object("service", |service| service.plain("name", "rds"));
        });
        self.related(line);
        line.object("db", |db| self.db(db));
        line.object("aws", |aws| aws.object("rds", |rds| rds.object("das", |das| self.das(das))));
    }

    fn event(&self, event: &mut Object<'_>) {
        let facts = &self.facts;
        event.plain("kind", "event");
        self.categories(event.name("category"));
        self.types(event.name("type"));
        event.lower("action", facts.command);
        event.plain("outcome", self.outcome.as_str());
        if self.outcome == Outcome::Failure {
            event.text("code", facts.exit_code);
        }
        let (span, engine) = (facts.span(), facts.engine());
        if let Some(start) = span.start.and_then(Time::parse) {
            push_time(start, event.name("start"));
        }
        if let Some(end) = span.ended(engine) {
            push_time(end, event.name("end"));
        }
        if let Some(nanoseconds) = span.duration(engine) {
            event.number("duration", nanoseconds);
        }
        let _ = write!(event.name("id"), "\"{}-{}\"", self.shaped.id, self.kept.index);
        event.integer("sequence", facts.substatement_id);
        event.plain("module", "aws");
        event.plain("dataset", "aws.rds_das");
        event.text("provider", facts.service_name);
        if self.shaped.settings.raw {
            let original = event.name("original");
            original.push('"');
            push_body(self.event, original);
            original.push('"');
        }
    }

    fn categories(&self, out: &mut String) {
        let is_role = body(self.facts.class) == Some("ROLE") || matches!(self.deed, Deed::Grant | Deed::Revoke);
        out.push_str(match self.deed {
            Deed::Connect | Deed::Disconnect => "[\"database\",\"authentication\",\"session\"]",
            _ if is_role => "[\"database\",\"iam\"]",
            _ => "[\"database\"]",
        });
    }

    fn types(&self, out: &mut String) {
        let kind = match self.deed {
            Deed::Query | Deed::Read => "access",
            Deed::Write | Deed::Update | Deed::Create | Deed::Delete | Deed::Grant | Deed::Revoke => "change",
            Deed::Connect | Deed::Disconnect | Deed::Other => "info",
        };
        let error = if self.outcome == Outcome::Failure { ",\"error\"" } else { "" };
        let _ = write!(out, "[\"{kind}\"{error}]");
    }

    fn client(&self, client: &mut Object<'_>) {
        let facts = &self.facts;
        host(client, facts.remote_host);
        if let Some(port) = facts.remote_port.and_then(integer).filter(|port| (0..=65_535).contains(port)) {
            client.number("port", port);
        }
        client.object("user", |user| user.text("name", facts.native("OS_USERNAME")));
    }

    fn server(&self, server: &mut Object<'_>) {
        host(server, self.facts.server_host);
        if self.facts.engine() == Engine::Oracle {
            server.object("user", |user| user.text("name", self.facts.db_user_name));
        }
    }

    fn related(&self, line: &mut Object<'_>) {
        let facts = &self.facts;
        let (mut addresses, mut names) = ([None; 2], [None; 2]);
        for (position, field) in [facts.remote_host, facts.server_host].into_iter().enumerate() {
            let (list, field) = match Host::of(field) {
                Host::Address(address) => (&mut addresses, address),
                Host::Name(name) => (&mut names, name),
                Host::Other(_) | Host::Nothing => continue,
            };
            if let Some(place) = list.get_mut(position) {
                *place = Some(field);
            }
        }
        line.object("related", |related| {
            push_list("user", [facts.db_user_name, facts.native("OS_USERNAME")], related);
            push_list("ip", addresses, related);
            push_list("hosts", names, related);
        });
    }

    fn db(&self, db: &mut Object<'_>) {
        let facts = &self.facts;
        db.object("query", |query| query.text("text", facts.query()));
        db.object("system", |system| match facts.engine() {
            Engine::PostgreSql => system.plain("name", "postgresql"),
            Engine::MySql => system.plain("name", "mysql"),
            Engine::Oracle => system.plain("name", "oracle.db"),
            Engine::SqlServer => system.plain("name", "microsoft.sql_server"),
            Engine::Unknown => {}
        });
        db.text("namespace", facts.database_name);
        db.object("collection", |collection| collection.text("name", facts.object_name));
        db.object("operation", |operation| {
            if !facts.verb().is_empty() {
                operation.plain("name", facts.verb());
            }
        });
        db.object("response", |response| response.text("status_code", facts.exit_code));
    }

    fn das(&self, das: &mut Object<'_>) {
        let facts = &self.facts;
        das.text("class", facts.class);
        das.text("command", facts.command);
        das.text("cluster_id", self.shaped.cluster());
        das.text("session_id", facts.session_id);
        das.text("statement_id", facts.statement_id);
        das.text("substatement_id", facts.substatement_id);
        das.text("transaction_id", facts.transaction_id);
        das.integer("row_count", facts.row_count);
        das.text("object_type", facts.object_type);
        for (name, value) in [("parameters", facts.param_list), ("native", facts.native)] {
            if let Some(value) = value.filter(|value| !matches!(value.raw(), "null" | "\"\"" | "{}" | "[]")) {
                push_part(value.raw(), self.shaped.document, das.name(name));
            }
        }
        if facts.is_mysql_aux() {
            das.text("objects", facts.command_text);
        }
        if let Some(sigma) = self.kept.sigma {
            das.name("sigma").push_str(sigma);
        }
    }
}

/// `address` always; `ip` or `domain` as well, whichever it is.
fn host(endpoint: &mut Object<'_>, field: Option<Field<'_>>) {
    endpoint.text("address", field);
    match Host::of(field) {
        Host::Address(address) => endpoint.text("ip", Some(address)),
        Host::Name(name) => endpoint.text("domain", Some(name)),
        Host::Other(_) | Host::Nothing => {}
    }
}

/// The different ones of two values.
fn push_list(name: &str, values: [Option<Field<'_>>; 2], object: &mut Object<'_>) {
    let [first, second] = values.map(|value| value.filter(|value| says_something(*value)));
    let second = second.filter(|second| first.is_none_or(|first| first.raw() != second.raw()));
    if first.is_none() && second.is_none() {
        return;
    }
    let out = object.name(name);
    out.push('[');
    for (position, value) in [first, second].into_iter().flatten().enumerate() {
        if position > 0 {
            out.push(',');
        }
        push_text(value, out);
    }
    out.push(']');
}

fn push_time(time: Time, out: &mut String) {
    out.push('"');
    time.write_rfc3339(out);
    out.push('"');
}

fn protocol(engine: Engine) -> &'static str {
    match engine {
        Engine::PostgreSql => "postgresql",
        Engine::MySql => "mysql",
        Engine::Oracle => "oracle",
        Engine::SqlServer => "sqlserver",
        Engine::Unknown => "",
    }
}
