//! Source `stdin`: records from standard input, in every form that `dastap decode` reads, until it ends.
//!
//! A pipe has no position: what was read and not delivered when the program is stopped cannot be read again.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Source, SourceContext, SourceError, SourceSettings};
use crate::record::{Batch, Batches, Input, Records};
use crate::runner::{Delivery, Intake, Patience, Pending};

/// It has no settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {}

struct Stdin;

#[async_trait]
impl SourceSettings for Settings {
    fn plan(&self) -> String {
        "standard input".to_owned()
    }

    async fn open(&self, _context: SourceContext) -> Result<Box<dyn Source>, String> {
        Ok(Box::new(Stdin))
    }
}

#[async_trait]
impl Source for Stdin {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let (sender, mut batches) = mpsc::channel(1);
        // Reading may block for ever; the thread ends with the process.
        let reader = std::thread::Builder::new().name("stdin".into()).spawn(move || read(&sender));
        reader.map_err(|error| SourceError(format!("cannot start a thread: {error}")))?;
        let mut lane = Some(intake.lane(Patience::Wait));
        let mut pending = Pending::default();
        while lane.is_some() || !pending.is_empty() {
            tokio::select! {
                () = intake.stopped(), if lane.is_some() => lane = None,
                ((), delivery) = pending.next() => if let Delivery::Stopped { why, .. } = delivery {
                    return Err(SourceError(format!("records from standard input were not delivered: {why}")));
                },
                batch = batches.recv(), if lane.is_some() => match (batch, &mut lane) {
                    (Some(Ok(batch)), Some(lane)) => pending.push((), lane.push(batch).await),
                    (Some(Err(error)), _) => return Err(SourceError(format!("cannot read standard input: {error}"))),
                    _ => lane = None,
                },
            }
        }
        Ok(())
    }
}

/// Cuts batches; before a read that may wait, what is there goes out.
fn read(sender: &mpsc::Sender<std::io::Result<Batch>>) {
    let mut batches = Batches::default();
    let read = || -> std::io::Result<()> {
        let mut records = Records::new(Input::open(Path::new("-"), Arc::default())?);
        loop {
            while let Some(record) = records.ready() {
                if let Some(batch) = batches.push(record)
                    && sender.blocking_send(Ok(batch)).is_err()
                {
                    return Ok(());
                }
            }
            if let Some(batch) = batches.take()
                && sender.blocking_send(Ok(batch)).is_err()
            {
                return Ok(());
            }
            if !records.refill()? {
                return Ok(());
            }
        }
    }();
    if let Err(error) = read {
        let _ = sender.blocking_send(Err(error));
    }
}
