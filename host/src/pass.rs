//! One pass over some inputs: records in, events out in input order, failures to the dead letter.
//!
//! A thread reads and cuts batches (`reader.rs`); as many tasks as there are workers decode them (`crate::workers`); this
//! loop puts the verdicts back into order and writes. Everything is bounded, in batches and in bytes, so whoever reads
//! the output slowly slows the input.
//!
//! Input = decoded + failed, always: a record is counted when its events or its dead-letter line are written.

mod lines;
mod reader;
mod report;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use tokio::sync::watch;

use crate::Decoder;
use crate::dead_letter::DeadLetter;
use crate::engine::Verdict;
use crate::workers::{Decoding, Line, Part, Workers};
pub(crate) use lines::Lines;
use reader::{Message, Reader};
pub(crate) use report::{End, Report, Stats};

/// What to run.
pub(crate) struct Run<W: Write> {
    /// What decodes.
    pub(crate) decoder: Decoder,
    /// How many batches are decoded at once.
    pub(crate) workers: usize,
    /// The files to read, in this order; `-` is standard input.
    pub(crate) inputs: Vec<PathBuf>,
    /// Where events go.
    pub(crate) lines: Lines<W>,
    /// Where failed records go.
    pub(crate) dead_letter: DeadLetter,
    /// Grows with every byte that is read.
    pub(crate) read: Arc<AtomicU64>,
    /// Becomes true when the run is to end early.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Why a run could not go on. Every record that was counted is written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Events cannot be written.
    #[error("cannot write events: {0}")]
    Output(#[source] io::Error),
    /// Failed records cannot be kept, so nothing more is read.
    #[error("cannot write the dead letter {}: {cause}", .path.display())]
    DeadLetter {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The program itself failed.
    #[error("cannot go on: {0}")]
    Program(#[source] io::Error),
}

/// A batch with the records that are not written yet.
struct InFlight {
    decoding: Decoding,
    /// The place of the next record in the batch.
    place: usize,
    /// How many of its texts and of its refused records are written.
    texts: usize,
    refused: usize,
    /// Lets the reader go on when it is dropped.
    _read: reader::Permit,
}

impl<W: Write> Run<W> {
    /// Runs to the end of the inputs. `watch` sees the numbers after every batch.
    ///
    /// # Errors
    /// The output or the dead letter cannot be written; a closed pipe is no error.
    pub(crate) async fn run(mut self, mut watch: impl FnMut(&Stats)) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut reader = Reader::start(std::mem::take(&mut self.inputs), Arc::clone(&self.read), self.workers)
            .map_err(Error::Program)?;
        let mut line = Line::new(self.decoder.clone(), Workers::new(self.workers));
        let mut in_flight: VecDeque<InFlight> = VecDeque::new();
        let mut reading = true;
        while report.end == End::Complete && (reading || !in_flight.is_empty()) {
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => report.end = End::Stopped,
                part = part_of_first(&mut in_flight) => {
                    self.write(part?, &mut in_flight, &mut report)?;
                    line.left(in_flight.len());
                    if in_flight.is_empty() {
                        self.flush(&mut report)?;
                    }
                    watch(&report.stats);
                }
                // One more than there are workers, so that none is ever idle.
                message = reader.next(), if reading && in_flight.len() <= self.workers => match message {
                    Some(Message::Batch(batch, permit)) => {
                        report.started.get_or_insert_with(Instant::now);
                        in_flight.push_back(InFlight::new(line.decode(batch), permit));
                    }
                    Some(Message::Unreadable(path, error)) => report.unreadable.push((path, error)),
                    None => reading = false,
                },
            }
        }
        // What is complete when the run is stopped still goes out, as far as the order allows.
        while report.end == End::Stopped && in_flight.front().is_some_and(|first| first.decoding.is_ready()) {
            let part = part_of_first(&mut in_flight).await?;
            self.write(part, &mut in_flight, &mut report)?;
        }
        self.flush(&mut report)?;
        report.stats.keys = self.decoder.keys().stats().into();
        Ok(report)
    }

    /// Writes the next part of the first batch, in order; behind its last, the batch is done.
    fn write(
        &mut self,
        mut part: Option<Part>,
        in_flight: &mut VecDeque<InFlight>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Some(first) = in_flight.front_mut() else { return Ok(()) };
        let batch = Arc::clone(&first.decoding.batch);
        let failed_before = report.stats.failed;
        let is_last = part.is_none();
        // The part itself is dropped at the end: its events count as unwritten until they are written.
        let mut verdicts = part.as_mut().map(|part| std::mem::take(&mut part.verdicts)).unwrap_or_default().into_iter();
        while report.end != End::Closed {
            let index = batch.first + first.place as u64;
            let (record, verdict) = match batch.refused.get(first.refused) {
                Some((place, bytes, why)) if *place == first.place => {
                    first.refused += 1;
                    (bytes.as_slice(), Verdict::Failed((*why).into()))
                }
                _ => {
                    let Some((text, verdict)) = batch.texts.get(first.texts).zip(verdicts.next()) else { break };
                    first.texts += 1;
                    (text.as_bytes(), verdict)
                }
            };
            first.place += 1;
            match &verdict {
                Verdict::Decoded(decoded) => {
                    for output in &decoded.outputs {
                        report.unless_closed(self.lines.write(&output.lines))?;
                    }
                }
                Verdict::Failed(failure) => {
                    let written = self.dead_letter.write(index, failure, batch.resource.as_deref(), record);
                    written.map_err(|cause| self.not_kept(cause))?;
                }
            }
            if report.end != End::Closed {
                report.count(record, verdict);
            }
        }
        if is_last {
            in_flight.pop_front();
        }
        if report.stats.failed > failed_before {
            self.dead_letter.flush().map_err(|cause| self.not_kept(cause))?;
        }
        report.stats.add(&self.decoder.counts());
        report.stats.bytes.out = self.lines.bytes();
        report.stats.seconds = report.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
        Ok(())
    }

    fn not_kept(&self, cause: io::Error) -> Error {
        Error::DeadLetter { path: self.dead_letter.path().to_owned(), cause }
    }

    fn flush(&mut self, report: &mut Report) -> Result<(), Error> {
        report.unless_closed(self.lines.flush())
    }
}

impl InFlight {
    fn new(decoding: Decoding, read: reader::Permit) -> Self {
        InFlight { decoding, place: 0, texts: 0, refused: 0, _read: read }
    }
}

/// Waits until the run is told to stop; for ever when nobody can tell it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for the next part of the oldest batch; for ever when there is no batch.
async fn part_of_first(in_flight: &mut VecDeque<InFlight>) -> Result<Option<Part>, Error> {
    match in_flight.front_mut() {
        Some(first) => first.decoding.next().await.map_err(|error| Error::Program(error.into())),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keyring;
    use crate::record::{Content, Records, Refusal};
    use std::fs::File;

    /// A writer whose reader goes away after some bytes.
    struct Pipe {
        room: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.room.min(bytes.len()) {
                0 => Err(io::ErrorKind::BrokenPipe.into()),
                count => {
                    self.room -= count;
                    Ok(count)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A record that is already decrypted, with one event.
    fn record(number: usize) -> String {
        let list = format!(r#"[{{"type":"record","n":{number}}}]"#);
        [
            r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"clusterId":"cluster-A","#,
            r#""instanceId":"db-B","databaseActivityEventList":"#,
            &list,
            "}}",
        ]
        .concat()
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Folder(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn input(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
            std::fs::write(self.path(name), text).unwrap();
            self.path(name)
        }

        fn run<W: Write>(&self, inputs: Vec<PathBuf>, writer: W) -> (Run<W>, watch::Sender<bool>) {
            let (sender, stop) = watch::channel(false);
            let keys = Keyring::from_json(r#"{"keys":[]}"#).unwrap();
            let run = Run {
                decoder: Decoder::builder().keys(keys).workers(2).build().unwrap(),
                workers: 2,
                inputs,
                lines: Lines::new(writer),
                dead_letter: DeadLetter::on_demand(&self.path("failed.ndjson")),
                read: Arc::default(),
                stop,
            };
            (run, sender)
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn order_is_kept_and_every_record_is_somewhere() {
        let folder = Folder::new();
        let mut text = Vec::new();
        for number in 0..1000 {
            match number % 100 {
                17 => text.extend(b"{\"type\":\"\xff\"}\n"),
                42 => text.extend(b"not a record\n"),
                _ => text.extend((record(number) + "\n").as_bytes()),
            }
        }
        let mut out = Vec::new();
        let inputs = vec![folder.input("one", &text), folder.path("missing"), folder.input("two", record(1000))];
        let report = folder.run(inputs, &mut out).0.run(|_| ()).await.unwrap();

        let numbers: Vec<usize> = (String::from_utf8(out).unwrap().lines())
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["n"].as_u64().unwrap() as usize)
            .collect();
        let good: Vec<_> = (0..=1000).filter(|number| !matches!(number % 100, 17 | 42)).collect();
        assert_eq!(numbers, good);

        let failed = Records::new(File::open(folder.path("failed.ndjson")).unwrap());
        let failed: Vec<_> = failed.map(|record| record.unwrap().content).collect();
        let pair =
            [Content::Refused(b"{\"type\":\"\xff\"}".into(), Refusal::NotUtf8), Content::Text("not a record".into())];
        assert_eq!(failed, vec![pair; 10].concat());

        let Stats { records, decoded, failed, events, .. } = report.stats;
        assert_eq!((records, decoded, failed, events.kept), (1001, 981, 20, 981));
        assert_eq!(report.failures[&("envelope".into(), "not-json".into())].0, 20);
        assert_eq!(
            report.unreadable.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(),
            [folder.path("missing")]
        );
        assert_eq!(report.end, End::Complete);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_closed_pipe_is_a_normal_end() {
        let folder = Folder::new();
        let input = folder.input("many", (0..50_000).map(record).collect::<String>());
        let (run, _stop) = folder.run(vec![input], Pipe { room: 1000 });
        let report = run.run(|_| ()).await.unwrap();
        assert_eq!((report.end, report.stats.failed), (End::Closed, 0));
        assert!(report.stats.records < 50_000);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stopped_run_writes_what_is_complete() {
        let folder = Folder::new();
        let input = folder.input("many", (0..50_000).map(record).collect::<String>());
        let mut out = Vec::new();
        let (run, stop) = folder.run(vec![input], &mut out);
        let report = run.run(|_| _ = stop.send_replace(true)).await.unwrap();
        assert_eq!(report.end, End::Stopped);
        let lines = String::from_utf8(out).unwrap().lines().count() as u64;
        assert_eq!((report.stats.decoded, report.stats.events.kept), (lines, lines));
        assert!((1..50_000).contains(&lines));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_dead_letter_that_cannot_be_written_ends_the_run() {
        let folder = Folder::new();
        let (mut run, _stop) = folder.run(vec![folder.input("bad", "x")], io::sink());
        run.dead_letter = DeadLetter::on_demand(&folder.path("no/such/folder"));
        let error = run.run(|_| ()).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot write the dead letter "), "{error}");
    }
}
