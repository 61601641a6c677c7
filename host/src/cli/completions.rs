//! `dastap completions`: what shells need to complete the command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::printing::printed;
use super::{Cli, Error};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dastap completions bash >~/.local/share/bash-completion/completions/dastap")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "dastap", &mut script);
        printed(io::stdout().write_all(&script), "the script", ())?;
        Ok(ExitCode::SUCCESS)
    }
}
