//! `dastap gen`: synthetic encrypted streams, with their keyring, what decoding them must give, and faults on demand.

mod choices;
mod files;

use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Error;
use super::log::LogFormat;
use crate::synth::{Engine, Fault, Format, Settings, Stream};
use choices::{Choice, engines, fault_help, faults, formats, range};
use files::{Files, Total};

const EXAMPLES: &str = "\
Examples:
  A thousand records, and what is needed to decode and to check them:
    dastap gen --keyring k.json --expected expected.ndjson -o records.ndjson

  One record of every kind of fault among a hundred good ones:
    dastap gen --records 130 --fault all --keyring k.json -o records.ndjson

  The same settings through a pipe (the resource ids are printed at the end):
    dastap gen --engine mysql --keyring k.json |
      dastap decode --keyring k.json --resource-id cluster-...

  A busy cluster of five instances, as the event of a Lambda function:
    dastap gen --engine postgres --instances 5 --rotations 6 \\
      --events 50-200 --format kinesis-event

  Nothing but heartbeats:
    dastap gen --engine mysql --heartbeats 100

The same options give the same bytes on every machine. The keys are as public as the seed.";

/// Make a synthetic encrypted activity stream
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Gen {
    /// Database engine; may be given several times
    #[arg(long, value_name = "ENGINE", default_value = "all", value_parser = engines())]
    engine: Vec<Choice<Engine>>,

    /// How many records
    #[arg(long, value_name = "N", default_value_t = Settings::default().records)]
    records: u64,

    /// Events per record: a number, or the least and the greatest
    #[arg(long, value_name = "N|MIN-MAX", default_value = "1-20", value_parser = range)]
    events: RangeInclusive<u32>,

    /// Instances of each engine; each has a key of its own
    #[arg(long, value_name = "N", default_value_t = Settings::default().instances)]
    instances: u32,

    /// How often each instance gets a new key
    #[arg(long, value_name = "N", default_value_t = Settings::default().rotations)]
    rotations: u32,

    /// Records that are a lone heartbeat
    #[arg(long, value_name = "PERCENT", default_value_t = Settings::default().heartbeats)]
    heartbeats: f64,

    /// Records with an empty event list, of those that are no heartbeat
    #[arg(long, value_name = "PERCENT", default_value_t = Settings::default().empty)]
    empty: f64,

    /// Decides everything that is left to chance
    #[arg(long, value_name = "N", default_value_t = Settings::default().seed)]
    seed: u64,

    /// Bytes of plaintext in a frame of a message
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().frame_length)]
    frame_length: u32,

    /// Damage records in this way; may be given several times. Each fault occurs once unless --fault-rate is set
    #[arg(long, value_name = "FAULT", value_parser = faults(), hide_possible_values = true)]
    #[arg(long_help = fault_help())]
    fault: Vec<Choice<Fault>>,

    /// Damage so many records, with each --fault in turn
    #[arg(long, value_name = "PERCENT", requires = "fault")]
    fault_rate: Option<f64>,

    /// Write the keys here, readable by you alone
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,

    /// Write here, line by line, what decoding each record must give
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,

    /// Write the records here; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// The form of the output
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = formats())]
    format: Format,
}

impl Gen {
    /// Writes the stream and tells how to decode it. That its reader has gone away is a normal end.
    pub(super) fn run(self, format: LogFormat) -> Result<ExitCode, Error> {
        let stream = Stream::new(self.settings()).map_err(Error::usage)?;
        let files = Files::open(&self, &stream)?;
        let resources: Vec<_> = stream.resources().into_iter().map(str::to_owned).collect();
        let bar = self.progress();
        let written = files.write(stream, &bar);
        bar.finish_and_clear();
        match written {
            Ok(total) => self.report(&total, &resources, format),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => return Err(Error::failed(error)),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn settings(&self) -> Settings {
        Settings {
            engines: Choice::resolve(&self.engine, &Engine::ALL),
            records: self.records,
            events: self.events.clone(),
            instances: self.instances,
            rotations: self.rotations,
            heartbeats: self.heartbeats,
            empty: self.empty,
            seed: self.seed,
            frame_length: self.frame_length,
            faults: Choice::resolve(&self.fault, Fault::ALL),
            fault_rate: self.fault_rate,
        }
    }

    fn to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }

    /// A bar, where there is a terminal and the records do not go there themselves.
    fn progress(&self) -> ProgressBar {
        if self.to_stdout() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} records, {per_sec}, {eta} left");
        ProgressBar::new(self.records).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    /// Says what was written, and with which command it can be decoded.
    fn report(&self, total: &Total, resources: &[String], format: LogFormat) {
        let Total { records, faults, events } = total;
        let command = self.keyring.as_ref().map(|keyring| self.command(keyring, resources));
        if format == LogFormat::Json {
            tracing::info!(records, faults, events, resources = resources.join(" "), command, "stream written");
            return;
        }
        eprintln!("{records} records, {faults} of them with a fault; {events} events in the others");
        eprintln!("resource ids:\n  {}", resources.join("\n  "));
        match command {
            Some(command) => eprintln!("to decode:\n  {command}"),
            None => eprintln!("no keyring was written: with --keyring FILE the records can be decoded"),
        }
    }

    fn command(&self, keyring: &Path, resources: &[String]) -> String {
        let mut command = format!("dastap decode --keyring {}", quoted(keyring));
        // Lambda and Firehose events name their stream.
        if !matches!(self.format, Format::KinesisEvent | Format::FirehoseEvent) {
            resources.iter().for_each(|resource| command += &format!(" --resource-id {resource}"));
        }
        if !self.to_stdout() {
            command += &format!(" {}", quoted(&self.output));
        }
        command
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.chars().all(|sign| sign.is_alphanumeric() || "/._-".contains(sign)) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use clap::error::ErrorKind as Wrong;
    use std::fs;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Gen,
    }

    fn parse(line: &str) -> Result<Gen, clap::Error> {
        Line::try_parse_from(["gen"].into_iter().chain(line.split_whitespace())).map(|line| line.options)
    }

    #[test]
    fn options_become_settings() {
        let options = "--engine oracle --engine mysql --records 9 --events 5-50 --seed 7 --fault all --fault-rate 2.5";
        let settings = parse(options).expect("good options").settings();
        assert_eq!(settings.engines, [Engine::Oracle, Engine::Mysql]);
        assert_eq!((settings.records, settings.events, settings.seed), (9, 5..=50, 7));
        assert_eq!((settings.faults.len(), settings.fault_rate), (Fault::ALL.len(), Some(2.5)));
        let settings = parse("--fault gzip-bomb --events 3").expect("good options").settings();
        assert_eq!((settings.faults, settings.events, settings.engines.len()), (vec![Fault::GzipBomb], 3..=3, 4));
        let (plain, defaults) = (parse("").expect("good options").settings(), Settings::default());
        assert_eq!(format!("{plain:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn wrong_options_are_refused() {
        for (options, wrong) in [
            ("--engine db2", Wrong::InvalidValue),
            ("--events 9-3", Wrong::ValueValidation),
            ("--events many", Wrong::ValueValidation),
            ("--fault header-bits", Wrong::InvalidValue),
            ("--fault-rate 5", Wrong::MissingRequiredArgument),
        ] {
            assert_eq!(parse(options).expect_err(options).kind(), wrong, "{options}");
        }
        let result = parse("--instances 0").expect("a number").run(LogFormat::Text);
        assert!(matches!(result, Err(Error::Usage(text)) if text == "instances must be from 1 to 1000, not 0"));
        let result = parse("--output same --expected same").expect("paths").run(LogFormat::Text);
        assert!(matches!(result, Err(Error::Usage(text)) if text.ends_with("must be different files")));
        let result = parse("--output /no/such/folder/records").expect("a path").run(LogFormat::Text);
        assert!(
            matches!(result, Err(Error::Usage(text)) if text.starts_with("cannot write /no/such/folder/records: "))
        );
    }

    #[test]
    fn three_files_are_written_that_belong_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let [records, keyring, expected] = ["r", "k", "e"].map(|name| folder.path().join(name));
        fs::write(&keyring, "an old one that everybody can read").expect("a file");
        let mut options = parse("--engine postgres --records 40 --fault not-gzip").expect("good options");
        options.output.clone_from(&records);
        (options.keyring, options.expected) = (Some(keyring.clone()), Some(expected.clone()));
        options.run(LogFormat::Text).unwrap_or_else(|error| panic!("{error:?}"));

        let text = |path| fs::read_to_string(path).expect("a file");
        let (records, expected, keys) = (text(&records), text(&expected), text(&keyring));
        assert_eq!((records.lines().count(), expected.split('\n').count()), (40, 41));
        assert_eq!(expected.matches(r#""fault":"not-gzip","stage":"gunzip","reason":"not-gzip""#).count(), 1);
        let ring = crate::keys::Keyring::from_json(&keys);
        assert!(ring.is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&keyring).expect("a file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn the_advice_names_what_decode_needs() {
        let resources = ["cluster-A".to_owned(), "db-B".to_owned()];
        let command = |options: &str| {
            let options = parse(options).expect("good options");
            options.command(Path::new("my keys.json"), &resources)
        };
        assert_eq!(
            command("-o out.ndjson"),
            "dastap decode --keyring 'my keys.json' --resource-id cluster-A --resource-id db-B out.ndjson"
        );
        assert_eq!(command("--format firehose-event"), "dastap decode --keyring 'my keys.json'");
    }
}
