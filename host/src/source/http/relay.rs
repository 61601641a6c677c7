//! `POST /relay`: 200 `{"records":n}` when the sinks have accepted what was made of the body's records; failed records
//! count as accepted when the dead letter has them.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::body::Incoming;
use super::deliver::deliver;
use super::{Problem, Shared};

/// Answers a request.
pub(super) async fn relay(State(shared): State<Shared>, request: Request) -> Response {
    let Ok(_permit) = shared.requests.clone().try_acquire_owned() else { return Problem::Full.answer(0) };
    let (head, body) = request.into_parts();
    let batches = shared.resource(&head.uri, &head.headers).and_then(|resource| {
        Ok(Incoming::start(body, &head.headers, &shared.settings, &shared.memory)?.batches(resource))
    });
    match batches {
        Err(problem) => problem.answer(0),
        Ok(batches) => match deliver(&shared, batches).await {
            Ok(records) => {
                ([(header::CONTENT_TYPE, "application/json")], format!("{{\"records\":{records}}}")).into_response()
            }
            Err(undelivered) => undelivered.problem.answer(undelivered.accepted),
        },
    }
}
