//! Who waits for whom: a sink acknowledges what it has accepted, and when all that was made of a batch is accepted, the
//! source holds a receipt for it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::metrics::Metrics;

/// What became of a batch that a source handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Every sink has accepted what was made of it, failed records included: the dead letter has them.
    Accepted,
    /// The records before this place were accepted, those from it on were not delivered.
    Stopped {
        /// The place in the batch of the first record that was not delivered.
        at: usize,
        /// Why, for people.
        why: String,
    },
}

/// The source's side. Dropping it changes nothing for the batch.
#[derive(Debug)]
pub(crate) struct Receipt(oneshot::Receiver<Delivery>);

/// A sink's side of one item. Dropping it without [`Ack::accept`] means: never accepted.
#[derive(Debug)]
pub(crate) struct Ack {
    settlement: Arc<Settlement>,
    accepted: bool,
    counted: Option<Counted>,
}

/// What an acceptance adds to the counters of a sink.
#[derive(Debug)]
struct Counted {
    metrics: Arc<Metrics>,
    sink: Arc<str>,
    events: u64,
    bytes: usize,
}

/// The lane's side: makes the acknowledgements of a batch. The receipt is there when this and all of them are gone.
#[derive(Debug)]
pub(crate) struct Settlement {
    receipt: Option<oneshot::Sender<Delivery>>,
    stopped: Mutex<Option<(usize, String)>>,
}

impl Receipt {
    /// A settlement to come, and where it will be told.
    pub(crate) fn pair() -> (Arc<Settlement>, Receipt) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(Settlement { receipt: Some(sender), stopped: Mutex::default() }), Receipt(receiver))
    }

    /// Waits until the batch is settled.
    pub(crate) async fn settled(&mut self) -> Delivery {
        let gone = |_| Delivery::Stopped { at: 0, why: "the run ended".to_owned() };
        (&mut self.0).await.unwrap_or_else(gone)
    }
}

impl Settlement {
    /// One item's acknowledgement.
    pub(crate) fn ack(self: &Arc<Self>) -> Ack {
        Ack { settlement: Arc::clone(self), accepted: false, counted: None }
    }

    /// Nothing from this place of the batch on was delivered. The lowest place counts.
    pub(crate) fn stop(&self, at: usize, why: impl Into<String>) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.as_ref().is_none_or(|(place, _)| at < *place) {
            *stopped = Some((at, why.into()));
        }
    }
}

impl Ack {
    /// Counts its acceptance for this sink, and no longer for another.
    pub(super) fn counted(mut self, metrics: Arc<Metrics>, sink: Arc<str>, events: u64, bytes: usize) -> Self {
        self.counted = Some(Counted { metrics, sink, events, bytes });
        self
    }

    /// Takes off the acknowledgement of so much of what it stands for: another receiver gets that part.
    pub(crate) fn part(&mut self, events: u64, bytes: usize) -> Ack {
        if let Some(counted) = &mut self.counted {
            counted.events = counted.events.saturating_sub(events);
            counted.bytes = counted.bytes.saturating_sub(bytes);
        }
        self.settlement.ack()
    }

    /// What it stands for is safe with its receiver.
    pub(crate) fn accept(mut self) {
        self.accepted = true;
        if let Some(Counted { metrics, sink, events, bytes }) = &self.counted {
            metrics.sink_accepted(sink, *events, *bytes);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if !self.accepted {
            // What exactly is missing is not known: the whole batch comes again.
            self.settlement.stop(0, "a sink ended before it had accepted everything");
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        let stopped = self.stopped.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let delivery = stopped.map_or(Delivery::Accepted, |(at, why)| Delivery::Stopped { at, why });
        if let Some(receipt) = self.receipt.take() {
            // A source that has gone needs no receipt.
            let _ = receipt.send(delivery);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_receipt_comes_when_everybody_has_accepted() {
        let (settlement, mut receipt) = Receipt::pair();
        let acks = [settlement.ack(), settlement.ack()];
        drop(settlement);
        for ack in acks {
            assert!(receipt.0.try_recv().is_err());
            ack.accept();
        }
        assert_eq!(receipt.settled().await, Delivery::Accepted);
    }

    #[tokio::test]
    async fn nothing_to_deliver_is_accepted_at_once() {
        let (settlement, mut receipt) = Receipt::pair();
        drop(settlement);
        assert_eq!(receipt.settled().await, Delivery::Accepted);
    }

    #[tokio::test]
    async fn what_one_sink_lost_is_not_accepted() {
        let (settlement, mut receipt) = Receipt::pair();
        let (kept, lost) = (settlement.ack(), settlement.ack());
        settlement.stop(7, "keys are away");
        drop((settlement, lost));
        kept.accept();
        assert!(matches!(receipt.settled().await, Delivery::Stopped { at: 0, .. }));
    }
}
