//! Positions that a source may save: in the order in which it handed over, as far as everything is accepted.

use std::collections::VecDeque;

use super::receipt::{Delivery, Receipt};

/// What was handed over and is not settled yet, oldest first.
#[derive(Debug)]
pub(crate) struct Pending<P> {
    waiting: VecDeque<(P, Receipt)>,
}

impl<P> Default for Pending<P> {
    fn default() -> Self {
        Pending { waiting: VecDeque::new() }
    }
}

impl<P> Pending<P> {
    /// `position`: behind the batch that the receipt is for.
    pub(crate) fn push(&mut self, position: P, receipt: Receipt) {
        self.waiting.push_back((position, receipt));
    }

    /// Whether everything is settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Waits for the oldest; for ever when there is none. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> (P, Delivery) {
        let Some((_, receipt)) = self.waiting.front_mut() else { return std::future::pending().await };
        let delivery = receipt.settled().await;
        match self.waiting.pop_front() {
            Some((position, _)) => (position, delivery),
            None => std::future::pending().await,
        }
    }
}
