//! What is made of a part of a batch, collected by route.

use std::sync::Arc;

use super::flow::Flow;
use super::queue::Lines;
use super::receipt::Settlement;
use crate::{Failure, Verdict, dead_letter};

/// The events by route, and the failures as lines of the dead letter.
pub(super) struct Outgoing {
    lines: Vec<Lines>,
    failed: Vec<u8>,
    failures: u32,
    /// Records among it that did not fail.
    pub(super) decoded: u64,
    resource: Option<Arc<str>>,
}

impl Outgoing {
    pub(super) fn new(resource: Option<Arc<str>>) -> Self {
        Outgoing { lines: vec![], failed: vec![], failures: 0, decoded: 0, resource }
    }

    /// The verdict on one record; `index`: its place in the stream, for the dead letter.
    pub(super) fn add(&mut self, index: u64, record: &[u8], verdict: Verdict, mut on_failure: impl FnMut(&Failure)) {
        match verdict {
            Verdict::Decoded(decoded) => {
                self.decoded += 1;
                for output in decoded.outputs {
                    match self.lines.iter_mut().find(|lines| lines.route == output.route) {
                        Some(lines) => {
                            lines.text.push_str(&output.lines);
                            lines.events += output.events;
                        }
                        None => self.lines.push(Lines {
                            route: output.route,
                            text: output.lines,
                            events: output.events,
                            resource: self.resource.clone(),
                        }),
                    }
                }
            }
            Verdict::Failed(failure) => {
                on_failure(&failure);
                // Writing into memory cannot fail.
                let _ = dead_letter::write_line(&mut self.failed, index, &failure, self.resource.as_deref(), record);
                self.failures += 1;
            }
        }
    }

    /// Hands it over: to the sinks, and to the dead letter.
    pub(super) async fn put(self, flow: &Flow, settlement: &Arc<Settlement>) {
        for lines in self.lines {
            flow.put(Arc::new(lines), settlement).await;
        }
        if let Some(dead_letter) = flow.dead_letter.as_ref().filter(|_| self.failures > 0) {
            let text = String::from_utf8_lossy(&self.failed).into_owned();
            let lines = Lines { route: "failed".to_owned(), text, events: self.failures, resource: self.resource };
            dead_letter.put(Arc::new(lines), settlement.ack()).await;
        }
    }
}
