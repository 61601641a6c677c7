//! The settings of the sink `http`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use dastap_guest::settings::Size;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::IntoDeserializer};
use serde_json::Value;

use super::client::Client;
use super::format::{Encoder, Format};
use super::send::Sender;
use super::template::{Template, Texts};
use super::{Http, elasticsearch, splunk};
use crate::config::{SecretPlace, Time};
use crate::sink::{Sink, SinkContext, SinkSettings};

/// The settings of the sink `http`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Where to post, http or https. Without a path, the usual one of the format. Required.
    pub(super) url: String,
    /// How events stand in a request: ndjson, json, splunk, elasticsearch, otlp, template.
    /// Default: ndjson.
    pub(super) format: Format,
    /// The secret of `Authorization`, behind the format's word: Bearer, Splunk, ApiKey. Default: none.
    pub(super) token: Option<SecretPlace>,
    /// Further headers: a text, or the place of a secret. Default: none.
    pub(super) headers: BTreeMap<String, HeaderSource>,
    /// none or gzip. Default: none.
    pub(super) compression: Compression,
    /// What makes a request full.
    pub(super) batch: Batch,
    /// How long an answer may take, 1s to 10m. Default: 30s.
    pub(super) timeout: Time,
    /// Certificates to trust beside those of the system, PEM. Default: none.
    pub(super) ca_file: Option<PathBuf>,
    /// `elasticsearch`: the index, of text and {route}, {date}, {month}, {cluster}, {instance}. Default: dastap-{date}.
    pub(super) index: Option<String>,
    /// `splunk`: the sourcetype. Default: aws:rds:das.
    pub(super) sourcetype: Option<String>,
    /// `template`: the JSON of one event, with names in braces such as {event}, at most 8 KiB; required there.
    pub(super) template: Option<String>,
    /// `template`: what stands before the first event of a request. Default: nothing.
    pub(super) prefix: Option<String>,
    /// `template`: what stands between two events. Default: a line end.
    pub(super) separator: Option<String>,
    /// `template`: what stands behind the last event. Default: nothing.
    pub(super) suffix: Option<String>,
    /// `template`: the media type. Default: application/json.
    pub(super) content_type: Option<String>,
}

/// The setting `batch`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Batch {
    /// Most events in a request, 1 to 100000. Default: 1000.
    pub(super) events: usize,
    /// Most bytes of events in a request, before compression, 1 KiB to 64 MiB; a larger event goes alone. Default: 768 KiB,
    /// what every service takes.
    pub(super) bytes: Size,
    /// How long events wait for others, 0s to 10m; not while nothing more can come. Default: 1s.
    pub(super) linger: Time,
}

/// The value of a header.
#[derive(Debug, Clone)]
pub(super) enum HeaderSource {
    Text(String),
    Secret(SecretPlace),
}

/// The setting `compression`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Compression {
    #[default]
    None,
    Gzip,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            url: String::new(),
            format: Format::default(),
            token: None,
            headers: BTreeMap::new(),
            compression: Compression::default(),
            batch: Batch::default(),
            timeout: Time(Duration::from_secs(30)),
            ca_file: None,
            index: None,
            sourcetype: None,
            template: None,
            prefix: None,
            separator: None,
            suffix: None,
            content_type: None,
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Batch { events: 1000, bytes: Size(768 << 10), linger: Time(Duration::from_secs(1)) }
    }
}

impl Compression {
    pub(super) fn is_gzip(self) -> bool {
        self == Compression::Gzip
    }
}

#[async_trait]
impl SinkSettings for Settings {
    fn check(&self) -> Result<(), String> {
        self.url()?;
        self.encoder()?;
        self.content_type()?;
        let Batch { events, bytes: Size(bytes), linger } = self.batch;
        if !(1..=100_000).contains(&events) {
            return Err(format!("batch.events: expected 1 to 100000, found {events}"));
        }
        if !(1 << 10..=64 << 20).contains(&bytes) {
            return Err(format!("batch.bytes: expected 1KiB to 64MiB, found {bytes} bytes"));
        }
        linger.within("batch.linger", Time::seconds(0)..=Time::seconds(600))?;
        self.timeout.within("timeout", Time::seconds(1)..=Time::seconds(600))?;
        for (name, format, found) in [
            ("index", Format::Elasticsearch, &self.index),
            ("sourcetype", Format::Splunk, &self.sourcetype),
            ("template", Format::Template, &self.template),
            ("prefix", Format::Template, &self.prefix),
            ("separator", Format::Template, &self.separator),
            ("suffix", Format::Template, &self.suffix),
            ("content-type", Format::Template, &self.content_type),
        ] {
            if found.is_some() && self.format != format {
                return Err(
                    format!("{name}: expected only with format {format:?}, found {:?}", self.format).to_lowercase()
                );
            }
        }
        let is_authorization = |name: &&String| name.eq_ignore_ascii_case("authorization");
        match self.headers.keys().find(is_authorization) {
            Some(_) if self.token.is_some() => Err("headers: expected no Authorization beside `token`".to_owned()),
            Some(name) if matches!(self.headers.get(name), Some(HeaderSource::Text(_))) => {
                Err(format!("headers.{name}: expected {{ file: PATH }} or {{ env: NAME }}, where the secret is"))
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> String {
        let mut url = self.url().map_or_else(
            |_| self.url.clone(),
            |mut url| {
                // It may hold a secret.
                url.set_query(None);
                url.to_string()
            },
        );
        if self.compression.is_gzip() {
            url += " (gzip)";
        }
        format!("{url} as {:?}", self.format).to_lowercase()
    }

    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String> {
        let url = self.url()?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if url.scheme() == "http" && !is_loopback {
            tracing::warn!(sink = %context.name, host, "events and token travel unencrypted: use https");
        }
        let sender = Sender::new(&context, Client::open(self)?, self.encoder()?);
        Ok(Box::new(Http {
            context,
            sender,
            batch: self.batch,
            waiting: Default::default(),
            events: 0,
            bytes: 0,
            since: None,
        }))
    }
}

impl Settings {
    /// The URL that is posted to.
    ///
    /// # Errors
    /// It is none, or holds a password.
    pub(super) fn url(&self) -> Result<Url, String> {
        let expected = "url: expected such as https://logs.example.com/ingest";
        let mut url = Url::parse(&self.url).map_err(|error| format!("{expected}: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("{expected}, found the scheme {}", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("url: expected no user and password in it; use `token` or `headers`".to_owned());
        }
        if url.path() == "/" {
            url.set_path(self.format.path());
        }
        if self.format == Format::Elasticsearch {
            let (name, value) = elasticsearch::FILTER;
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url)
    }

    /// The media type of a body.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn content_type(&self) -> Result<HeaderValue, String> {
        let kind = self.content_type.as_deref().unwrap_or(self.format.content_type());
        let expected = || format!("content-type: expected one such as application/json, found \"{kind}\"");
        HeaderValue::from_str(kind).ok().filter(|_| kind.contains('/')).ok_or_else(expected)
    }

    fn template(&self) -> Result<Template, String> {
        let (prefix, suffix) = (self.prefix.as_deref().unwrap_or_default(), self.suffix.as_deref().unwrap_or_default());
        let separator = self.separator.as_deref().unwrap_or("\n");
        let template = self.template.as_deref().ok_or(
            "template: expected the JSON of an event, such as {\"message\": {event}}, with the format template, found none",
        )?;
        Template::read(Texts { prefix, template, separator, suffix })
    }

    fn encoder(&self) -> Result<Encoder, String> {
        let text = |setting: &Option<String>, default: &str| setting.clone().unwrap_or_else(|| default.to_owned());
        Ok(match self.format {
            Format::Ndjson => Encoder::Template(Template::of_events("", "\n", "\n")),
            Format::Json => Encoder::Template(Template::of_events("[", ",", "]")),
            Format::Template => Encoder::Template(self.template()?),
            Format::Otlp => Encoder::Otlp,
            Format::Splunk => Encoder::Splunk(splunk::Encoder { sourcetype: text(&self.sourcetype, "aws:rds:das") }),
            Format::Elasticsearch => {
                Encoder::Elasticsearch(elasticsearch::Encoder::new(&text(&self.index, "dastap-{date}"))?)
            }
        })
    }
}

impl<'de> Deserialize<'de> for HeaderSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(HeaderSource::Text(text)),
            other => {
                SecretPlace::deserialize(other.into_deserializer()).map(HeaderSource::Secret).map_err(D::Error::custom)
            }
        }
    }
}

#[cfg(test)]
mod tests;
