//! What all lanes share: the workers, the sinks' queues, and how much may be under way.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::queue::{Lines, Queue};
use super::receipt::Settlement;
use crate::metrics::Metrics;
use crate::workers::Workers;

/// For each worker, so many bytes of records may be handed over and not yet delivered; their events are ten times as
/// large. One batch is always let in.
const UNDELIVERED: usize = 1 << 20;

/// The middle of the program, between sources and sinks.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(super) metrics: Arc<Metrics>,
    pub(super) workers: Arc<Workers>,
    /// Batches of one lane that are decoded ahead of their turn.
    pub(super) at_once: usize,
    /// Without one, a failed record stops its lane: whoever sent it still has it.
    pub(super) dead_letter: Option<Queue>,
    outlets: Vec<Outlet>,
    room: Arc<Semaphore>,
    most: usize,
    lanes: watch::Sender<usize>,
    stop: watch::Receiver<bool>,
}

/// A sink's queue, and which routes it takes.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) queue: Queue,
    pub(crate) routes: Routes,
}

/// The routes of a sink: exact names, or beginnings that end with `*`; none means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routes(pub(crate) Vec<String>);

/// An open lane: while there is one, sinks may hold lines back.
#[derive(Debug)]
pub(super) struct Open(watch::Sender<usize>);

impl Flow {
    pub(super) fn new(
        metrics: Arc<Metrics>,
        workers: usize,
        outlets: Vec<Outlet>,
        dead_letter: Option<Queue>,
        lanes: watch::Sender<usize>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let most = (workers + 1) * UNDELIVERED;
        let room = Arc::new(Semaphore::new(most));
        Flow {
            metrics,
            workers: Workers::new(workers),
            at_once: workers,
            dead_letter,
            outlets,
            room,
            most,
            lanes,
            stop,
        }
    }

    /// Counts a lane as open until the answer is dropped.
    pub(super) fn open(&self) -> Open {
        self.lanes.send_modify(|lanes| *lanes += 1);
        Open(self.lanes.clone())
    }

    /// Room for a batch of this size. What is larger than all of it takes all of it.
    pub(super) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes.clamp(1, self.most)).unwrap_or(u32::MAX);
        Arc::clone(&self.room).acquire_many_owned(wanted).await.ok()
    }

    /// Puts lines into the queue of every sink that takes their route.
    pub(super) async fn put(&self, lines: Arc<Lines>, settlement: &Arc<Settlement>) {
        let mut taken = false;
        for outlet in self.outlets.iter().filter(|outlet| outlet.routes.take(&lines.route)) {
            taken = true;
            outlet.queue.put(Arc::clone(&lines), settlement.ack()).await;
        }
        if !taken {
            self.metrics.unrouted(&lines.route, lines.events.into());
        }
    }

    /// Whether any sink takes events.
    pub(super) fn has_sinks(&self) -> bool {
        !self.outlets.is_empty()
    }

    /// Waits until the run is told to end.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Routes {
    /// Whether events of this route go to the sink.
    pub(crate) fn take(&self, route: &str) -> bool {
        let is_it = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => route.starts_with(beginning),
            None => route == pattern,
        };
        self.0.is_empty() || self.0.iter().any(is_it)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|lanes| *lanes -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;

    #[test]
    fn routes_are_names_or_beginnings() {
        let routes = |list: &[&str]| Routes(list.iter().map(|route| (*route).to_owned()).collect());
        assert!(routes(&[]).take("anything"));
        assert!(routes(&["ddl", "role/*"]).take("ddl") && routes(&["ddl", "role/*"]).take("role/grant"));
        assert!(!routes(&["ddl"]).take("ddl/x") && !routes(&["role/*"]).take("roles"));
        assert!(routes(&["*"]).take("default"));
    }
}
