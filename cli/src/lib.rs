//! The command line of b1-coupa: config, commands, and what they print.
//!
//! The binary is three lines around [`main`]; everything is in this library, so that it can be tested.

pub mod args;
pub mod books;
pub mod commands;
#[cfg(test)]
mod coverage;
pub mod engine;
mod error;
#[cfg(test)]
mod error_pages;
pub mod listener;
pub mod output;
#[cfg(feature = "aws")]
pub mod stack;

pub use error::{CliError, CliResult};
pub use setup::config;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use commands::{App, Exit};
use output::Output;
use std::process::ExitCode;
use tracing::Level;

/// Reads the command line, does what it says, and answers with the exit code.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => {
            let output = Output::of_process(cli.json);
            finish(output, run(cli, output))
        }
        // Help and version are asked for and come on stdout.
        Err(answer) if !answer.use_stderr() => {
            let _ = answer.print();
            Exit::Done.into()
        }
        Err(misuse) => misused(&misuse),
    }
}

/// Says what is wrong with the command line. Its exit code is not clap's 2, which means something else here.
fn misused(misuse: &clap::Error) -> ExitCode {
    let help = "See `b1-coupa --help`, or `--help` behind a command.";
    let text = misuse.to_string();
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().to_owned();
        return finish(Output::of_process(true), Err(CliError::new(text).help(help)));
    }
    let _ = misuse.print();
    if text.starts_with("error: ") {
        Output::of_process(false).hint(help);
    }
    Exit::CouldNotWork.into()
}

fn finish(output: Output, result: CliResult<Exit>) -> ExitCode {
    result
        .unwrap_or_else(|error| {
            output.error(&error);
            Exit::CouldNotWork
        })
        .into()
}

fn run(cli: Cli, output: Output) -> CliResult<Exit> {
    // A command that ends by itself speaks through its result; a service speaks through its log.
    let level = if matches!(cli.command, Command::Run(_)) { Level::INFO } else { Level::WARN };
    let format = if cli.json { telemetry::Format::Json } else { telemetry::Format::Human };
    telemetry::init_to(output::LogLines::default, format, level)?;
    // One thread beside the store's: handing each reply from thread to thread costs more than it gains.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(format!("no threads to work with: {error}")))?;
    let app = App::of_process(output, cli.config, cli.stack);
    runtime.block_on(commands::run(&app, cli.command))
}

/// The definition of the command line, for completions and the manual page.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}
