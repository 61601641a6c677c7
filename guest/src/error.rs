//! What can go wrong with a record: the stage, the stable reason, and a sentence for people.

use std::fmt;

/// The step of the pipeline in which a record failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The outer JSON record and its base64.
    Envelope,
    /// The question for the data key.
    Key,
    /// The AWS Encryption SDK message.
    Message,
    /// The gzip stream inside the message.
    Gunzip,
    /// The JSON document inside the gzip stream.
    Events,
}

/// Why a record failed: the words that users alert on. They never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Text that is not JSON.
    NotJson,
    /// JSON of another type than expected, or a record of another `type`.
    WrongType,
    /// A member that must be there is not.
    MissingField,
    /// Text that is not padded standard base64.
    BadBase64,
    /// Larger than a limit.
    TooLarge,
    /// The key service says no; asking again is useless.
    Refused,
    /// The key service cannot be asked now; asking again helps.
    Unavailable,
    /// The key service answered with a key of a length that AES does not have.
    WrongLength,
    /// Nobody said which database the stream belongs to.
    NoResource,
    /// The bytes end too early.
    Truncated,
    /// The bytes go on behind the end.
    TrailingBytes,
    /// A message format other than 1 and 2.
    UnsupportedVersion,
    /// An algorithm suite that is unknown or not allowed here.
    UnsupportedSuite,
    /// A message header that breaks a rule of the specification.
    BadHeader,
    /// No encrypted data key opens with this wrapping key.
    NoUsableKey,
    /// An authentication tag does not match.
    NotAuthentic,
    /// The key commitment does not match.
    BadCommitment,
    /// The signature is missing or does not verify.
    BadSignature,
    /// No gzip stream.
    NotGzip,
    /// A gzip stream whose content, checksum or length is wrong.
    Corrupt,
    /// A document that is not UTF-8.
    NotUtf8,
    /// A document that is JSON of an unexpected shape.
    WrongShape,
}

impl Stage {
    /// The stage as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Envelope => "envelope",
            Stage::Key => "key",
            Stage::Message => "message",
            Stage::Gunzip => "gunzip",
            Stage::Events => "events",
        }
    }
}

impl Reason {
    /// The reason as users see it, in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotJson => "not-json",
            Reason::WrongType => "wrong-type",
            Reason::MissingField => "missing-field",
            Reason::BadBase64 => "bad-base64",
            Reason::TooLarge => "too-large",
            Reason::Refused => "refused",
            Reason::Unavailable => "unavailable",
            Reason::WrongLength => "wrong-length",
            Reason::NoResource => "no-resource",
            Reason::Truncated => "truncated",
            Reason::TrailingBytes => "trailing-bytes",
            Reason::UnsupportedVersion => "unsupported-version",
            Reason::UnsupportedSuite => "unsupported-suite",
            Reason::BadHeader => "bad-header",
            Reason::NoUsableKey => "no-usable-key",
            Reason::NotAuthentic => "not-authentic",
            Reason::BadCommitment => "bad-commitment",
            Reason::BadSignature => "bad-signature",
            Reason::NotGzip => "not-gzip",
            Reason::Corrupt => "corrupt",
            Reason::NotUtf8 => "not-utf8",
            Reason::WrongShape => "wrong-shape",
        }
    }
}

/// Why a record gave no events. Made only on the way out: the good path allocates none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step that failed.
    pub stage: Stage,
    /// The word to alert on.
    pub reason: Reason,
    /// For people: what was expected, what was found. Numbers and names of fields, never input bytes.
    pub detail: String,
}

impl Failure {
    /// A failure of `stage` for `reason`; `detail` is for people.
    pub fn new(stage: Stage, reason: Reason, detail: impl Into<String>) -> Self {
        Failure { stage, reason, detail: detail.into() }
    }

    /// The same record may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.reason == Reason::Unavailable
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.stage.as_str(), self.reason.as_str(), self.detail)
    }
}

impl std::error::Error for Failure {}
