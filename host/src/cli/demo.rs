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
use super::printing::printed;
use super::text::{grouped, one_line};
use crate::Decoder;
use crate::dead_letter::DeadLetter;
use crate::keys::Keyring;
use crate::pass::{Lines, Report, Run, Stats};
use crate::synth::{Carrier, Fault, Format, Settings, Stream};

/// What KMS takes for a call, in USD.
const PRICE: f64 = 0.03 / 10_000.0;

/// How much is shown of a long line, in characters.
const WIDTH: usize = 98;

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
        printed(self.show(folder, keys, workers, &report), "what was decoded", ())?;
        Ok(ExitCode::SUCCESS)
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

    /// Four paragraphs: the stream, some events, the numbers, and what to do with a stream of one's own.
    fn show(&self, folder: &Path, keys: usize, workers: usize, report: &Report) -> io::Result<()> {
        let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let mut page = Page { out: BufWriter::new(io::stdout().lock()), colours };
        page.stream(&self.settings(), keys, &report.stats)?;
        page.events(&folder.join("events.ndjson"), workers, &report.stats)?;
        page.numbers(&report.stats)?;
        page.failures(&folder.join("failed.ndjson"), report)?;
        page.own_stream()?;
        page.out.flush()
    }
}

/// What is shown.
struct Page<W> {
    out: W,
    colours: bool,
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

impl<W: Write> Page<W> {
    /// Text in a style, where there are styles.
    fn styled(&self, style: &str, text: &str) -> String {
        if self.colours { format!("{style}{text}\x1b[0m") } else { text.to_owned() }
    }

    fn stream(&mut self, settings: &Settings, keys: usize, stats: &Stats) -> io::Result<()> {
        let title = self.styled(BOLD, "A synthetic activity stream");
        let (records, engines) = (grouped(stats.records), settings.engines.len());
        let instances = settings.instances as usize * engines;
        let megabytes = stats.bytes.received as f64 / 1e6;
        writeln!(self.out, "{title}")?;
        writeln!(
            self.out,
            "  {records} records of {engines} database engines, encrypted as Aurora and RDS do: {megabytes:.1} MB,"
        )?;
        writeln!(self.out, "  {instances} instances, {keys} data keys. One record is damaged on purpose.\n")
    }

    fn events(&mut self, file: &Path, workers: usize, stats: &Stats) -> io::Result<()> {
        let title = self.styled(BOLD, "Decoded in the WebAssembly sandbox");
        let threads = if workers == 1 { "one thread".to_owned() } else { format!("{workers} threads") };
        writeln!(self.out, "{title} in {:.2} s on {threads}", stats.seconds)?;
        let (events, line) = samples(file)?;
        for Event { log_time, server_type, db_user_name, command, command_text } in events {
            let time: String = one_line(&log_time, 40).chars().take(19).collect();
            let [engine, user] = [server_type, db_user_name].map(|text| format!("{:<11}", one_line(&text, 11)));
            let (time, command) = (self.styled(DIM, &time), format!("{:<14}", one_line(&command, 14)));
            let (command, text) = (self.styled(BOLD, &command), one_line(&command_text.unwrap_or_default(), 40));
            writeln!(self.out, "  {time} {engine} {user} {command} {text}")?;
        }
        writeln!(self.out, "  each a line of JSON, byte for byte as the database wrote it, with an id in front:")?;
        writeln!(self.out, "  {}\n", self.styled(DIM, &one_line(&line, WIDTH)))
    }

    fn numbers(&mut self, stats: &Stats) -> io::Result<()> {
        let Stats { records, decoded, failed, events, keys, .. } = stats;
        let price = |calls: u64| 1e6 * PRICE * calls as f64 / (*records).max(1) as f64;
        let [written, dropped, saved] = [events.kept, events.dropped, records.saturating_sub(keys.calls)].map(grouped);
        writeln!(self.out, "{}", self.styled(BOLD, "What came of it"))?;
        self.row("records", &grouped(*records), &format!("{} decoded, {failed} failed", grouped(*decoded)))?;
        self.row("events", &grouped(events.seen), &format!("{written} written, {dropped} heartbeats dropped"))?;
        self.row(
            "KMS calls",
            &grouped(keys.calls),
            &format!("one for each data key, not for each record: {saved} saved"),
        )?;
        let instead =
            format!("USD for a million records at this rate, instead of {:.2} (10,000 calls: 0.03)", price(*records));
        self.row("KMS costs", &format!("{:.2}", price(keys.calls)), &instead)
    }

    fn failures(&mut self, dead_letter: &Path, report: &Report) -> io::Result<()> {
        for ((stage, reason), (count, detail)) in &report.failures {
            self.row("failed", &grouped(*count), &format!("{stage}/{reason}: {detail}; kept in the dead letter:"))?;
        }
        for line in fs::read_to_string(dead_letter).unwrap_or_default().lines() {
            writeln!(self.out, "  {}", self.styled(DIM, &one_line(line, WIDTH)))?;
        }
        writeln!(self.out)
    }

    fn own_stream(&mut self) -> io::Result<()> {
        writeln!(self.out, "{}", self.styled(BOLD, "Your own stream"))?;
        writeln!(self.out, "  aws kinesis get-records --shard-iterator \"$ITERATOR\" |")?;
        writeln!(self.out, "    dastap decode --kms --resource-id cluster-...")
    }

    fn row(&mut self, name: &str, number: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {name:<10}{number:>8}  {text}")
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
fn samples(file: &Path) -> io::Result<(Vec<Event>, String)> {
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
