//! Why a request is not answered with 200, as the sender reads it.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request is not answered with 200. Held texts are for people and hold no payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// The body or a parameter can never be used: what was expected.
    Unusable(String),
    /// Nobody who may do this.
    Unauthorized(&'static str),
    /// The client did not send all of the body in time.
    Slow,
    /// The client has gone in the middle of the body.
    Gone,
    /// The body exceeds so many bytes, as received or (true) when unpacked.
    TooLarge(usize, bool),
    /// The body's encoding or type is not understood.
    Unsupported(String),
    /// It would not fit into memory beside the requests that are under way.
    Full,
    /// Not now: why.
    NotNow(String),
}

/// In seconds. Keys or sinks that are away rarely come back sooner, and a sender backs off by itself.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

#[derive(Serialize)]
struct Body {
    error: String,
    /// Records of the body that the sinks have accepted.
    accepted: u64,
}

impl Problem {
    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Problem::Unusable(_) | Problem::Gone => StatusCode::BAD_REQUEST,
            Problem::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Problem::Slow => StatusCode::REQUEST_TIMEOUT,
            Problem::TooLarge(..) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::Full | Problem::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer, when the first `accepted` records were accepted.
    pub(super) fn answer(&self, accepted: u64) -> Response {
        let body = serde_json::to_string(&Body { error: self.to_string(), accepted }).unwrap_or_default();
        let mut answer = (self.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response();
        self.add_headers(&mut answer);
        answer
    }

    /// What the status asks for in headers.
    pub(super) fn add_headers(&self, answer: &mut Response) {
        let headers = answer.headers_mut();
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, RETRY_AFTER),
            StatusCode::UNAUTHORIZED => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            // What is left of the body will not be read.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"))
            }
            _ => None,
        };
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unusable(why) | Problem::Unsupported(why) | Problem::NotNow(why) => f.write_str(why),
            Problem::Unauthorized(expected) => f.write_str(expected),
            Problem::Slow => f.write_str("the body did not arrive within receive-timeout"),
            Problem::Gone => f.write_str("the body ended before its end"),
            Problem::TooLarge(limit, false) => write!(f, "expected at most {limit} bytes of body"),
            Problem::TooLarge(limit, true) => write!(f, "expected at most {limit} bytes of unpacked body"),
            Problem::Full => f.write_str("too much is under way, send it again later"),
        }
    }
}
