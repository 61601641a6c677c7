//! Source `http`: records that others post.
//!
//! | route | answer |
//! |---|---|
//! | `POST /decode` | the events of the records in the body, and what failed: nothing goes to the sinks |
//! | `POST /relay` | 200 when the sinks have accepted what was made of the body |
//! | `POST /firehose` | the same in the protocol of Amazon Data Firehose's HTTP endpoints |
//! | `GET /healthz`, `GET /metrics` | alive, and the counters |
//!
//! `/decode` and `/relay` read every form that `dastap decode` reads: NDJSON, records back to back, Kinesis, Lambda and
//! Firehose events, dead-letter lines, gzip of any of them. The stream that records belong to is told by the carrier,
//! else by `?resource=`, else by the header `dastap-resource`, else by the setting `resource`.
//!
//! | status | means |
//! |---|---|
//! | 200 | all records are decoded or kept as failed |
//! | 400, 413, 415 | the body cannot be read to its end; the same body will fail again |
//! | 401 | the token or access key is missing or wrong |
//! | 408 | the body came too slowly |
//! | 503 and `Retry-After` | not now (no data keys, sinks not accepting, too many requests, shutting down): send it again |
//!
//! An error's body is `{"error":"..","accepted":n}`: the first `n` records were accepted by the sinks; the others may come
//! again. Delivery is at least once: whoever sends a body again sends all of it.

mod access;
mod body;
mod decode;
mod deliver;
mod firehose;
mod memory;
mod problem;
mod relay;
mod serve;
mod settings;

use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use tokio::sync::Semaphore;

use crate::record::resource_id;
use crate::runner::Intake;
use access::Key;
use memory::Memory;
use problem::Problem;
pub(crate) use settings::Settings;

/// What all requests share.
#[derive(Clone)]
struct Shared {
    intake: Intake,
    settings: Arc<Settings>,
    token: Option<Arc<Key>>,
    access_key: Option<Arc<Key>>,
    /// Requests that may still begin.
    requests: Arc<Semaphore>,
    memory: Memory,
}

impl Shared {
    /// The stream that the request says its records belong to.
    fn resource(&self, uri: &Uri, headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
        let query = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("resource="));
        let header = || headers.get("dastap-resource").map(|value| value.to_str().unwrap_or_default());
        match query.or_else(header) {
            None => Ok(self.settings.resource.as_deref().and_then(resource_id).map(Arc::from)),
            Some(name) => match resource_id(name) {
                Some(id) => Ok(Some(id.into())),
                None => Err(Problem::Unusable(
                    "resource: expected cluster-..., db-..., or the name or ARN of an activity stream".to_owned(),
                )),
            },
        }
    }
}
