//! Deploys the template to an emulator of AWS and judges what becomes of a company's documents: once as any caller, once with
//! each function held to its own policy. `tests/aws/deployment` prepares the tools and calls this.

mod emulator;
mod memory;
mod program;
mod stack;
mod steps;
mod tools;
mod wait;
mod web;
mod world;

use model::Clock;
use simulators::clock::SystemClock;
use std::{fmt, io::Write, process::ExitCode};
use steps::{Run, STEPS};
use tools::Tools;

/// Why a step failed.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// With what may explain it.
    pub(crate) fn with(self, context: &str) -> Self {
        Self(format!("{}\n{context}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let mut tally = Tally::default();
    let only: Option<String> = std::env::args().nth(1);
    for (enforces, title) in [(false, "without IAM"), (true, "with IAM")] {
        if only.as_ref().is_none_or(|only| (only == "with-iam") == enforces) {
            tally.run(enforces, title);
        }
    }
    tally.end()
}

/// What was tried, and how it went.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// All steps on one stack. What follows a failed step could not be judged, and counts as failed.
    fn run(&mut self, enforces: bool, title: &str) {
        say(&format!("\n{title}"));
        let begun = Tools::of_this_repository().and_then(|tools| Run::prepare(&tools, enforces));
        let mut run = match begun {
            Ok(run) => run,
            Err(failure) => {
                self.failed += STEPS.len();
                return say(&format!("  could not begin: {failure}"));
            }
        };
        for (at, (name, step)) in STEPS.iter().enumerate() {
            let started = SystemClock.now();
            let result = step(&mut run);
            let took = SystemClock.now().duration_since(started).as_millis();
            let time = format!("{:>4}.{} s", took / 1000, took % 1000 / 100);
            match result {
                Ok(note) => {
                    self.passed += 1;
                    say(&format!(
                        "  ok {time}  {name}{}",
                        if note.is_empty() { note } else { format!(": {note}") }
                    ));
                }
                Err(failure) => {
                    self.failed += STEPS.len() - at;
                    say(&format!("FAIL {time}  {name}: {failure}"));
                    return say(&format!("{}\n", run.explain()));
                }
            }
        }
    }

    fn end(&self) -> ExitCode {
        say(&format!("\n{} passed, {} failed", self.passed, self.failed));
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
