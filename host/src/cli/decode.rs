//! `dastap decode`: files or standard input to event lines on standard output.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::available_parallelism;

use clap::Args;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::keys::KeyArgs;
use super::log::LogFormat;
use super::printing::printed;
use super::{Error, explained, progress, signals, summary};
use crate::Decoder;
use crate::config::Config;
use crate::dead_letter::{DEFAULT_DEAD_LETTER, DeadLetter};
use crate::pass::{End, Lines, Report, Run};
use crate::record::{Content, Input, Records};

const AFTER_HELP: &str = "\
Input is told apart by content: records on lines, over several lines or back to back (as Firehose \
writes them to S3), gzip of any of these, Kinesis, Lambda and Firehose event JSON, and the dead \
letter of an earlier run.

Output keeps the order of the input. Every record is either decoded or in the dead letter.

Exit code: 0 all decoded; 1 some records failed, or an input could not be read to its end; 2 wrong \
usage or configuration; 130 interrupted. A closed pipe is a normal end.

Examples:
  dastap decode --kms --resource-id cluster-ABC123 2026-*.gz >events.ndjson
  dastap decode --keyring k.json --resource-id db-XYZ <in.ndjson | jq .command
  dastap decode --kms lambda-event.json --stats stats.json";

/// Decode records into event lines
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Decode {
    /// Files of records; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    keys: KeyArgs,

    /// Settings in YAML or JSON: sections keys, transform, dead-letter, workers; or a bare transform section
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// What a line is [default: event]
    #[arg(long, value_parser = ["event", "envelope", "ocsf", "ecs"])]
    shape: Option<String>,

    /// Append failed records to this file [default: dastap-failed.ndjson, made when a record fails]
    #[arg(long, value_name = "FILE")]
    dead_letter: Option<PathBuf>,

    /// Write the numbers of the run to this file, as JSON
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,

    /// Decode nothing; tell for record N, from 0, which rule decides on each event and what redaction changes
    #[arg(long, value_name = "N", conflicts_with_all = ["stats", "dead_letter"])]
    explain: Option<u64>,

    /// Decode so many batches at once [default: as many as the processor runs threads]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

impl Decode {
    pub(super) fn run(self, format: LogFormat) -> Result<ExitCode, Error> {
        let config = match &self.config {
            Some(file) => Config::load(file).map_err(Error::usage)?,
            None => Config::default(),
        };
        self.files.iter().try_for_each(|file| readable(file))?;
        let dead_letter = self.dead_letter(&config)?;
        let workers = self.workers.map(usize::from).or(config.workers);
        let workers = workers.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));

        let runtime = runtime(workers)?;
        if let Some(number) = self.explain {
            return runtime.block_on(self.explain(config, number));
        }
        let report = runtime.block_on(self.decode(config, &dead_letter, workers));
        // What still computes after an early end has nobody to write for.
        runtime.shutdown_background();
        let report = report?;

        summary::print(&report, &dead_letter.path, format);
        if let Some(file) = &self.stats {
            let json = serde_json::to_string(&report.stats).map_err(Error::failed)? + "\n";
            fs::write(file, json).map_err(|error| Error::Failed(unwritable(file, &error)))?;
        }
        Ok(code(&report))
    }

    async fn decode(&self, config: Config, dead_letter: &FailedRecords, workers: usize) -> Result<Report, Error> {
        let decoder = self.decoder(config, workers).await?;
        let dead_letter = dead_letter.open()?;
        if let Some(file) = &self.stats {
            // Written at the end, but a wrong path should not be found out after hours.
            let opened = fs::OpenOptions::new().create(true).append(true).open(file);
            opened.map_err(|error| Error::Usage(unwritable(file, &error)))?;
        }
        if self.files.iter().any(|file| file == Path::new("-")) && io::stdin().is_terminal() {
            eprintln!("reading records from the terminal; end with Ctrl-D");
        }
        tracing::info!(inputs = self.files.len(), workers, "decoding");
        let bar = progress::start(&self.files);
        let read = Arc::new(AtomicU64::new(0));
        let run = Run {
            decoder,
            workers,
            inputs: self.files.clone(),
            lines: Lines::stdout(),
            dead_letter,
            read: Arc::clone(&read),
            stop: signals::stop_on_signal(),
        };
        let report = run.run(|stats| progress::show(&bar, &read, stats)).await;
        progress::finish(&bar, report.as_ref().ok().map(|report| &report.stats));
        report.map_err(Error::failed)
    }

    async fn decoder(&self, config: Config, workers: usize) -> Result<Decoder, Error> {
        let transform = Value::Object(self.transform(config.transform));
        let keys = self.keys.cache(config.keys).await?.ok_or_else(|| {
            Error::usage("expected a source of data keys: --kms, --keyring FILE, or a `keys` section in --config FILE")
        })?;
        let decoder = Decoder::builder().transform(transform).key_cache(keys).workers(workers).build();
        decoder.map_err(Error::usage)
    }

    /// Tells what becomes of each event of one record.
    async fn explain(&self, config: Config, number: u64) -> Result<ExitCode, Error> {
        let decoder = self.decoder(config, 1).await?;
        let mut place = 0;
        for file in &self.files {
            let unreadable = |error| Error::Failed(format!("cannot read {}: {error}", file.display()));
            for record in Records::new(Input::open(file, Arc::default()).map_err(unreadable)?) {
                let record = record.map_err(unreadable)?;
                if place < number {
                    place += 1;
                    continue;
                }
                let events = match &record.content {
                    Content::Text(text) => {
                        let explained = decoder.explain(text, record.resource.as_deref()).await;
                        explained::events(&explained.map_err(Error::failed)?)
                    }
                    Content::Refused(_, why) => Err(format!("envelope/{}: {}", why.reason(), why.detail())),
                };
                let events = events.map_err(|problem| Error::Failed(format!("record {number}: {problem}")))?;
                let lines = events
                    .iter()
                    .zip(0..)
                    .map(|(event, index)| format!("{index:>5}  {}\n", explained::in_words(event)));
                let written = io::stdout().write_all(lines.collect::<String>().as_bytes());
                printed(written, "the explanation", ())?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        Err(Error::Failed(format!("expected a record {number}, counted from 0, found only {place} records")))
    }

    /// The transform section with what the options say.
    fn transform(&self, mut section: Map<String, Value>) -> Map<String, Value> {
        if !self.keys.resources().is_empty() {
            section.insert("resources".to_owned(), self.keys.resources().into());
        }
        if let Some(shape) = &self.shape {
            section.insert("shape".to_owned(), shape.as_str().into());
        }
        section
    }

    /// Where failed records go, which must not be where records come from.
    fn dead_letter(&self, config: &Config) -> Result<FailedRecords, Error> {
        let configured = config.dead_letter_file().map_err(Error::usage)?;
        let named = self.dead_letter.clone().or(configured);
        let path = named.clone().unwrap_or_else(|| DEFAULT_DEAD_LETTER.into());
        let canonical = fs::canonicalize(&path).ok();
        if canonical.is_some() && self.files.iter().any(|file| fs::canonicalize(file).ok() == canonical) {
            return Err(Error::Usage(format!(
                "{} is an input and would also be the dead letter of this run: name another with --dead-letter",
                path.display()
            )));
        }
        Ok(FailedRecords { path, named: named.is_some() })
    }
}

/// Where failed records go.
struct FailedRecords {
    path: PathBuf,
    named: bool,
}

impl FailedRecords {
    /// A file that somebody named is opened now, the default one when it is needed.
    fn open(&self) -> Result<DeadLetter, Error> {
        if !self.named {
            return Ok(DeadLetter::on_demand(&self.path));
        }
        DeadLetter::open(&self.path)
            .map_err(|error| Error::Usage(format!("cannot open the dead letter {}: {error}", self.path.display())))
    }
}

/// The runtime that decodes on so many threads.
pub(super) fn runtime(workers: usize) -> Result<Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    runtime.map_err(|error| Error::Failed(format!("cannot start {workers} threads: {error}")))
}

/// Refuses what cannot be read before anything is begun.
pub(super) fn readable(file: &Path) -> Result<(), Error> {
    if file == Path::new("-") {
        return Ok(());
    }
    let problem = match fs::File::open(file).and_then(|opened| opened.metadata()) {
        Ok(metadata) if metadata.is_dir() => "it is a directory; name the files in it".to_owned(),
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(Error::Usage(format!("cannot read {}: {problem}", file.display())))
}

fn unwritable(file: &Path, error: &io::Error) -> String {
    format!("cannot write the statistics to {}: {error}", file.display())
}

fn code(report: &Report) -> ExitCode {
    match report.end {
        End::Stopped => ExitCode::from(130),
        _ if report.stats.failed > 0 || !report.unreadable.is_empty() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
