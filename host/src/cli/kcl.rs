//! `dastap kcl`: a child of Amazon's MultiLangDaemon.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Map;

use super::decode::runtime;
use super::{Error, signals};
use crate::config::Config;
use crate::kcl::MultiLang;
use crate::metrics::Metrics;
use crate::runner::{End, Plan};

const AFTER_HELP: &str = "\
The MultiLangDaemon starts one such process for each shard that this machine leases, and speaks with it on standard input
and output. A checkpoint is made of what every sink has accepted. The daemon does not name the stream, so
transform.resources must. The sections sources and metrics of the configuration are not used: the daemon is the source.

In the daemon's properties file:
  executableName = dastap kcl /etc/dastap/dastap.yaml
  processingLanguage = rust
  callProcessRecordsEvenForEmptyRecordList = true";

/// Work as a child of the KCL MultiLangDaemon: leases and resharding are Amazon's, decoding and delivery ours
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Kcl {
    /// The configuration, in YAML or JSON: sections keys, transform, sinks, dead-letter
    #[arg(value_name = "CONFIG")]
    config: PathBuf,

    /// Save the position at most once in this time: each time is a write to the lease table
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    checkpoint_every: Duration,
}

impl Kcl {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let mut config = Config::load(&self.config).map_err(Error::usage)?;
        let in_file = |problem: &str| Error::Usage(format!("{}: {problem}", self.config.display()));
        let is_stdout = |sink: &Map<String, serde_json::Value>| sink.get("type").is_some_and(|kind| kind == "stdout");
        if config.sinks.iter().chain(&config.dead_letter).any(is_stdout) {
            return Err(in_file("standard output is for the daemon: give another sink than `stdout`"));
        }
        // Its place is taken below.
        config.sources = vec![Map::from_iter([("type".to_owned(), "stdin".into()), ("name".to_owned(), "kcl".into())])];
        let workers = config.workers.unwrap_or(1);
        let source = MultiLang { checkpoint_every: self.checkpoint_every };
        let plan = Plan::read(config).map_err(|problem| in_file(&problem))?.with_source(Box::new(source));
        let runtime = runtime(workers)?;
        let ended = runtime.block_on(async {
            let runner = plan.open(Arc::new(Metrics::default())).await.map_err(Error::Usage)?;
            runner.run(signals::stop_on_signal()).await.map_err(Error::Failed)
        });
        runtime.shutdown_background();
        match ended? {
            End::NotDrained => Err(Error::failed("not everything was delivered within `drain`; it is read again")),
            End::Complete | End::Stopped | End::Closed => Ok(ExitCode::SUCCESS),
        }
    }
}
