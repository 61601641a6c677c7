//! `POST /firehose`: what Amazon Data Firehose's HTTP endpoint destination sends, version 1.0 of its protocol:
//! <https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html>.
//!
//! Every answer repeats the request's id and has a time in milliseconds. 200 comes when the sinks have accepted; Firehose
//! sends again after any other answer but 413, after which it gives the data up. So 413 is never said: what is too large is
//! answered 400, and ends, when Firehose's retry duration is over, in its own backup bucket.
//!
//! The records' stream is told by the common attribute `resource`, by the name of the delivery stream if that is
//! `aws-rds-das-..`, or as for the other routes.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::body::Incoming;
use super::deliver::deliver;
use super::{Problem, Shared};
use crate::record::{Batch, Batches, Record, resource_id};

/// The most that Firehose sends, in bytes, unpacked.
const MOST: usize = 64 << 20;

const ACCESS_KEY: &str = "x-amz-firehose-access-key";
const REQUEST_ID: &str = "x-amz-firehose-request-id";
const VERSION: &str = "x-amz-firehose-protocol-version";
const SOURCE: &str = "x-amz-firehose-source-arn";
const ATTRIBUTES: &str = "x-amz-firehose-common-attributes";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery<'a> {
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    #[serde(borrow)]
    records: Vec<Payload<'a>>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    common_attributes: Common<'a>,
}

#[derive(Deserialize)]
struct Common<'a> {
    #[serde(borrow)]
    resource: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    request_id: &'a str,
    timestamp: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// Answers a request.
pub(super) async fn firehose(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let id = text(&head.headers, REQUEST_ID).unwrap_or_default().to_owned();
    let delivered = async {
        check(&shared, &head)?;
        let _permit = shared.requests.clone().try_acquire_owned().map_err(|_| Problem::Full)?;
        let resource = resource(&shared, &head)?;
        let incoming = Incoming::start(body, &head.headers, &shared.settings, &shared.memory)?;
        let (body, held) = incoming.whole(MOST).await?;
        let (sender, batches) = mpsc::channel(1);
        let unpacking = tokio::task::spawn_blocking({
            let id = id.clone();
            move || {
                let _held = held;
                send_records(&body, &id, resource, &sender)
            }
        });
        deliver(&shared, batches).await.map_err(|undelivered| undelivered.problem)?;
        unpacking.await.unwrap_or_else(|error| Err(Problem::NotNow(format!("the program failed: {error}"))))
    };
    let problem = delivered.await.err();
    if let Some(problem) = &problem {
        tracing::warn!(source = %shared.intake.name(), request = %id.escape_debug(), %problem, "a Firehose request is answered with an error");
    }
    answer(&id, problem.as_ref())
}

fn answer(id: &str, problem: Option<&Problem>) -> Response {
    let status = match problem.map(Problem::status) {
        None => StatusCode::OK,
        Some(StatusCode::PAYLOAD_TOO_LARGE) => StatusCode::BAD_REQUEST,
        Some(status) => status,
    };
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let body = Answer { request_id: id, timestamp, error_message: problem.map(ToString::to_string) };
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut answer = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(problem) = problem {
        problem.add_headers(&mut answer);
    }
    answer
}

/// The headers, before anything is read.
fn check(shared: &Shared, head: &Parts) -> Result<(), Problem> {
    let headers = &head.headers;
    if let Some(key) = &shared.access_key
        && !headers.get(ACCESS_KEY).is_some_and(|guess| key.is(guess.as_bytes()))
    {
        return Err(Problem::Unauthorized("expected X-Amz-Firehose-Access-Key with the access key"));
    }
    if let Some(version) = text(headers, VERSION).filter(|version| *version != "1.0") {
        return Err(Problem::Unusable(format!("X-Amz-Firehose-Protocol-Version: expected 1.0, found {version:.20}")));
    }
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    match kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        true => Ok(()),
        false => Err(Problem::Unsupported(format!("Content-Type: expected application/json, found {kind:.40}"))),
    }
}

fn resource(shared: &Shared, head: &Parts) -> Result<Option<Arc<str>>, Problem> {
    let attributes = text(&head.headers, ATTRIBUTES).unwrap_or_default();
    let attributes = serde_json::from_str(attributes).ok();
    let attribute = attributes.and_then(|attributes: Attributes<'_>| attributes.common_attributes.resource);
    let attribute = attribute.as_deref().and_then(resource_id);
    match attribute.or_else(|| text(&head.headers, SOURCE).and_then(resource_id)) {
        Some(id) => Ok(Some(id.into())),
        None => shared.resource(&head.uri, &head.headers),
    }
}

/// Reads the whole body before the first record goes out: a body that is no delivery leaves nothing behind.
fn send_records(
    body: &[u8],
    id: &str,
    resource: Option<Arc<str>>,
    sender: &mpsc::Sender<Result<Batch, Problem>>,
) -> Result<(), Problem> {
    let delivery: Delivery<'_> = serde_json::from_slice(body).map_err(|error| {
        // Its place only: the message of a wrong type would show the value.
        let (line, column) = (error.line(), error.column());
        Problem::Unusable(format!(
            "expected {{\"requestId\":..,\"timestamp\":..,\"records\":[{{\"data\":..}}]}}, found another form at line {line} \
             column {column}"
        ))
    })?;
    if delivery.request_id != id {
        return Err(Problem::Unusable(
            "requestId: expected the same in the body as in the header X-Amz-Firehose-Request-Id".to_owned(),
        ));
    }
    let mut batches = Batches::default();
    for Payload { data } in delivery.records {
        let record = match BASE64.decode(data.as_bytes()) {
            Ok(bytes) => Record::of_bytes(bytes, resource.clone()),
            Err(_) => Record::bad_base64(data.into_owned(), resource.clone()),
        };
        if let Some(batch) = batches.push(record)
            && sender.blocking_send(Ok(batch)).is_err()
        {
            return Ok(());
        }
    }
    if let Some(batch) = batches.take() {
        let _ = sender.blocking_send(Ok(batch));
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
