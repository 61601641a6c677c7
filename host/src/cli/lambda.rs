//! `dastap lambda`: the program as an AWS Lambda function.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value};

use super::log::LogFormat;
use super::{Error, run, signals};
use crate::config::Config;

const AFTER_HELP: &str = "\
The configuration is that of `dastap run` without `sources`: Lambda hands the records over. It is read from the file that
DASTAP_CONFIG names, else from dastap.yaml, beside the program (LAMBDA_TASK_ROOT). The event tells what is asked for:

  Kinesis trigger          the events go to `sinks`, undecodable records to `dead-letter`; the answer names the first
                           record that was not delivered (the trigger needs ReportBatchItemFailures)
  Firehose transformation  the events go back in the answer; `sinks` and `dead-letter` are not used

As the executable `bootstrap` of a function with the runtime provided.al2023, dastap does this without any argument.
Templates, permissions and sizing: pipelines/lambda.";

/// Run as an AWS Lambda function: for a Kinesis trigger, or as a Firehose transformation
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Lambda {}

/// Where the configuration is looked for in the function's package.
const DEFAULT_CONFIG: &str = "dastap.yaml";

impl Lambda {
    pub(super) fn run(self, format: LogFormat) -> Result<ExitCode, Error> {
        let told_to_stop = signals::stop_on_signal();
        let file = config_file();
        let mut config = Config::load(&file).map_err(Error::usage)?;
        check(&config).map_err(|problem| Error::Usage(format!("{}: {problem}", file.display())))?;
        config.sources = vec![Map::from_iter([("type".to_owned(), Value::from("lambda"))])];
        run::run_config(config, &file, format, told_to_stop)
    }
}

/// Whether Lambda called the program without any argument, as the `bootstrap` of a function.
pub(super) fn is_bootstrap() -> bool {
    std::env::args_os().len() == 1 && std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// What Lambda would type, with the log format that the function is configured for.
pub(super) fn arguments() -> impl Iterator<Item = std::ffi::OsString> {
    let format = std::env::var("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default();
    let json: &[&str] = if format == "JSON" { &["--log-format", "json"] } else { &[] };
    ["lambda"].iter().chain(json).map(|argument| (*argument).into())
}

fn config_file() -> PathBuf {
    let file = std::env::var_os("DASTAP_CONFIG").unwrap_or_else(|| DEFAULT_CONFIG.into());
    std::env::var_os("LAMBDA_TASK_ROOT").map_or_else(|| PathBuf::from(&file), |root| Path::new(&root).join(&file))
}

/// What makes sense elsewhere but loses records here.
fn check(config: &Config) -> Result<(), String> {
    if !config.sources.is_empty() {
        return Err("sources: expected none, because Lambda hands the records over; remove the section".to_owned());
    }
    let Some(dead_letter) = &config.dead_letter else { return Ok(()) };
    let text = |name: &str| dead_letter.get(name).and_then(Value::as_str).unwrap_or_default();
    // A mounted file system is the only one that outlives the function.
    if text("type") == "file" && !Path::new(text("path")).starts_with("/mnt") {
        return Err(
            "dead-letter: expected a sink that outlives the function, such as `firehose`, or a file under /mnt, \
                    found a file that Lambda deletes"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(config: Value) -> Option<String> {
        let section = |name: &str| config.get(name).and_then(Value::as_object).cloned();
        let sources = section("source").into_iter().collect();
        check(&Config { sources, dead_letter: section("dead-letter"), ..Config::default() }).err()
    }

    #[test]
    fn what_would_lose_records_is_refused() {
        let file = |path: &str| serde_json::json!({ "dead-letter": { "type": "file", "path": path } });
        assert!(
            problem(serde_json::json!({ "source": { "type": "stdin" } }))
                .unwrap()
                .starts_with("sources: expected none")
        );
        assert!(problem(file("failed.ndjson")).unwrap().starts_with("dead-letter: expected"));
        assert!(problem(file("/tmp/failed.ndjson")).is_some());
        assert_eq!(problem(file("/mnt/efs/failed.ndjson")), None);
        assert_eq!(problem(serde_json::json!({})), None);
    }
}
