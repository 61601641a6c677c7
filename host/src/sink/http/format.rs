//! The formats, each a pair: events to a body, an answer to the fates of these events.

use serde::Deserialize;

use super::answer::{Answer, Judgement};
use super::event::Event;
use super::template::Template;
use super::{elasticsearch, otlp, splunk};

/// How events stand in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    #[default]
    Ndjson,
    Json,
    Splunk,
    Elasticsearch,
    Otlp,
    Template,
}

/// A format with what it needs to know.
#[derive(Debug)]
pub(super) enum Encoder {
    /// `ndjson` and `json` too.
    Template(Template),
    Splunk(splunk::Encoder),
    Elasticsearch(elasticsearch::Encoder),
    Otlp,
}

impl Format {
    /// The media type of a body, where no setting says another.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Ndjson | Format::Elasticsearch => "application/x-ndjson",
            Format::Json | Format::Splunk | Format::Otlp | Format::Template => "application/json",
        }
    }

    /// The path at which such a service listens, where the URL has none.
    pub(super) fn path(self) -> &'static str {
        match self {
            Format::Ndjson | Format::Json | Format::Template => "/",
            Format::Splunk => "/services/collector/event",
            Format::Elasticsearch => "/_bulk",
            Format::Otlp => "/v1/logs",
        }
    }

    /// What stands before the token in `Authorization`.
    pub(super) fn authorization(self) -> &'static str {
        match self {
            Format::Splunk => "Splunk ",
            Format::Elasticsearch => "ApiKey ",
            Format::Ndjson | Format::Json | Format::Otlp | Format::Template => "Bearer ",
        }
    }
}

impl Encoder {
    /// The body of a request.
    pub(super) fn encode(&self, events: &[Event<'_>]) -> Vec<u8> {
        // A little more than the lines themselves.
        let size: usize = events.iter().map(|event| event.line.len() + event.line.len() / 8 + 200).sum();
        let mut body = Vec::with_capacity(size);
        match self {
            Encoder::Template(template) => template.encode(events, &mut body),
            Encoder::Splunk(encoder) => encoder.encode(events, &mut body),
            Encoder::Elasticsearch(encoder) => encoder.encode(events, &mut body),
            Encoder::Otlp => otlp::encode(events, &mut body),
        }
        body
    }

    /// What the answer says of these events.
    pub(super) fn judge(&self, answer: &Answer, events: usize) -> Judgement {
        match (self, answer.judgement()) {
            (Encoder::Elasticsearch(_), Judgement::Accepted) => elasticsearch::judge(&answer.body, events),
            (Encoder::Otlp, Judgement::Accepted) => otlp::judge(&answer.body),
            (Encoder::Splunk(_), judgement) => splunk::judge(answer, judgement),
            (_, judgement) => judgement,
        }
    }
}
