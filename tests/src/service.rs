//! A log service of the outside world that fails as it is told, and a client for the program's own routes: see
//! `peer/service.py`.

use std::ffi::OsStr;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::peer::Peer;

/// The service and the client.
pub struct Service {
    peer: Peer,
    /// Its URL, without a path.
    pub endpoint: String,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status; 0 when there was no answer.
    pub status: u64,
    /// By names in lower case.
    pub headers: Value,
    /// The text.
    pub body: String,
}

impl Service {
    /// Without TLS.
    pub fn start() -> Self {
        Service::of(Peer::start("service.py", &[]))
    }

    /// With TLS, under the certificate `ca.pem` that it makes in this folder, with its key `key.pem`.
    pub fn with_tls(folder: &Path) -> Self {
        Service::of(Peer::start("service.py", &[OsStr::new("tls"), folder.as_os_str()]))
    }

    fn of(mut peer: Peer) -> Self {
        let endpoint = peer.answer()["endpoint"].as_str().expect("a URL").to_owned();
        Service { peer, endpoint }
    }

    /// What it does from now on.
    pub fn behave(&mut self, format: &str, steps: Value, poison: &[String]) {
        self.peer.ask(&json!({ "do": "behave", "format": format, "steps": steps, "poison": poison }));
    }

    /// Requests wait until [`Self::release`].
    pub fn hold(&mut self) {
        self.peer.ask(&json!({ "do": "hold" }));
    }

    /// Requests go on.
    pub fn release(&mut self) {
        self.peer.ask(&json!({ "do": "release" }));
    }

    /// Nobody listens any more, and requests under way are cut, until [`Self::open`].
    pub fn close(&mut self) {
        self.peer.ask(&json!({ "do": "close" }));
    }

    /// It is back.
    pub fn open(&mut self) {
        self.peer.ask(&json!({ "do": "open" }));
    }

    /// From now on each request takes so many seconds longer.
    pub fn delay(&mut self, seconds: f64) {
        self.peer.ask(&json!({ "do": "delay", "seconds": seconds }));
    }

    /// How many different events it has accepted.
    pub fn count(&mut self) -> usize {
        self.peer.ask(&json!({ "do": "count" }))["accepted"].as_u64().expect("a number") as usize
    }

    /// The events that it has accepted.
    pub fn accepted(&mut self) -> Vec<Value> {
        let texts = self.accepted_texts();
        texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
    }

    /// The same, as they came.
    pub fn accepted_texts(&mut self) -> Vec<String> {
        let Value::Array(texts) = self.peer.ask(&json!({ "do": "received" }))["accepted"].take() else {
            panic!("a list")
        };
        let text = |text| if let Value::String(text) = text { text } else { panic!("a text") };
        texts.into_iter().map(text).collect()
    }

    /// The requests that it has seen: path, headers, status, time in seconds.
    pub fn requests(&mut self) -> Vec<Value> {
        let Value::Array(requests) = self.peer.ask(&json!({ "do": "received" }))["requests"].take() else {
            panic!("a list")
        };
        requests
    }

    /// Posts a body somewhere.
    pub fn post(&mut self, url: &str, headers: Value, body: impl AsRef<[u8]>) -> Answer {
        self.request(url, headers, Some(body.as_ref()), None)
    }

    /// Gets something.
    pub fn get(&mut self, url: &str, headers: Value) -> Answer {
        self.request(url, headers, None, None)
    }

    /// Posts (or gets, without a body), trusting this certificate alone.
    pub fn request(&mut self, url: &str, headers: Value, body: Option<&[u8]>, ca: Option<&Path>) -> Answer {
        let body = body.map(|body| BASE64_STANDARD.encode(body));
        let asked = json!({ "do": "post", "url": url, "headers": headers, "body": body, "ca": ca });
        let mut answer = self.peer.ask(&asked);
        Answer {
            status: answer["status"].as_u64().expect("a status"),
            headers: answer["headers"].take(),
            body: answer["body"].as_str().expect("a text").to_owned(),
        }
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
