//! A source's way into the program.

use std::sync::Arc;

use super::flow::Flow;
use super::lane::{Lane, Patience};
use crate::Decoder;
use crate::metrics::Metrics;
use crate::workers::Line;

/// What a running source works with. Clones are the same.
#[derive(Clone)]
pub(crate) struct Intake {
    pub(super) flow: Arc<Flow>,
    pub(super) source: Arc<str>,
    pub(super) decoder: Decoder,
}

impl Intake {
    /// A new ordered stream of records.
    pub(crate) fn lane(&self, patience: Patience) -> Lane {
        Lane::open(&self.flow, &self.source, self.decoder.clone(), patience)
    }

    /// Waits until the run is told to end: then nothing more is to be read.
    pub(crate) async fn stopped(&self) {
        self.flow.stopped().await;
    }

    /// Decodes batches in order with the workers of all, for answers that go back to the sender.
    pub(crate) fn line(&self) -> Line {
        Line::new(self.decoder.clone(), Arc::clone(&self.flow.workers))
    }

    /// Whether any sink takes what the lanes deliver: where the answer carries the events, none needs to.
    pub(crate) fn has_sinks(&self) -> bool {
        self.flow.has_sinks()
    }

    /// The counters.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.flow.metrics
    }

    /// The source's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.source
    }

    /// What decodes this source's records, with its keys: for answers that go back to the sender.
    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}
