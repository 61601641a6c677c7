//! What an HTTP answer says of the events in the request.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::StatusCode;

/// An answer with as much of its body as is of use.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The pause that it asks for.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// What becomes of a request that was answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Every event was accepted.
    Accepted,
    /// For each event: accepted, to be sent again, or refused.
    Each(Vec<Fate>),
    /// At least one event is refused, and which one is not said: why.
    Refused(String),
    /// It may be accepted later: why, and whether somebody must mend a setting first.
    Later(String, bool),
}

/// What becomes of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    Again,
    /// For good: why, without anything out of the event.
    Refused(String),
}

impl Answer {
    /// What the status alone says.
    pub(super) fn judgement(&self) -> Judgement {
        let status = self.status;
        match status.as_u16() {
            200..=299 => Judgement::Accepted,
            // What these complain about is the request's content.
            400 | 409 | 411 | 413 | 414 | 416 | 422 | 424 | 431 => Judgement::Refused(format!("answered {status}")),
            408 | 425 | 429 | 500.. => Judgement::Later(format!("answered {status}"), false),
            _ => Judgement::Later(
                format!("answered {status}: check url, token and headers; events wait until it is mended"),
                true,
            ),
        }
    }
}

/// `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Duration::try_from(until.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(status: u16) -> Judgement {
        Answer { status: StatusCode::from_u16(status).unwrap(), retry_after: None, body: vec![] }.judgement()
    }

    #[test]
    fn a_status_says_whose_fault_it_is() {
        assert!([200, 201, 202, 204].iter().all(|status| judgement(*status) == Judgement::Accepted));
        assert!([400, 413, 422].iter().all(|status| matches!(judgement(*status), Judgement::Refused(_))));
        let later = |status| match judgement(status) {
            Judgement::Later(_, to_mend) => Some(to_mend),
            _ => None,
        };
        assert!([408, 429, 500, 501, 502, 503, 504, 599].iter().all(|status| later(*status) == Some(false)));
        assert!([301, 302, 401, 403, 404, 405, 407, 415].iter().all(|status| later(*status) == Some(true)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2015-10-21T07:27:30Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
