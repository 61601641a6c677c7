//! The outer record: one JSON object that carries an encrypted message and its wrapped data key.

use std::borrow::Cow;

use crate::base64;
use crate::error::{Failure, Reason, Stage};
use crate::json::{self, Kind, Scanner, Text};

/// KMS takes ciphertexts of at most this many bytes.
pub(crate) const KEY_BYTES_MOST: usize = 6144;

/// What the decoder needs of a record. Unknown members, and any `version`, pass.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) version: Option<&'a str>,
    pub(crate) events: Payload<'a>,
}

/// `databaseActivityEvents`.
#[derive(Debug)]
pub(crate) enum Payload<'a> {
    /// A string: base64 of a message, and `key`: base64 of the data key as KMS encrypted it.
    Encrypted { message: Cow<'a, str>, key: Cow<'a, str> },
    /// An object: already decrypted, as AWS prints its samples.
    Decrypted(&'a str),
}

impl<'a> Envelope<'a> {
    /// Reads a record of at most `most` bytes.
    pub(crate) fn read(record: &'a str, most: usize, depth: u32) -> Result<Self, Failure> {
        if record.len() > most {
            return Err(failure(Reason::TooLarge, format!("a record of {} bytes, limit {most}", record.len())));
        }
        let mut scanner = Scanner::new(record, depth);
        let mut members = Members::default();
        if scanner.kind() != Kind::Object {
            let found_json = scanner.value().and_then(|_| scanner.end());
            return Err(match found_json {
                Ok(()) => failure(Reason::WrongType, "expected a JSON object"),
                Err(error) => error.into(),
            });
        }
        scanner.object(|scanner, name| members.take(scanner, name))?;
        scanner.end()?;
        members.finish()
    }
}

/// The members of interest.
#[derive(Default)]
struct Members<'a> {
    record_type: Option<Member<'a>>,
    version: Option<Member<'a>>,
    events: Option<Member<'a>>,
    key: Option<Member<'a>>,
}

#[derive(Clone, Copy)]
enum Member<'a> {
    String(Text<'a>),
    Object(&'a str),
    Other(&'a str),
}

impl<'a> Members<'a> {
    fn take(&mut self, scanner: &mut Scanner<'a>, name: Text<'a>) -> Result<(), Failure> {
        let places = [
            (&mut self.record_type, "type"),
            (&mut self.version, "version"),
            (&mut self.events, EVENTS),
            (&mut self.key, "key"),
        ];
        let Some((place, known)) = places.into_iter().find(|(_, known)| name.is(known)) else {
            return Ok(scanner.skip()?);
        };
        // Readers differ on which of two equal names counts, so such a record says two things at once.
        match place.replace(Member::take(scanner)?) {
            Some(_) => Err(failure(Reason::NotJson, format!("the member `{known}` stands twice"))),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<Envelope<'a>, Failure> {
        if !string(self.record_type, "type")?.is(RECORDS) {
            return Err(failure(Reason::WrongType, format!("expected a `type` of {RECORDS}")));
        }
        let version = self.version.map(|member| match member {
            Member::String(text) => text.raw(),
            Member::Object(raw) | Member::Other(raw) => raw,
        });
        let events = match self.events {
            Some(Member::Object(document)) => Payload::Decrypted(document),
            other => Payload::Encrypted {
                message: string(other, EVENTS)?.unescaped(),
                key: string(self.key, "key")?.unescaped(),
            },
        };
        Ok(Envelope { version, events })
    }
}

impl<'a> Member<'a> {
    fn take(scanner: &mut Scanner<'a>) -> Result<Self, json::Error> {
        match scanner.kind() {
            Kind::String => scanner.string().map(Member::String),
            Kind::Object => scanner.value().map(Member::Object),
            _ => scanner.value().map(Member::Other),
        }
    }
}

fn string<'a>(member: Option<Member<'a>>, name: &'static str) -> Result<Text<'a>, Failure> {
    match member {
        Some(Member::String(text)) => Ok(text),
        Some(_) => Err(failure(Reason::WrongType, format!("expected `{name}` to be a string"))),
        None => Err(failure(Reason::MissingField, format!("expected a member `{name}`"))),
    }
}

/// Decodes the message into `buffer`, which is emptied first. The text's length bounds it.
pub(crate) fn decode_message(text: &str, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    decode_base64(text, EVENTS, buffer)
}

/// Decodes the encrypted data key: 1 to 6144 bytes.
pub(crate) fn decode_key(text: &str) -> Result<Vec<u8>, Failure> {
    // Before anything is allocated: three bytes stand in four characters.
    let most = KEY_BYTES_MOST.div_ceil(3).saturating_mul(4);
    if text.len() > most {
        return Err(failure(Reason::TooLarge, format!("a `key` of {} characters, limit {most}", text.len())));
    }
    let mut bytes = Vec::new();
    decode_base64(text, "key", &mut bytes)?;
    match bytes.len() {
        0 => Err(failure(Reason::BadBase64, "expected `key` to hold 1 to 6144 bytes, found none")),
        _ => Ok(bytes),
    }
}

fn decode_base64(text: &str, name: &'static str, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    base64::decode(text, buffer)
        .map_err(|_| failure(Reason::BadBase64, format!("expected `{name}` to be padded standard base64")))
}

fn failure(reason: Reason, detail: impl Into<String>) -> Failure {
    Failure::new(Stage::Envelope, reason, detail)
}

impl From<json::Error> for Failure {
    /// An error in the outer record; the document inside has its own conversion.
    fn from(error: json::Error) -> Self {
        failure(Reason::NotJson, error.to_string())
    }
}

const EVENTS: &str = "databaseActivityEvents";
const RECORDS: &str = "DatabaseActivityMonitoringRecords";

#[cfg(test)]
mod tests;
