//! Sink `http`: events to a log service, posted in batches.
//!
//! | `format` | body of a request | service |
//! |---|---|---|
//! | `ndjson` | one event a line | Vector `http_server`, Fluent Bit, Logstash, anything |
//! | `json` | an array of events | the same |
//! | `splunk` | `{"time":..,"sourcetype":..,"event":..}` for each | Splunk HTTP Event Collector |
//! | `elasticsearch` | an action line and the event for each | Elasticsearch and OpenSearch `_bulk` |
//! | `otlp` | `ExportLogsServiceRequest` as JSON | OpenTelemetry Collector and all that speak OTLP/HTTP |
//! | `template` | what the settings say: see [`template`] | any other that takes JSON: Datadog, Loki, New Relic, Sumo Logic |
//!
//! What the answer does to the events of a request:
//!
//! | answer | events |
//! |---|---|
//! | 2xx | accepted; `elasticsearch` and `otlp` answer for each event or for a number of them |
//! | 413, or 400, 409, 411, 414, 416, 422, 424, 431 | sent again in halves, until the refused ones are alone: those go to the dead letter |
//! | anything else: 408, 429, 5xx, no answer | tried again with pauses, or after `Retry-After`, for ever |
//! | among them 401, 403, 404, 405, 415 and redirects | the same, with an error in the log: a setting is wrong, and no event's fault |
//!
//! A repeated or halved request may deliver events again that the service had taken before it refused the rest. Where
//! events have ids (`eventId`), `elasticsearch` recognises them.

mod answer;
mod client;
mod elasticsearch;
mod event;
mod format;
mod otlp;
mod send;
mod settings;
mod splunk;
mod template;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use async_trait::async_trait;

use super::{Flush, Sink, SinkContext, SinkError};
use crate::runner::Item;
use event::Event;
use send::Sender;
pub(crate) use settings::Settings;

/// The sink, ready to send.
struct Http {
    context: SinkContext,
    sender: Sender,
    batch: settings::Batch,
    waiting: VecDeque<Waiting>,
    /// Of what waits: events and bytes that were not sent yet.
    events: usize,
    bytes: usize,
    since: Option<Instant>,
}

/// An item of which some lines were not sent yet.
struct Waiting {
    item: Item,
    /// Where the first of them begins.
    from: usize,
    /// The lines that were refused for good, with the reason.
    refused: Vec<(std::ops::Range<usize>, String)>,
}

#[async_trait]
impl Sink for Http {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        self.events += item.lines.events as usize;
        self.bytes += item.lines.text.len();
        self.since.get_or_insert_with(Instant::now);
        self.waiting.push_back(Waiting { item, from: 0, refused: vec![] });
        while self.events >= self.batch.events || self.bytes >= self.batch.bytes.0 {
            self.send_one().await;
        }
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + self.batch.linger.0)
    }

    async fn flush(&mut self, _what: Flush) -> Result<(), SinkError> {
        while !self.waiting.is_empty() {
            self.send_one().await;
        }
        Ok(())
    }
}

impl Http {
    /// Sends the next batch until its fate is known, and settles what is complete.
    async fn send_one(&mut self) {
        let (mut batch, mut places, mut bytes) = (vec![], vec![], 0);
        'full: for (place, waiting) in self.waiting.iter().enumerate() {
            let lines = &waiting.item.lines;
            let mut begin = waiting.from;
            for line in lines.text.get(begin..).unwrap_or_default().split_inclusive('\n') {
                // One event always goes, however large it is.
                if batch.len() == self.batch.events || !batch.is_empty() && bytes + line.len() > self.batch.bytes.0 {
                    break 'full;
                }
                bytes += line.len();
                batch.push(Event::new(line.trim_end_matches('\n'), lines));
                places.push((place, begin..begin + line.len()));
                begin += line.len();
            }
        }
        let fates = self.sender.send(&batch).await;
        drop(batch);
        self.events = self.events.saturating_sub(places.len());
        self.bytes -= bytes.min(self.bytes);
        for ((place, range), refused) in places.into_iter().zip(fates) {
            let Some(waiting) = self.waiting.get_mut(place) else { continue };
            waiting.from = range.end;
            if let Some(why) = refused {
                waiting.refused.push((range, why));
            }
        }
        while let Some(first) = self.waiting.pop_front_if(|first| first.from >= first.item.lines.text.len()) {
            self.settle(first).await;
        }
        if self.waiting.is_empty() {
            (self.events, self.bytes, self.since) = (0, 0, None);
        } else {
            self.since = Some(Instant::now());
        }
    }

    /// Accepts an item, except for what was refused of it: the dead letter does that.
    async fn settle(&self, Waiting { item, refused, .. }: Waiting) {
        let Item { lines, mut ack, room } = item;
        let mut by_reason: BTreeMap<String, (u64, String)> = BTreeMap::new();
        for (range, why) in refused {
            let (events, text) = by_reason.entry(why).or_default();
            *events += 1;
            *text += lines.text.get(range).unwrap_or_default();
        }
        for (why, (events, text)) in by_reason {
            self.context.refuse(&lines, &text, &why, ack.part(events, text.len())).await;
        }
        ack.accept();
        drop(room);
    }
}
