//! Log lines on standard error.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::progress;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    // For people.
    #[default]
    Text,
    // One JSON object a line.
    Json,
}

/// What is logged without any `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usual {
    Nothing,
    Warnings,
    Info,
}

/// Starts logging: the usual, and more with each `-v`. `DASTAP_LOG` overrides it, in the notation of `RUST_LOG`.
pub(super) fn start(format: LogFormat, verbose: u8, usual: Usual) {
    let filter = EnvFilter::try_from_env("DASTAP_LOG").unwrap_or_else(|_| {
        EnvFilter::new(match (verbose, usual) {
            (0, Usual::Nothing) => "off",
            // Libraries warn of what they try again; what matters of it stands in our own words.
            (0, Usual::Warnings) => "error,dastap=warn",
            (0, Usual::Info) => "error,dastap=info",
            (1, _) => "warn,dastap=info",
            _ => "info,dastap=debug",
        })
    });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(progress::stderr).with_target(false);
    match format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.without_time().with_ansi(colours).init();
        }
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
