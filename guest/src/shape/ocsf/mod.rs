//! Shape `ocsf`: Datastore Activity (class 6005) of the Open Cybersecurity Schema Framework 1.8.0, a line per event.
//!
//! With `ocsf.iam`, connects are Authentication (3002), and grants whose event names the user and the privileges are
//! User Access Management (3005). Attributes that the event does not tell are left out: the schema refuses nulls.

mod class;
mod parts;
#[cfg(test)]
mod tests;

use class::Class;

use super::facts::{Deed, Facts};
use super::object::Object;
use super::{Kept, Shaped, push_part};
use crate::fields::Members;
use crate::meaning::Outcome;
use crate::redact::push_body;

/// An event on its way into the schema.
pub(super) struct Source<'a> {
    facts: Facts<'a>,
    /// Redacted.
    event: &'a str,
    kept: &'a Kept<'a>,
    shaped: &'a Shaped<'a>,
    class: Class,
    deed: Deed,
}

/// Writes the line of an event, which is redacted.
pub(super) fn line(shaped: &Shaped<'_>, kept: &Kept<'_>, event: &str, line: &mut String) {
    let facts = Facts::read(event);
    let deed = facts.deed();
    let class = Class::of(&facts, deed, shaped.settings.ocsf.iam);
    let source = Source { facts, event, kept, shaped, class, deed };
    Object::write(line, |event| source.event(event));
}

impl Source<'_> {
    fn event(&self, event: &mut Object<'_>) {
        let facts = &self.facts;
        let (activity, name) = self.class.activity(self.deed);
        event.number("category_uid", self.class.category());
        event.plain("class_name", self.class.name());
        event.number("class_uid", self.class.uid());
        event.number("activity_id", activity);
        match (name, facts.command) {
            (Some(name), _) => event.plain("activity_name", name),
            (None, Some(command)) => event.text("activity_name", Some(command)),
            (None, None) => event.text("activity_name", facts.kind),
        }
        event.number("type_uid", self.class.uid().saturating_mul(100).saturating_add(activity));
        // Nothing tells the time of a heartbeat, and the schema wants one.
        event.number("time", facts.time().map_or(0, |time| time.epoch_milliseconds()));
        event.number("severity_id", self.severity());
        event.object("metadata", |metadata| self.metadata(metadata));
        event.object("actor", |actor| self.actor(actor));
        match self.class {
            Class::DatastoreActivity => self.datastore(event),
            Class::Authentication => event.object("user", |user| self.user(user, facts.db_user_name)),
            Class::UserAccess => self.access(event),
        }
        event.object("src_endpoint", |endpoint| self.source(endpoint));
        if self.class != Class::UserAccess {
            event.object("dst_endpoint", |endpoint| self.destination(endpoint));
        }
        self.status(event);
        self.period(event);
        self.observables(event);
        event.object("unmapped", |unmapped| self.unmapped(unmapped));
        if self.shaped.settings.raw {
            let raw = event.name("raw_data");
            raw.push('"');
            push_body(self.event, raw);
            raw.push('"');
            event.number("raw_data_size", self.event.len());
        }
    }

    /// Informational, unless a Sigma rule has a level.
    fn severity(&self) -> u32 {
        let level = self.kept.sigma.and_then(|mark| mark.split_once(",\"level\":\"")).map(|(_, level)| level);
        let level = level.and_then(|level| level.split('"').next());
        match level {
            Some("low") => 2,
            Some("medium") => 3,
            Some("high") => 4,
            Some("critical") => 5,
            _ => 1,
        }
    }

    fn status(&self, event: &mut Object<'_>) {
        let outcome = if self.facts.is_mysql_aux() { Outcome::Unknown } else { self.facts.outcome() };
        let (id, name) = match outcome {
            Outcome::Success => (1, "Success"),
            Outcome::Failure => (2, "Failure"),
            Outcome::Unknown => (0, "Unknown"),
        };
        event.number("status_id", id);
        event.plain("status", name);
        event.text("status_code", self.facts.exit_code);
        event.text("status_detail", self.facts.error_message);
    }

    /// When the statement started and ended: up to 1.8.0 these attributes may tell it.
    fn period(&self, event: &mut Object<'_>) {
        let (span, engine) = (self.facts.span(), self.facts.engine());
        if let Some(start) = span.start.and_then(crate::meaning::Time::parse) {
            event.number("start_time", start.epoch_milliseconds());
        }
        if let Some(end) = span.ended(engine) {
            event.number("end_time", end.epoch_milliseconds());
        }
        if let Some(nanoseconds) = span.duration(engine) {
            event.number("duration", nanoseconds / 1_000_000);
        }
    }

    /// What the schema has no attribute for, as it came.
    fn unmapped(&self, unmapped: &mut Object<'_>) {
        let facts = &self.facts;
        let about_a_table = facts.is_about_a_table();
        let named = [
            ("class", facts.class),
            ("command", facts.command),
            ("rowCount", facts.row_count),
            ("paramList", facts.param_list),
            ("pid", facts.pid),
            ("substatementId", facts.substatement_id),
            ("transactionId", facts.transaction_id),
            ("netProtocol", facts.net_protocol),
            ("dbProtocol", facts.db_protocol),
            ("serverVersion", facts.server_version),
            ("objectType", facts.object_type),
            ("objectName", facts.object_name.filter(|_| !about_a_table)),
            ("commandText", facts.command_text.filter(|_| facts.query().is_none() || !self.class.has_query())),
            ("engineNativeAuditFields", facts.native),
        ];
        for (name, value) in named {
            if let Some(value) = value.filter(|value| !matches!(value.raw(), "null" | "\"\"" | "{}" | "[]")) {
                push_part(value.raw(), self.shaped.document, unmapped.name(name));
            }
        }
        if let Some(sigma) = self.kept.sigma {
            unmapped.name("sigma").push_str(sigma);
        }
        if facts.has_others {
            self.others(unmapped);
        }
    }

    /// Members that this version does not know. Of equal names the last counts.
    fn others(&self, unmapped: &mut Object<'_>) {
        let members = || Members::of(self.event, 0).map(|member| (member.name.text().unwrap_or_default(), member));
        let unknown = members().enumerate().filter(|(_, (name, member))| {
            !Facts::is_known(name) && !member.value.is_null() && (name != "sigma" || self.kept.sigma.is_none())
        });
        for (position, (name, member)) in unknown.take(OTHERS_MOST) {
            if !members().skip(position.saturating_add(1)).any(|(later, _)| later == name) {
                let name = member.name.body().unwrap_or_default();
                push_part(member.value.raw(), self.shaped.document, unmapped.name(name));
            }
        }
    }
}

/// More unknown members than this are in `raw_data` only.
const OTHERS_MOST: usize = 64;
