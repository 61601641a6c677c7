//! The long-running program: records from sources through the decoder to sinks, at least once, in order per lane.
//!
//! ```text
//! source -> Lane -> workers decode ahead -> lane delivers in order -> Queue -> sink -> Ack
//!    ^                                                                                  |
//!    +------------------------------ Receipt: save the position <-----------------------+
//! ```
//! Nothing moves a source's position but the receipt of everything before it. Every queue is bounded in bytes, so a slow
//! sink slows the sources. The run ends when all sources have ended, when it is told to (sources stop reading, what is
//! under way is delivered, positions are saved), or when a source or sink can never go on.

mod flow;
mod intake;
mod lane;
mod outgoing;
mod pending;
mod plan;
mod queue;
mod receipt;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sink::SinkError;
use crate::source::{Source, SourceError};
use flow::Flow;
pub(crate) use intake::Intake;
pub(crate) use lane::{Lane, Patience};
pub(crate) use pending::Pending;
pub(crate) use plan::Plan;
#[cfg(test)]
pub(crate) use queue::drive;
pub(crate) use queue::{Item, Lines, Queue, Room};
pub(crate) use receipt::{Ack, Delivery, Receipt};

/// Everything opened and connected, ready to run.
pub(crate) struct Runner {
    pub(super) sources: Vec<(Arc<str>, Box<dyn Source>, Intake)>,
    /// The tasks that drive the sinks, the dead letter's among them.
    pub(super) drivers: JoinSet<(Arc<str>, Result<(), SinkError>)>,
    pub(super) flow: Arc<Flow>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) drain: Duration,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All sources ended, and everything was delivered.
    Complete,
    /// It was told to stop, and what was under way was delivered.
    Stopped,
    /// It was told to stop, and what was under way was not delivered in time; it will be read again.
    NotDrained,
    /// Whoever reads a sink has seen enough.
    Closed,
}

impl Runner {
    /// Runs until the end. `told_to_stop` is what SIGTERM makes true.
    ///
    /// # Errors
    /// A source or a sink can never go on. Every saved position is right.
    pub(crate) async fn run(mut self, mut told_to_stop: watch::Receiver<bool>) -> Result<End, String> {
        let mut sources = JoinSet::new();
        for (name, source, intake) in std::mem::take(&mut self.sources) {
            sources.spawn(async move { (name, source.run(intake).await) });
        }
        let (mut end, mut problem) = (End::Complete, None);
        let deadline = tokio::time::sleep(Duration::MAX);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                source = sources.join_next() => match source {
                    None => break,
                    Some(ended) => problem = problem.or(failed_source(ended)),
                },
                Some(sink) = self.drivers.join_next() => match ended_sink(sink) {
                    Ok(()) => {}
                    Err(None) => end = End::Closed,
                    Err(Some(why)) => problem = problem.or(Some(why)),
                },
                () = wait_for(&mut told_to_stop), if end == End::Complete => end = End::Stopped,
                () = &mut deadline => {
                    end = End::NotDrained;
                    break;
                }
            }
            let over = problem.is_some() || end != End::Complete;
            if over && !self.stop.send_replace(true) {
                deadline.as_mut().reset(tokio::time::Instant::now() + self.drain);
            }
        }
        // Aborted where they did not end by themselves: nothing more is saved.
        drop(sources);
        // The queues close with the last lane; the sinks then send what they hold.
        drop(self.flow);
        if problem.is_none() && matches!(end, End::Complete | End::Stopped) {
            let rest = async {
                while let Some(sink) = self.drivers.join_next().await {
                    if let Err(Some(why)) = ended_sink(sink) {
                        problem.get_or_insert(why);
                    }
                }
            };
            match end {
                End::Stopped => {
                    if tokio::time::timeout_at(deadline.deadline(), rest).await.is_err() {
                        end = End::NotDrained;
                    }
                }
                _ => rest.await,
            }
        }
        problem.map_or(Ok(end), Err)
    }
}

type Ended<E> = Result<(Arc<str>, Result<(), E>), tokio::task::JoinError>;

fn failed_source(ended: Ended<SourceError>) -> Option<String> {
    match ended {
        Ok((name, Ok(()))) => {
            tracing::info!(source = %name, "the source has ended");
            None
        }
        Ok((name, Err(error))) => Some(format!("source {name}: {error}")),
        Err(error) => Some(format!("a source failed: {error}")),
    }
}

/// Err(None): the reader has gone.
fn ended_sink(ended: Ended<SinkError>) -> Result<(), Option<String>> {
    match ended {
        Ok((_, Ok(()))) => Ok(()),
        Ok((_, Err(SinkError::Closed))) => Err(None),
        Ok((name, Err(error))) => Err(Some(format!("sink {name}: {error}"))),
        Err(error) => Err(Some(format!("a sink failed: {error}"))),
    }
}

async fn wait_for(told: &mut watch::Receiver<bool>) {
    if told.wait_for(|told| *told).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
