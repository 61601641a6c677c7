//! `dastap run`: the long-running program, from a configuration file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use super::decode::runtime;
use super::log::LogFormat;
use super::{Error, progress, signals};
use crate::config::Config;
use crate::metrics::{Metrics, Summary};
use crate::runner::{End, Plan};

const AFTER_HELP: &str = "\
Records are delivered at least once, in order for each shard. A position is saved only when every sink has accepted
what came before it; failed records are kept by the dead letter. SIGTERM or Ctrl-C ends the run: sources stop, what is
under way is delivered within `drain` (30s), positions are saved. A second signal ends it at once, and the next run reads
again what was not delivered.

Exit code: 0 everything delivered; 1 a source or sink cannot go on, or not everything was delivered in time; 2 wrong usage
or configuration.

A configuration:
  keys: { provider: kms }
  sources: [ { type: kinesis, stream: aws-rds-das-cluster-ABC, region: eu-west-1, checkpoint: state/ } ]
  sinks: [ { type: stdout } ]
  dead-letter: { type: file, path: failed.ndjson }

Examples:
  dastap run dastap.yaml --check
  dastap run dastap.yaml --log-format json";

/// Run the pipeline of a configuration file: sources, decoder, sinks
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Run {
    /// The configuration, in YAML or JSON
    #[arg(value_name = "CONFIG")]
    config: PathBuf,

    /// Run nothing: check the configuration, find credentials, and show what would run
    #[arg(long)]
    check: bool,

    /// With --check: also ask KMS once, to see that it answers and that the credentials are accepted
    #[arg(long, requires = "check")]
    ask_kms: bool,
}

impl Run {
    pub(super) fn run(self, format: LogFormat) -> Result<ExitCode, Error> {
        if !self.check {
            // First of all: told to stop while it still starts, the program ends as well as at any other time.
            let told_to_stop = signals::stop_on_signal();
            let config = Config::load(&self.config).map_err(Error::usage)?;
            return run_config(config, &self.config, format, told_to_stop);
        }
        let config = Config::load(&self.config).map_err(Error::usage)?;
        let workers = workers(&config);
        let in_file = |problem: String| Error::Usage(format!("{}: {problem}", self.config.display()));
        let plan = Plan::read(config).map_err(in_file)?;
        runtime(workers)?.block_on(self.check(&plan)).map_err(in_file)
    }

    async fn check(&self, plan: &Plan) -> Result<ExitCode, String> {
        plan.open_keys(&Arc::new(Metrics::default())).await?;
        if self.ask_kms {
            plan.ask_kms().await?;
        }
        print!("{}", plan.describe());
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs what a configuration asks for; `file` is where it stands, for messages.
pub(super) fn run_config(
    config: Config,
    file: &Path,
    format: LogFormat,
    told_to_stop: watch::Receiver<bool>,
) -> Result<ExitCode, Error> {
    let (price, listen) = (config.kms_price.0, config.metrics.as_ref().map(|metrics| metrics.listen));
    let runtime = runtime(workers(&config))?;
    let plan = Plan::read(config).map_err(|problem| Error::Usage(format!("{}: {problem}", file.display())))?;
    let result = runtime.block_on(run(plan, listen, price, format, told_to_stop));
    // Whatever still waits for another side was not accepted, and will be read again.
    runtime.shutdown_background();
    result
}

fn workers(config: &Config) -> usize {
    config.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

async fn run(
    plan: Plan,
    listen: Option<std::net::SocketAddr>,
    price: f64,
    format: LogFormat,
    mut told_to_stop: watch::Receiver<bool>,
) -> Result<ExitCode, Error> {
    let metrics = Arc::new(Metrics::new(price));
    if let Some(address) = listen {
        let serving = crate::metrics::serve(Arc::clone(&metrics), address).await;
        serving.map_err(|error| Error::Usage(format!("metrics.listen: cannot listen on {address}: {error}")))?;
    }
    let runner = tokio::select! {
        opened = plan.open(Arc::clone(&metrics)) => opened.map_err(Error::Usage)?,
        // Nothing was read, nothing is to be delivered.
        Ok(_) = told_to_stop.wait_for(|told| *told) => {
            tracing::info!("told to stop before it ran");
            return Ok(ExitCode::SUCCESS);
        }
    };
    tracing::info!("running");
    let ended = tokio::select! {
        ended = runner.run(told_to_stop) => ended,
        never = progress::of_run(metrics.progress()) => match never {},
    };
    progress::clear();
    let summary = Summary::of(&metrics, price);
    match format {
        LogFormat::Text => eprintln!("{summary}"),
        LogFormat::Json => tracing::info!(%summary, "ended"),
    }
    match ended {
        Ok(End::Complete | End::Stopped | End::Closed) => Ok(ExitCode::SUCCESS),
        Ok(End::NotDrained) => {
            Err(Error::Failed("not everything was delivered within `drain`; the next run reads it again".to_owned()))
        }
        Err(problem) => Err(Error::Failed(problem)),
    }
}
