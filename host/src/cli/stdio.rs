//! `dastap stdio`: a child process of another pipeline.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::decode::runtime;
use super::keys::KeyArgs;
use super::{Error, signals};
use crate::Decoder;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::runner::{End, Plan};
use crate::stdio::{self, Confirm};

const AFTER_HELP: &str = "\
--reply: one line in, exactly one line out, in order, whatever happens.
  array    [E,E]; what failed stands among the events as {\"dastap_error\":{..},\"record\":\"..\"}
  line     {\"events\":[E,E]}, and \"failed\":[..] when something failed
  rsyslog  {\"$!\":{\"dastap\":{\"events\":[E,E]}}}: what mmexternal adds to the message
--stream: event lines as they are decoded, none or many for one line in; failed records as dead-letter lines among them,
  or to --dead-letter.
--confirm: events go to the sinks of --config; OK (first, when ready, then for every line) means that all have accepted,
  any other line says why not: the line is to be sent again. This is what omprog of rsyslog speaks.

Examples:
  dastap stdio --reply array --quiet --deadline 5s --kms --resource-id cluster-ABC123
  dastap stdio --stream --keyring k.json --resource-id cluster-ABC123
  dastap stdio --confirm --config dastap.yaml";

/// Work as a child process of another pipeline: lines in, lines out
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("mode").required(true))]
pub(super) struct Stdio {
    /// Answer every line with one line of this form
    #[arg(long, value_enum, value_name = "FORM", group = "mode")]
    reply: Option<Form>,

    /// Write event lines as they are decoded
    #[arg(long, group = "mode")]
    stream: bool,

    /// Deliver to the sinks of the configuration, and confirm every line
    #[arg(long, group = "mode", requires = "config")]
    confirm: bool,

    #[command(flatten)]
    keys: KeyArgs,

    /// Settings in YAML or JSON: sections keys, transform, sinks, dead-letter; or a bare transform section
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// What an event looks like [default: event]
    #[arg(long, value_parser = ["event", "envelope", "ocsf", "ecs"])]
    shape: Option<String>,

    /// With --stream: append failed records to this file instead
    #[arg(long, value_name = "FILE", requires = "stream")]
    dead_letter: Option<PathBuf>,

    /// With --reply: give an answer within this time, also while KMS is away
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    deadline: Duration,

    /// Bytes of a line in at most, in MiB; a longer one is answered as too large
    #[arg(long, value_name = "MIB", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=32))]
    max_line: u16,

    /// With --reply: bytes of an answer at most, in KiB; a longer one is replaced by a failure [default: no limit]
    #[arg(long, value_name = "KIB", value_parser = clap::value_parser!(u32).range(1..))]
    max_reply: Option<u32>,

    /// Write nothing to standard error once started: some pipelines take a word there for a failure
    #[arg(long)]
    pub(super) quiet: bool,
}

/// The forms of an answer.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Line,
    Array,
    Rsyslog,
}

impl Stdio {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let mut config = match &self.config {
            Some(file) => Config::load(file).map_err(Error::usage)?,
            None => Config::default(),
        };
        config.transform = self.transform(std::mem::take(&mut config.transform));
        let runtime = runtime(config.workers.unwrap_or(1))?;
        let result = match self.reply {
            Some(form) => runtime.block_on(self.reply(config, form)),
            None => runtime.block_on(self.deliver(config)),
        };
        runtime.shutdown_background();
        result
    }

    async fn reply(&self, config: Config, form: Form) -> Result<ExitCode, Error> {
        let keys = self.keys.cache(config.keys).await?.ok_or_else(no_keys)?;
        let transform = Value::Object(config.transform);
        let decoder = Decoder::builder().transform(transform).key_cache(keys).workers(1).build();
        let decoder = decoder.map_err(Error::usage)?;
        let settings = stdio::Settings {
            reply: match form {
                Form::Line => stdio::Reply::Line,
                Form::Array => stdio::Reply::Array,
                Form::Rsyslog => stdio::Reply::Rsyslog,
            },
            deadline: self.deadline,
            most_line: self.most_line(),
            most_reply: self.max_reply.map_or(usize::MAX, |kib| kib as usize * 1024),
            resource: self.resource(),
        };
        let answered = stdio::answer_lines(&decoder, &settings, io::stdin(), io::stdout()).await;
        answered.map_err(|error| Error::Failed(format!("cannot go on with the lines: {error}")))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The long-running program, with standard input as its source.
    async fn deliver(&self, mut config: Config) -> Result<ExitCode, Error> {
        config.keys = Some(self.keys.section(config.keys).ok_or_else(no_keys)?);
        config.sources = vec![section(json!({ "type": "stdin" }))];
        if self.stream {
            config.sinks = vec![section(json!({ "type": "stdout" }))];
            config.dead_letter = Some(match &self.dead_letter {
                Some(file) => section(json!({ "type": "file", "path": file })),
                None => section(json!({ "type": "stdout" })),
            });
        } else if config.sinks.iter().any(|sink| sink.get("type").is_some_and(|kind| kind == "stdout")) {
            return Err(Error::usage(
                "--confirm: standard output is for the confirmations: give another sink than `stdout`",
            ));
        }
        let mut plan = Plan::read(config).map_err(Error::Usage)?;
        if self.confirm {
            plan = plan.with_source(Box::new(Confirm { most_line: self.most_line(), resource: self.resource() }));
        }
        let runner = plan.open(Arc::new(Metrics::default())).await.map_err(Error::Usage)?;
        match runner.run(signals::stop_on_signal()).await.map_err(Error::Failed)? {
            End::NotDrained => Err(Error::failed("not everything was delivered within `drain`")),
            End::Complete | End::Stopped | End::Closed => Ok(ExitCode::SUCCESS),
        }
    }

    fn most_line(&self) -> usize {
        usize::from(self.max_line) << 20
    }

    /// The one stream that lines are of, if they are of one.
    fn resource(&self) -> Option<String> {
        match self.keys.resources() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    fn transform(&self, mut section: Map<String, Value>) -> Map<String, Value> {
        if !self.keys.resources().is_empty() {
            section.insert("resources".to_owned(), self.keys.resources().into());
        }
        if let Some(shape) = &self.shape {
            section.insert("shape".to_owned(), shape.as_str().into());
        }
        section
    }
}

fn no_keys() -> Error {
    Error::usage("expected a source of data keys: --kms, --keyring FILE, or a `keys` section in --config FILE")
}

fn section(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(section) => section,
        _ => Map::new(),
    }
}
