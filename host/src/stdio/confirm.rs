//! Lines in, a word for each out: `OK` when every sink has accepted what was made of it, else why not, so that the other
//! side sends it again. rsyslog's `omprog` with `confirmMessages="on"` speaks this; so does any shell loop.

use std::io::{self, Write};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::line::{Line, LineReader};
use crate::record::{Batch, Batches, Records};
use crate::runner::{Delivery, Intake, Patience};
use crate::source::{Source, SourceContext, SourceError, SourceSettings};

/// Standard input with confirmations on standard output.
#[derive(Debug, Clone)]
pub(crate) struct Confirm {
    /// Bytes of a line at most.
    pub(crate) most_line: usize,
    /// The stream's resource id, where the lines are of one stream.
    pub(crate) resource: Option<String>,
}

/// What `omprog` waits for, first of all and behind every line.
const ACCEPTED: &str = "OK";

/// A line's records, and who waits for what became of them.
type Question = (Vec<Batch>, oneshot::Sender<Result<(), String>>);

#[async_trait]
impl SourceSettings for Confirm {
    fn plan(&self) -> String {
        "standard input, each line confirmed".to_owned()
    }

    async fn open(&self, _context: SourceContext) -> Result<Box<dyn Source>, String> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Source for Confirm {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let (sender, mut questions) = mpsc::channel::<Question>(1);
        let (ended, mut end) = oneshot::channel();
        // Reading may block for ever; the thread ends with the process.
        let thread = std::thread::Builder::new().name("stdin".into());
        let reader = thread.spawn(move || ended.send(self.converse(&sender)));
        reader.map_err(|error| SourceError(format!("cannot start a thread: {error}")))?;
        loop {
            tokio::select! {
                () = intake.stopped() => return Ok(()),
                Some((batches, answer)) = questions.recv() => {
                    let _ = answer.send(deliver(&intake, batches).await);
                }
                result = &mut end => {
                    let result = result.unwrap_or(Ok(()));
                    return result.map_err(|error| SourceError(format!("cannot go on with the lines: {error}")));
                }
            }
        }
    }
}

impl Confirm {
    fn converse(&self, sender: &mpsc::Sender<Question>) -> io::Result<()> {
        let mut lines = LineReader::new(io::stdin().lock(), self.most_line);
        let mut output = io::stdout().lock();
        writeln!(output, "{ACCEPTED}").and_then(|()| output.flush())?;
        while let Some(line) = lines.next()? {
            let (answer, answered) = oneshot::channel();
            if sender.blocking_send((self.batches(line), answer)).is_err() {
                return Ok(());
            }
            let answer = answered.blocking_recv().unwrap_or_else(|_| Err("the run ended".to_owned()));
            let word = answer.map_or_else(|why| why.replace('\n', " "), |()| ACCEPTED.to_owned());
            writeln!(output, "{word}").and_then(|()| output.flush())?;
        }
        Ok(())
    }

    /// A line that is too long is a record that cannot be decoded: its beginning is kept by the dead letter.
    fn batches(&self, line: Line) -> Vec<Batch> {
        let (bytes, most) = match line {
            Line::Whole(bytes) => (bytes, self.most_line),
            Line::TooLong(beginning) => (beginning, 0),
        };
        let mut batches = Batches::default();
        let mut full = Vec::new();
        for mut record in Records::with_limit(bytes.as_slice(), most).flatten() {
            record.resource = record.resource.or_else(|| self.resource.as_deref().map(Arc::from));
            full.extend(batches.push(record));
        }
        full.extend(batches.take());
        full
    }
}

/// A lane of its own for each line: when it is closed, sinks hold nothing back.
async fn deliver(intake: &Intake, batches: Vec<Batch>) -> Result<(), String> {
    let mut lane = intake.lane(Patience::GiveUp);
    let mut receipts = Vec::new();
    for batch in batches {
        receipts.push(lane.push(batch).await);
    }
    drop(lane);
    for mut receipt in receipts {
        if let Delivery::Stopped { why, .. } = receipt.settled().await {
            return Err(why);
        }
    }
    Ok(())
}
