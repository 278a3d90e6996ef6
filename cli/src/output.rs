//! What is printed, and how: text with colour for a person, JSON for a machine, progress only where somebody
//! watches. Nothing else in the product writes to stdout.

mod look;
mod progress;
mod summary;
mod table;

pub use look::Look;
pub(crate) use progress::LogLines;
pub use progress::{Bar, Progress};
pub use summary::{SummaryRow, SummaryTable};
pub use table::Table;

use crate::CliError;
use serde_json::Value;
use std::io::{self, BufRead as _, IsTerminal, Write};

/// Something a command has found out.
pub trait Report {
    /// For a person: lines of text, without a line break at the end.
    fn human(&self, look: &Look) -> String;
    /// For a machine: one object.
    fn json(&self) -> Value;
}

/// Where a command prints to.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    colour: bool,
    watched: bool,
}

impl Output {
    /// For this process: `--json` or not, and what stdout and stderr are.
    pub fn of_process(json: bool) -> Self {
        let colour = !json && telemetry::colour(io::stdout().is_terminal());
        Self { json, colour, watched: !json && io::stderr().is_terminal() }
    }

    /// For machines.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Colours may be used on stdout.
    pub const fn colour(&self) -> bool {
        self.colour
    }

    /// Prints what a command has found out.
    pub fn show(&self, report: &dyn Report, look: &Look) {
        if self.json {
            print(&report.json().to_string());
        } else {
            print(&report.human(look));
        }
    }

    /// Prints text for a person; nothing with `--json`.
    pub fn say(&self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// Prints text that is the result itself, such as a completion script.
    pub fn raw(&self, bytes: &[u8]) {
        let _ = io::stdout().lock().write_all(bytes);
    }

    /// Asks on stderr and reads a line from stdin; nothing where stdin has ended.
    pub fn ask(&self, question: &str) -> Option<String> {
        let _ = write!(io::stderr().lock(), "{question} ");
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_lowercase()),
        }
    }

    /// Prints an error to stderr.
    pub fn error(&self, error: &CliError) {
        let text = if self.json { error.json().to_string() } else { error.human() };
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints to stderr what else can be done about an error.
    pub fn hint(&self, help: &str) {
        let _ = writeln!(io::stderr().lock(), "help: {help}");
    }

    /// Bars on stderr, if somebody watches.
    pub fn progress(&self) -> Progress {
        Progress::new(self.watched)
    }
}

/// A reader that has gone away (`| head`) is no error of ours.
fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
