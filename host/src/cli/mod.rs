//! The command line: one file for each subcommand. Exit codes: 0 all well, 1 something failed, 2 wrong usage or
//! configuration, 130 interrupted.

mod completions;
mod decode;
mod demo;
mod explained;
mod r#gen;
mod inspect;
mod kcl;
mod keys;
#[cfg(feature = "lambda")]
mod lambda;
mod log;
mod printing;
mod progress;
mod rules;
mod run;
mod signals;
mod stdio;
mod summary;
mod text;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use log::LogFormat;

const EXAMPLES: &str = "\
Try it without an AWS account:
  dastap demo

Decode what Firehose wrote to S3, with data keys from KMS:
  dastap decode --kms --resource-id cluster-ABC123 2026-*.gz >events.ndjson

Look at the newest records of a stream:
  aws kinesis get-records --shard-iterator \"$ITERATOR\" |
    dastap decode --kms --resource-id cluster-ABC123

Why does this record not decode?
  dastap inspect --kms --resource-id cluster-ABC123 record.json

Try the records again that failed:
  dastap decode --kms --resource-id cluster-ABC123 dastap-failed.ndjson";

/// Decode AWS Database Activity Streams in a WebAssembly sandbox
#[derive(Debug, Parser)]
#[command(name = "dastap", version, after_help = EXAMPLES, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How log lines and the summary look on standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Logging")]
    log_format: LogFormat,

    /// Log what happens; twice: every detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Logging")]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Decode(decode::Decode),
    Run(run::Run),
    #[cfg(feature = "lambda")]
    Lambda(lambda::Lambda),
    Stdio(stdio::Stdio),
    Kcl(kcl::Kcl),
    Inspect(inspect::Inspect),
    Rules(rules::Rules),
    Gen(r#gen::Gen),
    Demo(demo::Demo),
    Completions(completions::Completions),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(arguments());
    log::start(
        cli.log_format,
        cli.verbose,
        match &cli.command {
            // A service says when it starts, waits and ends; a filter warns.
            Command::Run(_) | Command::Kcl(_) => log::Usual::Info,
            #[cfg(feature = "lambda")]
            Command::Lambda(_) => log::Usual::Info,
            Command::Stdio(stdio) if stdio.quiet => log::Usual::Nothing,
            _ => log::Usual::Warnings,
        },
    );
    crate::keys::protect_process();
    let result = match cli.command {
        Command::Decode(decode) => decode.run(cli.log_format),
        Command::Run(run) => run.run(cli.log_format),
        #[cfg(feature = "lambda")]
        Command::Lambda(lambda) => lambda.run(cli.log_format),
        Command::Stdio(stdio) => stdio.run(),
        Command::Kcl(kcl) => kcl.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Rules(rules) => rules.run(),
        Command::Gen(stream) => stream.run(cli.log_format),
        Command::Demo(demo) => demo.run(),
        Command::Completions(completions) => completions.run(),
    };
    result.unwrap_or_else(|error| {
        error.report(cli.log_format);
        error.code()
    })
}

/// What was typed; nothing at all where Lambda starts the program, which is then its function.
fn arguments() -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    #[cfg(feature = "lambda")]
    if lambda::is_bootstrap() {
        arguments.extend(lambda::arguments());
    }
    arguments
}

/// Why a command ended early: a sentence for people.
#[derive(Debug)]
enum Error {
    /// The arguments or the configuration are wrong; nothing was done.
    Usage(String),
    /// What was begun cannot go on.
    Failed(String),
}

impl Error {
    fn usage(error: impl fmt::Display) -> Self {
        Error::Usage(error.to_string())
    }

    fn failed(error: impl fmt::Display) -> Self {
        Error::Failed(error.to_string())
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Error::Usage(_) => 2,
            Error::Failed(_) => 1,
        })
    }

    fn report(&self, format: LogFormat) {
        let (Error::Usage(text) | Error::Failed(text)) = self;
        match format {
            LogFormat::Text => eprintln!("error: {text}"),
            LogFormat::Json => tracing::error!("{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_agrees_with_itself() {
        super::Cli::command().debug_assert();
    }
}
