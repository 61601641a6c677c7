//! `POST /decode`: the events of the body's records, and what failed; the sinks see nothing of it.
//!
//! As NDJSON, the default: the events' lines, and in the place of a record that failed its dead-letter line
//! (`{"index":7,"error":{..},"record":..}`, see [`crate::dead_letter`]), so that nothing is lost on the way back. With
//! `Accept: application/json` one verdict for each record:
//! ```json
//! {"verdicts":[
//!   {"index":0,"kept":2,"dropped":0,"heartbeats":0,"outputs":[{"route":"default","events":[{..},{..}]}]},
//!   {"index":1,"error":{"stage":"message","reason":"not-authentic","detail":"..","retryable":false},"record":{..}}]}
//! ```
//! Both have the headers `dastap-records` = `dastap-decoded` + `dastap-failed`, and `dastap-events`. If a record fails
//! only for now, the whole answer is 503: nothing was done that sending all of it again would do twice.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::body::Incoming;
use super::memory::Held;
use super::{Problem, Shared};
use crate::record::Batch;
use crate::{Decoded, Failure, Verdict, dead_letter};

/// Answers a request.
pub(super) async fn decode(State(shared): State<Shared>, request: Request) -> Response {
    let Ok(_permit) = shared.requests.clone().try_acquire_owned() else { return Problem::Full.answer(0) };
    let (head, body) = request.into_parts();
    let batches = shared.resource(&head.uri, &head.headers).and_then(|resource| {
        Ok(Incoming::start(body, &head.headers, &shared.settings, &shared.memory)?.batches(resource))
    });
    let answer = Answer::new(wants_verdicts(&head.headers), shared.memory.hold());
    let made = match batches {
        Err(problem) => Err(problem),
        Ok(batches) => {
            match tokio::time::timeout(shared.settings.answer_timeout.0, answer.make(&shared, batches)).await {
                Ok(made) => made,
                Err(_) => Err(Problem::NotNow("the answer was not ready within answer-timeout".to_owned())),
            }
        }
    };
    made.map_or_else(|problem| problem.answer(0), Answer::into_response)
}

fn wants_verdicts(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let types = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    types.into_iter().any(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// The answer in the making. Its bytes count as the requests' memory until they are sent.
struct Answer {
    verdicts: bool,
    text: Vec<u8>,
    held: Held,
    decoded: u64,
    failed: u64,
    events: u64,
}

#[derive(Serialize)]
struct DecodedLine<'a> {
    index: u64,
    kept: u32,
    dropped: u32,
    heartbeats: u32,
    outputs: Vec<OutputLine<'a>>,
}

#[derive(Serialize)]
struct OutputLine<'a> {
    route: &'a str,
    events: Vec<&'a RawValue>,
}

impl Answer {
    fn new(verdicts: bool, held: Held) -> Self {
        let text = if verdicts { b"{\"verdicts\":[\n".to_vec() } else { vec![] };
        Answer { verdicts, text, held, decoded: 0, failed: 0, events: 0 }
    }

    async fn make(
        mut self,
        shared: &Shared,
        mut batches: mpsc::Receiver<Result<Batch, Problem>>,
    ) -> Result<Self, Problem> {
        let (decoder, metrics, source) = (shared.intake.decoder(), shared.intake.metrics(), shared.intake.name());
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            metrics.received(source, batch.len(), batch.bytes);
            let verdicts = decoder.decode(&batch.texts, batch.resource.as_deref()).await;
            let decoded_before = self.decoded;
            for (index, record, verdict) in in_order(&batch, verdicts) {
                match verdict {
                    Verdict::Decoded(decoded) => self.add_decoded(index, &decoded)?,
                    Verdict::Failed(failure) if failure.retryable => return Err(Problem::NotNow(failure.to_string())),
                    Verdict::Failed(failure) => {
                        metrics.failed(source, &failure);
                        self.add_failed(index, &failure, batch.resource.as_deref(), record)?;
                    }
                }
            }
            metrics.decoded(source, self.decoded - decoded_before);
            metrics.counted(&decoder.counts());
        }
        Ok(self)
    }

    fn add_decoded(&mut self, index: u64, decoded: &Decoded) -> Result<(), Problem> {
        let bytes: usize = decoded.outputs.iter().map(|output| output.lines.len()).sum();
        self.grow(bytes)?;
        self.decoded += 1;
        self.events += u64::from(decoded.kept);
        if !self.verdicts {
            for output in &decoded.outputs {
                self.text.extend_from_slice(output.lines.as_bytes());
            }
            return Ok(());
        }
        // The decoder writes nothing but JSON objects on lines.
        let outputs = decoded.outputs.iter().map(|output| {
            let events = output.lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            OutputLine { route: &output.route, events }
        });
        let outputs = outputs.collect();
        let Decoded { kept, dropped, heartbeats, .. } = *decoded;
        self.separate();
        let line = DecodedLine { index, kept, dropped, heartbeats, outputs };
        serde_json::to_writer(&mut self.text, &line).map_err(|error| Problem::NotNow(error.to_string()))
    }

    fn add_failed(
        &mut self,
        index: u64,
        failure: &Failure,
        resource: Option<&str>,
        record: &[u8],
    ) -> Result<(), Problem> {
        // As base64 in the worst case.
        self.grow(record.len() / 3 * 4)?;
        self.failed += 1;
        if self.verdicts {
            self.separate();
        }
        // Writing into memory cannot fail.
        let _ = dead_letter::write_line(&mut self.text, index, failure, resource, record);
        Ok(())
    }

    /// Makes room for so many more bytes and what stands around them.
    fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        self.held.grow_to(2 * (self.text.len() + bytes + 1024))
    }

    /// A comma in front of every verdict but the first.
    fn separate(&mut self) {
        if self.decoded + self.failed > 1 {
            self.text.push(b',');
        }
    }

    fn into_response(mut self) -> Response {
        let kind = if self.verdicts { "application/json" } else { "application/x-ndjson" };
        if self.verdicts {
            self.text.extend_from_slice(b"]}\n");
        }
        let Answer { decoded, failed, events, .. } = self;
        let mut answer = ([(header::CONTENT_TYPE, kind)], Bytes::from_owner(self)).into_response();
        for (name, value) in [
            ("dastap-records", decoded + failed),
            ("dastap-decoded", decoded),
            ("dastap-failed", failed),
            ("dastap-events", events),
        ] {
            answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
        answer
    }
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// Every record of a batch with its place in the body and its verdict, those that no decoder had to see among them.
fn in_order(batch: &Batch, verdicts: Vec<Verdict>) -> impl Iterator<Item = (u64, &[u8], Verdict)> {
    let (mut refused, mut judged) = (batch.refused.iter().peekable(), batch.texts.iter().zip(verdicts));
    (0..batch.len()).filter_map(move |place| {
        let index = batch.first + place as u64;
        match refused.next_if(|(refused, ..)| *refused == place) {
            Some((_, bytes, why)) => Some((index, bytes.as_slice(), Verdict::Failed((*why).into()))),
            None => judged.next().map(|(text, verdict)| (index, text.as_bytes(), verdict)),
        }
    })
}
