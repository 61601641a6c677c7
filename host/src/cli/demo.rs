//! `dastap demo`: an encrypted stream, generated and decoded through the whole path, and what the key cache saved.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use clap::Args;
use serde::Deserialize;

use super::Error;
use super::decode::runtime;
use super::text::{grouped, one_line};
use crate::Decoder;
use crate::keys::Keyring;
use crate::runner::{Report, Run};
use crate::sink::{DeadLetter, Lines};
use crate::synth::{Carrier, Fault, Format, Settings, Stream};

/// What KMS takes for a call, in USD.
const PRICE: f64 = 0.03 / 10_000.0;

/// Generate an encrypted stream of all four engines and decode it
#[derive(Debug, Args)]
#[command(after_help = "Needs no AWS account and leaves nothing behind. All numbers are measured in this run.")]
pub(super) struct Demo {
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    records: u64,
}

/// An event as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    log_time: String,
    server_type: String,
    db_user_name: String,
    command: String,
    command_text: Option<String>,
}

impl Demo {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let folder = tempfile::Builder::new().prefix("dastap-demo-").tempdir().map_err(Error::failed)?;
        let folder = folder.path();
        let keys = self.generate(folder).map_err(Error::failed)?;
        let workers = available_parallelism().map_or(1, usize::from);
        let report = runtime(workers)?.block_on(decode(folder, workers))?;
        let shown = self.show(folder, keys, workers, &report);
        match shown {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::failed(error)),
            _ => Ok(ExitCode::SUCCESS),
        }
    }

    fn settings(&self) -> Settings {
        Settings { records: self.records, rotations: 3, faults: vec![Fault::FrameBit], ..Settings::default() }
    }

    /// Writes the stream as Lambda functions get it, and its keyring; the number of keys.
    fn generate(&self, folder: &Path) -> io::Result<usize> {
        let stream = Stream::new(self.settings()).map_err(io::Error::other)?;
        let mut keyring = Vec::new();
        stream.write_keyring(&mut keyring)?;
        fs::write(folder.join("keyring.json"), &keyring)?;
        let keys = Keyring::load(folder.join("keyring.json")).map_err(io::Error::other)?.len();
        // Each database has its own stream, so its records come together.
        let mut records: Vec<_> = stream.collect();
        records.sort_by(|one, other| one.resource.cmp(&other.resource));
        let mut carrier =
            Carrier::new(Format::KinesisEvent, BufWriter::new(File::create(folder.join("records.json"))?));
        records.into_iter().try_for_each(|record| carrier.put(record))?;
        carrier.finish()?;
        Ok(keys)
    }

    fn show(&self, folder: &Path, keys: usize, workers: usize, report: &Report) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let (bold, dim, red, plain) =
            if colours { ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m") } else { ("", "", "", "") };
        let settings = self.settings();
        let instances = u64::from(settings.instances) * settings.engines.len() as u64;
        let stats = &report.stats;

        writeln!(out, "{bold}A synthetic activity stream{plain}")?;
        writeln!(
            out,
            "  {} records of {} database engines, encrypted as Aurora and RDS do: {instances} instances, {keys} data keys,\n  \
             {:.1} MB. One record is damaged on purpose.\n",
            grouped(stats.records),
            settings.engines.len(),
            stats.bytes.received as f64 / 1e6,
        )?;

        let threads = if workers == 1 { "one thread".to_owned() } else { format!("{workers} threads") };
        writeln!(out, "{bold}Decoded in the WebAssembly sandbox{plain} in {:.2} s on {threads}", stats.seconds)?;
        let (events, line) = events(&folder.join("events.ndjson"))?;
        for event in &events {
            let Event { log_time, server_type, db_user_name, command, command_text } = event;
            let [engine, user, command] = [(server_type, 10), (db_user_name, 12), (command, 14)]
                .map(|(text, width)| format!("{:<width$}", one_line(text, width)));
            let time: String = one_line(log_time, 26).chars().take(19).collect();
            let text = one_line(command_text.as_deref().unwrap_or_default(), 56);
            writeln!(out, "  {dim}{time}{plain} {engine} {user} {bold}{command}{plain} {text}")?;
        }
        writeln!(out, "  each one a line of JSON, byte for byte as the database wrote it, with an id in front:")?;
        writeln!(out, "  {dim}{}{plain}\n", one_line(&line, 112))?;

        writeln!(out, "{bold}What came of it{plain}")?;
        let mut row =
            |name: &str, number: u64, text: String| writeln!(out, "  {name:<12}{:>8}  {text}", grouped(number));
        row("records", stats.records, format!("{} decoded, {} failed", grouped(stats.decoded), stats.failed))?;
        let (kept, dropped) = (grouped(stats.events.kept), grouped(stats.events.dropped));
        row("events", stats.events.seen, format!("{kept} written, {dropped} heartbeats dropped"))?;
        let saved = stats.records.saturating_sub(stats.keys.calls);
        row(
            "KMS calls",
            stats.keys.calls,
            format!("one for each data key, not one for each record: {} saved", grouped(saved)),
        )?;
        let million = 1e6 * PRICE;
        let share = stats.keys.calls as f64 / stats.records.max(1) as f64;
        writeln!(
            out,
            "  {:<12}{:>8}  USD for a million records at this rate, instead of {million:.2} (0.03 for 10,000 calls)",
            "KMS costs",
            format!("{:.2}", million * share),
        )?;

        let failed = fs::read_to_string(folder.join("failed.ndjson")).unwrap_or_default();
        for ((stage, reason), (count, detail)) in &report.failures {
            writeln!(
                out,
                "  {:<12}{red}{count:>8}{plain}  {stage}/{reason}: {detail}; kept in the dead letter:",
                "failed"
            )?;
        }
        failed.lines().try_for_each(|line| writeln!(out, "  {dim}{}{plain}", one_line(line, 112)))?;

        writeln!(out, "\n{bold}Your own stream{plain}")?;
        writeln!(
            out,
            "  aws kinesis get-records --shard-iterator \"$ITERATOR\" | dastap decode --kms --resource-id cluster-..."
        )?;
        out.flush()
    }
}

/// The same path that `dastap decode` takes, with files at its ends.
async fn decode(folder: &Path, workers: usize) -> Result<Report, Error> {
    let keyring = Keyring::load(folder.join("keyring.json")).map_err(Error::failed)?;
    let run = Run {
        decoder: Decoder::builder().keys(keyring).workers(workers).build().map_err(Error::failed)?,
        workers,
        inputs: vec![folder.join("records.json")],
        lines: Lines::new(File::create(folder.join("events.ndjson")).map_err(Error::failed)?),
        dead_letter: DeadLetter::on_demand(&folder.join("failed.ndjson")),
        read: Arc::default(),
        stop: tokio::sync::watch::channel(false).1,
    };
    run.run(|_| ()).await.map_err(Error::failed)
}

/// Two events of each engine that say something, and one line as it was written.
fn events(file: &Path) -> io::Result<(Vec<Event>, String)> {
    let (mut events, mut first) = (Vec::<Event>::new(), String::new());
    for line in BufReader::new(File::open(file)?).lines() {
        let line = line?;
        let Ok(event) = serde_json::from_str::<Event>(&line) else { continue };
        let text = event.command_text.as_deref().unwrap_or_default();
        let same = |known: &&Event| known.server_type == event.server_type;
        let known = events.iter().any(|known| known.command == event.command);
        if text.len() > 20 && !known && events.iter().filter(same).count() < 2 {
            if first.is_empty() {
                first = line;
            }
            events.push(event);
        }
    }
    Ok((events, first))
}
