//! The objects of an event: who, from where, on what.

use std::fmt::Write;

use super::Source;
use super::class::{grantee, privileges};
use crate::fields::Field;
use crate::meaning::{Engine, Time};
use crate::shape::endpoint::Host;
use crate::shape::facts::body;
use crate::shape::object::{Object, push_text, says_something};

impl Source<'_> {
    pub(super) fn metadata(&self, metadata: &mut Object<'_>) {
        let facts = &self.facts;
        metadata.plain("version", &self.shaped.settings.ocsf.version);
        metadata.object("product", |product| {
            product.plain("name", "Database Activity Streams");
            product.plain("vendor_name", "AWS");
            product.object("feature", |feature| feature.text("name", facts.service_name));
        });
        let uid = metadata.name("uid");
        let _ = write!(uid, "\"{}-{}\"", self.shaped.id, self.kept.index);
        if let Some(version) = self.shaped.version() {
            metadata.plain("log_version", version);
        }
        metadata.text("original_time", facts.log_time);
        self.correlation(metadata);
        metadata.integer("sequence", facts.substatement_id);
    }

    /// Joins the two events that MySQL writes for a statement: instance, process, statement.
    fn correlation(&self, metadata: &mut Object<'_>) {
        let facts = &self.facts;
        let Some(statement) = facts.statement_id.filter(|id| says_something(*id)) else { return };
        let out = metadata.name("correlation_uid");
        out.push('"');
        let parts = [self.shaped.instance(), facts.pid, Some(statement)];
        for (position, part) in parts.into_iter().flatten().filter(|part| says_something(*part)).enumerate() {
            if position > 0 {
                out.push('-');
            }
            push_inside(part, out);
        }
        out.push('"');
    }

    pub(super) fn actor(&self, actor: &mut Object<'_>) {
        let facts = &self.facts;
        actor.object("user", |user| self.user(user, facts.db_user_name));
        actor.text("app_name", facts.client_application);
        actor.object("session", |session| session.text("uid", facts.session_id));
    }

    pub(super) fn user(&self, user: &mut Object<'_>, name: Option<Field<'_>>) {
        match name.filter(|name| says_something(*name)) {
            // The schema demands a user.
            None => {
                user.plain("name", UNKNOWN);
                user.number("type_id", 0);
            }
            Some(name) => {
                user.text("name", Some(name));
                let is_system = body(Some(name)).is_some_and(crate::events::is_system_user);
                user.number("type_id", if is_system { 3 } else { 1 });
            }
        }
    }

    pub(super) fn source(&self, endpoint: &mut Object<'_>) {
        host(endpoint, Host::of(self.facts.remote_host), true);
        let port = self.facts.remote_port.and_then(crate::shape::object::integer);
        if let Some(port) = port.filter(|port| (0..=65_535).contains(port)) {
            endpoint.number("port", port);
        }
    }

    pub(super) fn destination(&self, endpoint: &mut Object<'_>) {
        let facts = &self.facts;
        match Host::of(facts.server_host) {
            // There it is the instance's identifier.
            Host::Name(name) if facts.engine() == Engine::MySql => endpoint.text("name", Some(name)),
            other => host(endpoint, other, false),
        }
        endpoint.text("instance_uid", self.shaped.instance());
        endpoint.text("svc_name", facts.service_name);
        // The schema demands something of Authentication.
        let told = [facts.server_host, self.shaped.instance(), facts.service_name];
        if !told.into_iter().flatten().any(says_something) {
            endpoint.plain("name", UNKNOWN);
        }
    }

    /// What only Datastore Activity has.
    pub(super) fn datastore(&self, event: &mut Object<'_>) {
        let facts = &self.facts;
        event.object("database", |database| {
            let identified = [facts.database_name, facts.dbid].into_iter().flatten().any(says_something);
            database.text("name", facts.database_name);
            if !identified {
                database.plain("name", UNKNOWN);
            }
            database.text("uid", facts.dbid);
            database.number("type_id", 1);
            database.text("type", facts.server_type);
            if let Some(cluster) = self.shaped.cluster().filter(|cluster| says_something(*cluster)) {
                let groups = database.name("groups");
                groups.push_str("[{\"uid\":");
                push_text(cluster, groups);
                groups.push_str("}]");
            }
        });
        let is_table = facts.is_about_a_table();
        if is_table {
            event.object("table", |table| {
                let name = table.name("name");
                name.push('"');
                if let Some(schema) = facts.schema() {
                    push_inside(schema, name);
                    name.push('.');
                }
                facts.object_name.into_iter().for_each(|object| push_inside(object, name));
                name.push('"');
            });
        }
        event.number("type_id", if is_table { 3 } else { 1 });
        event.plain("type", if is_table { "Table" } else { "Database" });
        if let Some(query) = facts.query() {
            event.object("query_info", |info| {
                info.text("query_string", Some(query));
                match facts.statement_id.filter(|id| says_something(*id)) {
                    Some(id) => info.text("uid", Some(id)),
                    None => {
                        let _ = write!(info.name("uid"), "\"{}-{}\"", self.shaped.id, self.kept.index);
                    }
                }
                if let Some(start) = body(facts.start_time).and_then(Time::parse) {
                    info.number("query_time", start.epoch_milliseconds());
                }
            });
        }
    }

    /// What only User Access Management has.
    pub(super) fn access(&self, event: &mut Object<'_>) {
        event.object("user", |user| self.user(user, grantee(&self.facts)));
        event.list_of("privileges", privileges(&self.facts));
    }

    pub(super) fn observables(&self, event: &mut Object<'_>) {
        let address = match Host::of(self.facts.remote_host) {
            Host::Address(address) => Some(address),
            _ => None,
        };
        let user = self.facts.db_user_name.filter(|user| says_something(*user));
        if address.is_none() && user.is_none() {
            return;
        }
        let out = event.name("observables");
        out.push('[');
        let entries = [("src_endpoint.ip", "IP Address", 2, address), ("actor.user.name", "User Name", 4, user)];
        let mut is_first = true;
        for (name, kind, id, value) in entries {
            let Some(value) = value else { continue };
            if !std::mem::take(&mut is_first) {
                out.push(',');
            }
            Object::write(out, |observable| {
                observable.plain("name", name);
                observable.plain("type", kind);
                observable.number("type_id", id);
                observable.text("value", Some(value));
            });
        }
        out.push(']');
    }
}

/// An endpoint must have more than a port: `needed` ones are unknown by name.
fn host(endpoint: &mut Object<'_>, host: Host<'_>, needed: bool) {
    match host {
        Host::Address(address) => endpoint.text("ip", Some(address)),
        Host::Name(name) => endpoint.text("hostname", Some(name)),
        Host::Other(name) => endpoint.text("name", Some(name)),
        Host::Nothing if needed => endpoint.plain("name", UNKNOWN),
        Host::Nothing => {}
    }
}

/// The value inside a text.
fn push_inside(field: Field<'_>, out: &mut String) {
    match field.body() {
        Some(body) => out.push_str(body),
        None => crate::redact::push_body(field.raw(), out),
    }
}

const UNKNOWN: &str = "unknown";
