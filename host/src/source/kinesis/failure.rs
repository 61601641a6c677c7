//! What a failed call to Kinesis means, and what it is called.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use crate::backoff::{Backoff, roll};

/// A call that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) class: Class,
    /// For people.
    text: String,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Wait: throttled, the service or the network is away.
    Passing,
    /// Ask for another iterator: this one is older than five minutes.
    Expired,
    /// The stream or the shard does not exist (any more).
    Gone,
    /// A parameter is not of this stream: a sequence number of a stream that had the same name.
    Foreign,
    /// Somebody has to act: permissions, the stream's own key.
    Refused,
}

/// The longest text of Kinesis itself that is passed on.
const LONGEST: usize = 500;

impl Failure {
    pub(super) fn new(class: Class, text: String) -> Self {
        Failure { class, text }
    }

    pub(super) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let SdkError::ServiceError(answer) = error else {
            return Failure::new(Class::Passing, format!("no answer to {operation} ({})", root_cause(error)));
        };
        let status = answer.raw().status().as_u16();
        let code = answer.err().code();
        let said: String = answer.err().message().unwrap_or_default().chars().take(LONGEST).collect();
        let name = code.map_or_else(|| format!("HTTP status {status}"), str::to_owned);
        Failure::new(class_of(code, status), format!("{operation}: {name} ({})", said.escape_debug()))
    }
}

/// By Kinesis' lists of errors; everything that is new counts as passing, because waiting loses nothing.
fn class_of(code: Option<&str>, status: u16) -> Class {
    match code {
        Some("ExpiredIteratorException") => Class::Expired,
        Some("ResourceNotFoundException") => Class::Gone,
        Some("InvalidArgumentException" | "ValidationException") => Class::Foreign,
        // Throttling of the stream's own key among them: `KMSThrottlingException` passes.
        Some(
            "AccessDeniedException"
            | "KMSAccessDeniedException"
            | "KMSDisabledException"
            | "KMSInvalidStateException"
            | "KMSNotFoundException"
            | "KMSOptInRequired"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException",
        ) if status < 500 => Class::Refused,
        _ => Class::Passing,
    }
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().escape_debug().to_string()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.class {
            Class::Refused => f.write_str(
                ": allow kinesis:DescribeStreamSummary, ListShards, GetShardIterator and GetRecords on the stream, and \
                 kms:Decrypt where it is encrypted by a key of its own",
            ),
            Class::Gone => f.write_str(": check the stream's name, the region and the account"),
            _ => Ok(()),
        }
    }
}

/// Pauses that grow as long as calls fail: from half a second to ten, half of each left to chance.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
    begun: Instant,
}

impl Patience {
    pub(super) fn new() -> Self {
        Patience { backoff: Backoff::default(), begun: Instant::now() }
    }

    /// How long to wait after another failure.
    pub(super) fn pause(&mut self) -> Duration {
        let now = self.begun.elapsed();
        self.backoff.fail(now, roll());
        self.backoff.left(now).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_must_change_is_a_refusal() {
        for (code, status, class) in [
            (Some("ProvisionedThroughputExceededException"), 400, Class::Passing),
            (Some("LimitExceededException"), 400, Class::Passing),
            (Some("KMSThrottlingException"), 400, Class::Passing),
            (Some("InternalFailure"), 500, Class::Passing),
            (Some("ServiceUnavailable"), 503, Class::Passing),
            (Some("ExpiredTokenException"), 400, Class::Passing),
            (None, 502, Class::Passing),
            (Some("ExpiredIteratorException"), 400, Class::Expired),
            (Some("ResourceNotFoundException"), 400, Class::Gone),
            (Some("InvalidArgumentException"), 400, Class::Foreign),
            (Some("AccessDeniedException"), 400, Class::Refused),
            (Some("KMSDisabledException"), 400, Class::Refused),
        ] {
            assert_eq!(class_of(code, status), class, "{code:?}");
        }
    }
}
