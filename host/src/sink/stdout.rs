//! Sink `stdout`: lines to standard output. Accepted when the system has them.

use std::io::{self, Write};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Sink, SinkContext, SinkError, SinkSettings};
use crate::runner::Item;

/// It has no settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {}

struct Stdout;

#[async_trait]
impl SinkSettings for Settings {
    fn plan(&self) -> String {
        "standard output".to_owned()
    }

    async fn open(&self, _context: SinkContext) -> Result<Box<dyn Sink>, String> {
        Ok(Box::new(Stdout))
    }
}

#[async_trait]
impl Sink for Stdout {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        let lines = Arc::clone(&item.lines);
        // The reader of a pipe may be slow: not on a thread that decodes.
        let written = tokio::task::spawn_blocking(move || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(lines.text.as_bytes()).and_then(|()| stdout.flush())
        });
        match written.await.map_err(io::Error::from).flatten() {
            Ok(()) => {
                item.ack.accept();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(SinkError::Closed),
            Err(error) => Err(SinkError::Failed(format!("cannot write to standard output: {error}"))),
        }
    }
}
