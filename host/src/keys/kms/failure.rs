//! What a failed KMS call means: whether asking again helps, and what to do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use super::KeyError;

/// The longest text of KMS itself that is passed on.
const MAX_MESSAGE: usize = 500;

/// Who has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nobody: the account's quota is used up, wait (for every key).
    Throttled,
    /// Nobody: the service or the way to it is down, wait.
    Service,
    /// The credentials must be renewed, which usually happens by itself.
    Expired,
    /// The record, or the configured resource id, is wrong.
    Record,
    /// The configuration, on either side, is wrong.
    Config,
}

/// The class of a KMS error code; `None` is an answer without one, which did not come from KMS itself.
///
/// No KMS error carries a retry trait in its model. The throttling and time-out codes are those of the SDK's
/// own retry lists; the rest is KMS Decrypt's list of errors.
pub(super) fn class_of(code: Option<&str>, status: u16) -> Class {
    match code {
        Some(
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "SlowDown",
        ) => Class::Throttled,
        Some(
            "KMSInternalException"
            | "KeyUnavailableException"
            | "DependencyTimeoutException"
            | "RequestTimeout"
            | "RequestTimeoutException",
        ) => Class::Service,
        // Retried, not refused: records must not fail because a token is renewed a moment late.
        Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => Class::Expired,
        Some("InvalidCiphertextException" | "IncorrectKeyException") => Class::Record,
        _ if status == 429 => Class::Throttled,
        _ if status >= 500 => Class::Service,
        // Access denied, disabled, pending deletion, not found, wrong usage, unknown credentials, and whatever KMS
        // refuses with a word that is new. Unknown credentials are no outage: a deleted access key must bite.
        Some(_) => Class::Config,
        // A proxy or a captive portal: KMS has refused nothing yet.
        None => Class::Service,
    }
}

/// What went wrong in one call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// KMS answered with an error.
    Answer { class: Class, code: String, message: String },
    /// There was no usable answer, for this reason.
    NoAnswer(String),
    /// There was no question, for want of credentials.
    NoCredentials(String),
}

/// What was asked, for the texts. The blob is not part of it.
pub(super) struct Question<'a> {
    pub(super) region: &'a str,
    pub(super) key_id: Option<&'a str>,
    pub(super) context: &'a str,
}

impl Failure {
    pub(super) fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code();
                Self::Answer {
                    class: class_of(code, status),
                    code: code.map_or_else(|| format!("HTTP status {status}"), printable),
                    message: printable(answer.err().message().unwrap_or_default()),
                }
            }
            SdkError::TimeoutError(_) => Self::NoAnswer("time-out".to_owned()),
            other if is_about_credentials(other) => Self::NoCredentials(root_cause(other)),
            other => Self::NoAnswer(root_cause(other)),
        }
    }

    pub(super) fn is_throttling(&self) -> bool {
        matches!(self, Self::Answer { class: Class::Throttled, .. })
    }

    /// The one place where a KMS failure becomes an answer to the cache. Configuration errors are also logged: they
    /// stop whole streams, and somebody has to act.
    pub(super) fn explain(&self, asked: &Question<'_>) -> KeyError {
        let region = asked.region;
        let (class, code, message) = match self {
            Self::NoAnswer(cause) => {
                return KeyError::Unavailable(format!(
                    "no answer from kms in {region} ({cause}): check the network path and the endpoint"
                ));
            }
            Self::NoCredentials(cause) => {
                return KeyError::Unavailable(format!(
                    "kms in {region} was not asked for want of AWS credentials ({cause}): check AWS_PROFILE, the \
                     environment, or the machine's role"
                ));
            }
            Self::Answer { class, code, message } => (*class, code.as_str(), message.as_str()),
        };
        let text = format!("kms in {region} says {code}");
        match class {
            Class::Throttled => {
                KeyError::Unavailable(format!("{text}: the account's request quota for KMS is used up"))
            }
            Class::Service => KeyError::Unavailable(format!("{text}: the service or the key's store is unavailable")),
            Class::Expired => KeyError::Unavailable(format!("{text}: renew the AWS credentials")),
            Class::Record => KeyError::Refused(format!("{text}: {}", advice(code, asked))),
            Class::Config => {
                let said = if message.is_empty() { String::new() } else { format!(" ({message})") };
                let text = format!("{text}{said}: {}", advice(code, asked));
                tracing::error!("{text}");
                KeyError::Refused(text)
            }
        }
    }
}

/// What to do about a refusal.
fn advice(code: &str, asked: &Question<'_>) -> String {
    let Question { region, key_id, context } = asked;
    let key_id = key_id.unwrap_or("any");
    match code {
        "InvalidCiphertextException" => format!(
            "the record's key was not encrypted for {context}; if every record says so, the resource id is wrong"
        ),
        "IncorrectKeyException" => {
            format!(
                "the record's key was encrypted under another KMS key than key-id {key_id}: correct or unset key-id"
            )
        }
        "AccessDeniedException" | "AccessDenied" => {
            format!("allow kms:Decrypt with the encryption context {context} in the IAM and the key policy")
        }
        "DisabledException" => "enable the KMS key".to_owned(),
        "KMSInvalidStateException" => {
            "check the KMS key: it may be pending deletion, or its external key store may be failing".to_owned()
        }
        "NotFoundException" => format!("check key-id ({key_id}) and the region ({region}): there is no such KMS key"),
        "InvalidKeyUsageException" => {
            format!("check key-id ({key_id}): expected a symmetric KMS key for encryption")
        }
        "InvalidGrantTokenException" => "check the grants of the KMS key".to_owned(),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => {
            "check the AWS credentials: KMS does not know or accept them".to_owned()
        }
        _ => "check the KMS key and the policies".to_owned(),
    }
}

/// The innermost cause, which is where the useful words are ("connection refused").
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    printable(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// Text from outside, bounded and on one line.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Question<'_> =
        Question { region: "eu-west-1", key_id: Some("alias/stream"), context: "aws:rds:dbc-id = cluster-ABC" };

    /// Every error of KMS Decrypt, the common ones of AWS, and answers that are not from KMS.
    #[test]
    fn every_error_has_its_class() {
        for (code, status, class) in [
            (Some("ThrottlingException"), 400, Class::Throttled),
            (Some("LimitExceededException"), 400, Class::Throttled),
            (Some("KMSInternalException"), 500, Class::Service),
            (Some("KeyUnavailableException"), 500, Class::Service),
            (Some("DependencyTimeoutException"), 503, Class::Service),
            (Some("RequestTimeout"), 400, Class::Service),
            (Some("ServiceUnavailable"), 503, Class::Service),
            (Some("InternalFailure"), 500, Class::Service),
            (Some("InvalidCiphertextException"), 400, Class::Record),
            (Some("IncorrectKeyException"), 400, Class::Record),
            (Some("InvalidKeyUsageException"), 400, Class::Config),
            (Some("InvalidGrantTokenException"), 400, Class::Config),
            (Some("AccessDeniedException"), 400, Class::Config),
            (Some("DisabledException"), 409, Class::Config),
            (Some("KMSInvalidStateException"), 409, Class::Config),
            (Some("NotFoundException"), 404, Class::Config),
            (Some("DryRunOperationException"), 412, Class::Config),
            (Some("UnrecognizedClientException"), 400, Class::Config),
            (Some("ValidationException"), 400, Class::Config),
            (Some("SomethingNewException"), 400, Class::Config),
            (Some("ExpiredTokenException"), 400, Class::Expired),
            (None, 403, Class::Service),
            (None, 429, Class::Throttled),
            (None, 502, Class::Service),
        ] {
            assert_eq!(class_of(code, status), class, "{code:?} {status}");
        }
    }

    #[test]
    fn only_those_who_can_refuse_refuse() {
        let explain = |class| {
            let (code, message) = ("Code".to_owned(), String::new());
            Failure::Answer { class, code, message }.explain(&ASKED)
        };
        for class in [Class::Throttled, Class::Service, Class::Expired] {
            assert!(matches!(explain(class), KeyError::Unavailable(_)), "{class:?}");
        }
        for class in [Class::Record, Class::Config] {
            assert!(matches!(explain(class), KeyError::Refused(_)), "{class:?}");
        }
        for silence in [Failure::NoAnswer("x".to_owned()), Failure::NoCredentials("x".to_owned())] {
            assert!(matches!(silence.explain(&ASKED), KeyError::Unavailable(_)), "{silence:?}");
        }
    }

    #[test]
    fn texts_say_what_to_do() {
        for (code, message, expected) in [
            (
                "AccessDeniedException",
                "user x is not authorized",
                "kms in eu-west-1 says AccessDeniedException (user x is not authorized): allow kms:Decrypt with the \
                 encryption context aws:rds:dbc-id = cluster-ABC in the IAM and the key policy",
            ),
            ("DisabledException", "", "kms in eu-west-1 says DisabledException: enable the KMS key"),
            (
                "IncorrectKeyException",
                "",
                "kms in eu-west-1 says IncorrectKeyException: the record's key was encrypted under another KMS key \
                 than key-id alias/stream: correct or unset key-id",
            ),
            (
                "InvalidCiphertextException",
                "",
                "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for \
                 aws:rds:dbc-id = cluster-ABC; if every record says so, the resource id is wrong",
            ),
        ] {
            let class = class_of(Some(code), 400);
            let (code, message) = (code.to_owned(), message.to_owned());
            let error = Failure::Answer { class, code, message }.explain(&ASKED);
            assert_eq!(error, KeyError::Refused(expected.to_owned()));
        }
    }

    #[test]
    fn foreign_text_is_bounded_and_on_one_line() {
        assert_eq!(printable("a\nb\u{1b}[31mc"), "a b [31mc");
        assert_eq!(printable(&"x".repeat(10_000)).len(), MAX_MESSAGE);
    }
}
