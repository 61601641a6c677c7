//! Sink `stdout`: lines to standard output. Accepted when the system has them.

use async_trait::async_trait;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::{Sink, SinkContext, SinkError, SinkSettings};
use crate::runner::Item;

/// It has no settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {}

struct Stdout(tokio::io::Stdout);

#[async_trait]
impl SinkSettings for Settings {
    fn plan(&self) -> String {
        "standard output".to_owned()
    }

    async fn open(&self, _context: SinkContext) -> Result<Box<dyn Sink>, String> {
        Ok(Box::new(Stdout(tokio::io::stdout())))
    }
}

#[async_trait]
impl Sink for Stdout {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        let written = match self.0.write_all(item.lines.text.as_bytes()).await {
            Ok(()) => self.0.flush().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                item.ack.accept();
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(SinkError::Closed),
            Err(error) => Err(SinkError::Failed(format!("cannot write to standard output: {error}"))),
        }
    }
}
