//! Why a message was refused.

use std::fmt;

use crate::error::{Failure, Reason, Stage};

/// Why a message was refused. Numbers and places, never bytes of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The message ends inside a field.
    Truncated {
        /// The field.
        what: &'static str,
        /// How many bytes of it are missing.
        missing: usize,
    },
    /// Bytes behind the end of the message.
    TrailingBytes(usize),
    /// A format version other than 1 and 2; `base64` when the bytes look like base64 text.
    UnsupportedVersion {
        /// The first byte.
        version: u8,
        /// The message starts like a base64 text of one.
        base64: bool,
    },
    /// An algorithm suite that does not exist, belongs to the other format version, or is not allowed.
    UnsupportedSuite {
        /// Its id.
        id: u16,
        /// Which of the three it is.
        why: &'static str,
    },
    /// The header breaks a rule.
    BadHeader(&'static str),
    /// No encrypted data key could be opened.
    NoUsableKey {
        /// Entries in the header.
        entries: u16,
        /// Entries of the keyring's provider and name.
        matching: u16,
    },
    /// A tag does not match.
    NotAuthentic(Place),
    /// The commitment in the header belongs to another data key.
    BadCommitment,
    /// The signature is not valid.
    BadSignature(&'static str),
    /// A declared size is over a limit.
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its declared size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A key of a length that AES, or the suite, does not have (a mistake of the caller).
    WrongKeyLength(usize),
}

/// The part of a message that a tag protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The message header.
    Header,
    /// The frame with this sequence number.
    Frame(u32),
    /// The only block of an unframed message.
    SingleBlock,
    /// The order of the frames: one was moved, dropped or repeated.
    Order {
        /// The sequence number that comes next.
        expected: u32,
        /// The sequence number that came.
        found: u32,
    },
}

impl Error {
    /// The word to alert on.
    pub fn reason(&self) -> Reason {
        match self {
            Error::Truncated { .. } => Reason::Truncated,
            Error::TrailingBytes(_) => Reason::TrailingBytes,
            Error::UnsupportedVersion { .. } => Reason::UnsupportedVersion,
            Error::UnsupportedSuite { .. } => Reason::UnsupportedSuite,
            Error::BadHeader(_) => Reason::BadHeader,
            Error::NoUsableKey { .. } => Reason::NoUsableKey,
            Error::NotAuthentic(_) => Reason::NotAuthentic,
            Error::BadCommitment => Reason::BadCommitment,
            Error::BadSignature(_) => Reason::BadSignature,
            Error::TooLarge { .. } => Reason::TooLarge,
            Error::WrongKeyLength(_) => Reason::WrongLength,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Truncated { what, missing } => {
                write!(f, "the message ends inside the {what}, {missing} bytes short")
            }
            Error::TrailingBytes(n) => write!(f, "{n} bytes behind the end of the message"),
            Error::UnsupportedVersion { base64: true, .. } => {
                f.write_str("expected a binary message, found base64 text of one")
            }
            Error::UnsupportedVersion { version, .. } => write!(f, "expected format version 1 or 2, found {version}"),
            Error::UnsupportedSuite { id, why } => write!(f, "algorithm suite 0x{id:04x} {why}"),
            Error::BadHeader(why) => f.write_str(why),
            Error::NoUsableKey { entries, matching: 0 } => {
                write!(f, "none of {entries} encrypted data keys has the expected provider and key name")
            }
            Error::NoUsableKey { entries, matching } => {
                write!(f, "{matching} of {entries} encrypted data keys match, none opens with this wrapping key")
            }
            Error::NotAuthentic(Place::Header) => f.write_str("header"),
            Error::NotAuthentic(Place::Frame(n)) => write!(f, "frame {n}"),
            Error::NotAuthentic(Place::SingleBlock) => f.write_str("single block"),
            Error::NotAuthentic(Place::Order { expected, found }) => {
                write!(f, "expected frame {expected}, found frame {found}")
            }
            Error::BadCommitment => f.write_str("the key commitment belongs to another data key"),
            Error::BadSignature(why) => f.write_str(why),
            Error::TooLarge { what, found, limit } => write!(f, "{what} of {found}, limit {limit}"),
            Error::WrongKeyLength(n) => {
                write!(f, "expected a key of 16, 24 or 32 bytes that fits the suite, found {n}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::new(Stage::Message, error.reason(), error.to_string())
    }
}
