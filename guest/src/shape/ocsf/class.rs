//! Which class an event belongs to, and which activity of it.

use crate::shape::facts::{Deed, Facts};

/// A class of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    DatastoreActivity,
    Authentication,
    UserAccess,
}

impl Class {
    /// `iam`: events about identities have classes of their own.
    pub(super) fn of(facts: &Facts<'_>, deed: Deed, iam: bool) -> Class {
        match deed {
            Deed::Connect | Deed::Disconnect if iam => Class::Authentication,
            // Both are required there, and in most engines they stand in the statement alone.
            Deed::Grant | Deed::Revoke if iam && grantee(facts).is_some() && privileges(facts).is_some() => {
                Class::UserAccess
            }
            _ => Class::DatastoreActivity,
        }
    }

    pub(super) fn uid(self) -> u32 {
        match self {
            Class::DatastoreActivity => 6005,
            Class::Authentication => 3002,
            Class::UserAccess => 3005,
        }
    }

    pub(super) fn category(self) -> u32 {
        self.uid() / 1000
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Class::DatastoreActivity => "Datastore Activity",
            Class::Authentication => "Authentication",
            Class::UserAccess => "User Access Management",
        }
    }

    /// The class has an attribute for the statement.
    pub(super) fn has_query(self) -> bool {
        self == Class::DatastoreActivity
    }

    /// Id and name of an activity; 99 has the event's own word for it.
    pub(super) fn activity(self, deed: Deed) -> (u32, Option<&'static str>) {
        let (id, name) = match (self, deed) {
            (Class::Authentication, Deed::Connect) => (1, "Logon"),
            (Class::Authentication, Deed::Disconnect) => (2, "Logoff"),
            (Class::UserAccess, Deed::Grant) => (1, "Assign Privileges"),
            (Class::UserAccess, Deed::Revoke) => (2, "Revoke Privileges"),
            (Class::DatastoreActivity, Deed::Read) => (1, "Read"),
            (Class::DatastoreActivity, Deed::Update) => (2, "Update"),
            (Class::DatastoreActivity, Deed::Connect) => (3, "Connect"),
            (Class::DatastoreActivity, Deed::Query) => (4, "Query"),
            (Class::DatastoreActivity, Deed::Write) => (5, "Write"),
            (Class::DatastoreActivity, Deed::Create) => (6, "Create"),
            (Class::DatastoreActivity, Deed::Delete) => (7, "Delete"),
            _ => return (99, None),
        };
        (id, Some(name))
    }
}

/// Who was granted something, where a field tells it: Oracle, SQL Server.
pub(super) fn grantee<'a>(facts: &Facts<'a>) -> Option<crate::fields::Field<'a>> {
    let names = ["TARGET_USER", "target_database_principal_name", "target_server_principal_name"];
    names.iter().find_map(|name| facts.native(name))
}

/// What was granted, where a field tells it: Oracle.
pub(super) fn privileges<'a>(facts: &Facts<'a>) -> Option<crate::fields::Field<'a>> {
    let names = ["OBJECT_PRIVILEGES", "SYSTEM_PRIVILEGE", "ROLE"];
    names.iter().find_map(|name| facts.native(name))
}
