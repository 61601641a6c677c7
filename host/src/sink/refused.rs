//! Events that the other side of a sink refuses for good: to the dead letter, one line each.
//!
//! ```json
//! {"error":{"stage":"sink","reason":"refused","detail":"400 ..","retryable":false},"sink":"siem","route":"ddl","event":{..}}
//! ```
//! The event is the very line that was refused; `jq -c .event` gives the lines back.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::SinkContext;
use crate::runner::{Ack, Lines};

#[derive(Serialize)]
struct Line<'a> {
    error: Reason<'a>,
    sink: &'a str,
    route: &'a str,
    event: &'a RawValue,
}

#[derive(Serialize)]
struct Reason<'a> {
    stage: &'static str,
    reason: &'static str,
    detail: &'a str,
    retryable: bool,
}

impl SinkContext {
    /// Hands refused lines to the dead letter, with the acknowledgement: they are accepted when the dead letter has them,
    /// never where there is none.
    /// `refused`: whole lines out of `lines`, with their ends; `why`: for people, no payload.
    pub(crate) async fn refuse(&self, lines: &Lines, refused: &str, why: &str, ack: Ack) {
        let mut text = String::new();
        let mut events = 0;
        for event in refused.lines() {
            // The decoder writes nothing but JSON objects on lines.
            let Ok(event) = serde_json::from_str::<&RawValue>(event) else { continue };
            let error = Reason { stage: "sink", reason: "refused", detail: why, retryable: false };
            let line = Line { error, sink: &self.name, route: &lines.route, event };
            text += &serde_json::to_string(&line).unwrap_or_default();
            text.push('\n');
            events += 1;
        }
        match self.dead_letter {
            Some(_) => tracing::warn!(sink = %self.name, events, why, "events were refused and go to the dead letter"),
            None => tracing::error!(sink = %self.name, events, why, "events were refused, and nobody else takes them"),
        }
        self.metrics.sink_refused(&self.name, events.into());
        let resource = lines.resource.clone();
        if let Some(dead_letter) = &self.dead_letter {
            let lines = Lines { route: "refused".to_owned(), text, events, resource };
            dead_letter.put(Arc::new(lines), ack).await;
        }
    }
}
