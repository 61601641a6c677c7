//! One request to the service: settings in, answer out.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Url};

use super::answer::{Answer, retry_after};
use super::settings::{HeaderSource, Settings};
use crate::config::SecretPlace;

/// TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(10);

/// The most that is read of an answer, in bytes: Elasticsearch answers with some hundred for each event.
const ANSWER: usize = 8 << 20;

/// Posts bodies to one URL.
pub(super) struct Client {
    client: reqwest::Client,
    url: Url,
    content_type: HeaderValue,
    gzip: bool,
}

impl Client {
    /// Reads secrets and certificates. Connects nowhere yet.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn open(settings: &Settings) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (name, source) in &settings.headers {
            let value = match source {
                HeaderSource::Text(text) => HeaderValue::from_str(text),
                HeaderSource::Secret(place) => secret(&format!("headers.{name}"), "", place)?,
            };
            let value = value.map_err(|_| format!("headers.{name}: expected a value of visible ASCII"))?;
            let key = HeaderName::from_bytes(name.as_bytes());
            headers
                .insert(key.map_err(|_| format!("headers: expected the name of a header, found \"{name}\""))?, value);
        }
        if let Some(place) = &settings.token {
            let value = secret("token", settings.format.authorization(), place)?;
            headers.insert(AUTHORIZATION, value.map_err(|_| format!("token: expected visible ASCII in {place}"))?);
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("dastap/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(settings.timeout.0)
            // A redirect of a POST would lose its body, and take the token elsewhere.
            .redirect(Policy::none());
        if let Some(file) = &settings.ca_file {
            let cannot = |error: String| format!("ca-file: {}: {error}", file.display());
            let pem = std::fs::read(file).map_err(|error| cannot(error.to_string()))?;
            let roots = Certificate::from_pem_bundle(&pem).map_err(|error| cannot(error.to_string()))?;
            if roots.is_empty() {
                return Err(cannot("expected certificates in PEM, found none".to_owned()));
            }
            builder = builder.tls_certs_merge(roots);
        }
        Ok(Client {
            client: builder.build().map_err(|error| format!("cannot make an HTTP client: {error}"))?,
            url: settings.url()?,
            content_type: settings.content_type()?,
            gzip: settings.compression.is_gzip(),
        })
    }

    /// Makes the body as it is sent.
    pub(super) fn packed(&self, body: Vec<u8>) -> Vec<u8> {
        if !self.gzip {
            return body;
        }
        let mut packed = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        // Writing into memory cannot fail; if it did, the service would refuse half a stream.
        let _ = packed.write_all(&body);
        packed.finish().unwrap_or_default()
    }

    /// Posts a packed body.
    ///
    /// # Errors
    /// There was no answer: why, for people.
    pub(super) async fn post(&self, body: bytes::Bytes) -> Result<Answer, String> {
        // The URL may hold a secret.
        let in_words = |error: reqwest::Error| chain(&error.without_url());
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, &self.content_type);
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let mut answer = request.body(body).send().await.map_err(in_words)?;
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = after.and_then(|value| retry_after(value, Timestamp::now()));
        let (status, mut body) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(in_words)? {
            if body.len() + chunk.len() > ANSWER {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after, body })
    }
}

type HeaderResult = Result<HeaderValue, reqwest::header::InvalidHeaderValue>;

/// A header out of a scheme and a secret; never shown.
fn secret(setting: &str, scheme: &str, place: &SecretPlace) -> Result<HeaderResult, String> {
    let secret = place.read().map_err(|problem| format!("{setting}: {problem}"))?;
    Ok(HeaderValue::from_bytes(&[scheme.as_bytes(), secret.expose()].concat()).map(|mut value| {
        value.set_sensitive(true);
        value
    }))
}

/// An error with its causes: the first alone says no more than that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
