//! The decrypted document: where its events stand, and the few fields that decide about them.

mod noted;

use std::ops::Range;

use crate::error::{Failure, Reason, Stage};
use crate::json::{self, Kind, Names, Place, Scanner, What};

pub(crate) use noted::Noted;

/// A checked document. All texts are the document's own bytes.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) text: &'a str,
    /// `clusterId` as it stands, quotes included; none when it is missing.
    pub(crate) cluster: Option<&'a str>,
    /// `instanceId` likewise.
    pub(crate) instance: Option<&'a str>,
    /// Where the event list stands, brackets included.
    pub(crate) list: Range<usize>,
    /// No line break stands in it.
    pub(crate) one_line: bool,
}

/// One element of the event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Where it stands in the document: an object, braces included.
    pub(crate) range: Range<usize>,
    pub(crate) heartbeat: bool,
    /// The event of one of AWS's own users.
    pub(crate) system_user: bool,
}

/// Users that AWS itself logs in as: Aurora, Oracle (two), RDS Proxy.
const SYSTEM_USERS: [&str; 4] = ["rdsadmin", "RDSADMIN", "RDSSEC", "rdsproxyadmin"];

/// This is the name of one of AWS's own users.
pub(crate) fn is_system_user(name: &str) -> bool {
    SYSTEM_USERS.contains(&name)
}

impl<'a> Document<'a> {
    /// Reads the whole document and puts its events, at most `most` of them, into `events`, and what is wanted of them
    /// into `noted` (both emptied first).
    pub(crate) fn read(
        text: &'a str,
        depth: u32,
        most: u32,
        events: &mut Vec<Event>,
        noted: &mut Noted,
    ) -> Result<Self, Failure> {
        Self::scan(text, depth, most, events, noted).map_err(|Broken(failure)| failure)
    }

    fn scan(text: &'a str, depth: u32, most: u32, events: &mut Vec<Event>, noted: &mut Noted) -> Result<Self, Broken> {
        events.clear();
        noted.clear();
        let mut scanner = Scanner::new(text, depth);
        if scanner.kind() != Kind::Object {
            scanner.value()?;
            scanner.end()?;
            return Err(wrong_shape("expected the document to be an object").into());
        }
        let mut document = Document { text, cluster: None, instance: None, list: 0..0, one_line: false };
        let mut found_list = false;
        scanner.object(|scanner, name| -> Result<(), Broken> {
            if name.is("clusterId") {
                document.cluster = Some(read_id(scanner, "clusterId")?);
            } else if name.is("instanceId") {
                document.instance = Some(read_id(scanner, "instanceId")?);
            } else if name.is(LIST) {
                if std::mem::replace(&mut found_list, true) {
                    return Err(wrong_shape(format!("the member `{LIST}` stands twice")).into());
                }
                if scanner.kind() != Kind::Array {
                    scanner.value()?;
                    return Err(wrong_shape(format!("expected `{LIST}` to be a list")).into());
                }
                let start = scanner.position();
                read_list(scanner, most, events, noted)?;
                document.list = start..scanner.position_here();
            } else {
                scanner.skip()?;
            }
            Ok(())
        })?;
        scanner.end()?;
        document.one_line = scanner.is_one_line();
        match found_list {
            true => Ok(document),
            false => Err(wrong_shape(format!("expected a member `{LIST}`")).into()),
        }
    }

    /// The bytes of an event.
    pub(crate) fn event(&self, event: &Event) -> &'a str {
        self.text.get(event.range.clone()).unwrap_or_default()
    }
}

/// An id stands in front of every line, so a long one would multiply.
fn read_id<'a>(scanner: &mut Scanner<'a>, name: &'static str) -> Result<&'a str, Broken> {
    let id = scanner.value()?;
    match id.len() <= ID_BYTES_MOST {
        true => Ok(id),
        false => {
            Err(wrong_shape(format!("expected `{name}` to have at most {ID_BYTES_MOST} bytes, found {}", id.len()))
                .into())
        }
    }
}

fn read_list(scanner: &mut Scanner<'_>, most: u32, events: &mut Vec<Event>, noted: &mut Noted) -> Result<(), Broken> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    scanner.array(|scanner| {
        if events.len() >= most {
            let detail = format!("more events in one record than the limit of {most}");
            return Err(Failure::new(Stage::Events, Reason::TooLarge, detail).into());
        }
        if scanner.kind() != Kind::Object {
            scanner.skip()?;
            return Err(wrong_shape(format!("expected element {} of `{LIST}` to be an object", events.len())).into());
        }
        let mut places = [[0; 2]; Names::MOST];
        let range = scanner.members(noted.names(), &mut places)?;
        let [kind, user] = Noted::own(&places).map(|place| text_at(scanner, place));
        noted.push(&places, range.start);
        events.push(Event {
            range,
            // A missing `type` means `record` (RDS for Oracle). Unknown types pass through.
            heartbeat: kind.is_some_and(|kind| json::equals(kind, "heartbeat")),
            system_user: user.is_some_and(stands_for_system_user),
        });
        Ok(())
    })
}

/// The body of the text at a place, if there is one.
fn text_at<'a>(scanner: &Scanner<'a>, [start, end]: Place) -> Option<&'a str> {
    scanner.slice(start as usize, end as usize).strip_prefix('"')?.strip_suffix('"')
}

/// The body of a text stands for such a name.
fn stands_for_system_user(body: &str) -> bool {
    is_system_user(body) || (json::has_escape(body) && SYSTEM_USERS.iter().any(|name| json::equals(body, name)))
}

fn wrong_shape(detail: impl Into<String>) -> Failure {
    Failure::new(Stage::Events, Reason::WrongShape, detail)
}

/// Either the JSON is broken, or its shape is not the expected one.
struct Broken(Failure);

impl From<json::Error> for Broken {
    fn from(error: json::Error) -> Self {
        let reason = if error.what == What::TooDeep { Reason::TooLarge } else { Reason::NotJson };
        Broken(Failure::new(Stage::Events, reason, error.to_string()))
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Broken(failure)
    }
}

/// Resource ids have some 30 characters.
const ID_BYTES_MOST: usize = 1024;

const LIST: &str = "databaseActivityEventList";

#[cfg(test)]
mod tests;
