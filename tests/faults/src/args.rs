//! The command line.

use crate::{fault::Fault, setup::RunOptions};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Args {
    /// How many.
    pub seeds: u64,
    /// The first of them.
    pub from: u64,
    /// Of the run.
    pub options: RunOptions,
    /// Run the planted bugs.
    pub planted: bool,
    /// Reports to add up instead of running anything.
    pub merge: Vec<String>,
    /// Where to write the report: JSON, or a document with a generated part.
    pub report: Vec<String>,
    /// Seeds at once.
    pub threads: usize,
    /// Leave failing histories as they are.
    pub no_shrink: bool,
}

/// How to call it.
pub const USAGE: &str = "tests/faults/run --seeds N [--from SEED] [--planted] [--report FILE]...
tests/faults/run --merge FILE... --report FILE
  --seeds N            play so many histories
  --from SEED          beginning with this one (1)
  --planted            put each known mistake back in turn, until a history catches it; N seeds at most
  --report FILE        write the report: as JSON, or into the generated part of a .md file
  --merge FILE...      add up JSON reports instead of playing
  --without LIST       leave out faults, by name, separated by commas
  --deeds N --hours N  a smaller history (200 deeds in 24 hours)
  --intensity PERCENT  weaker or stronger faults (100)
  --plain              only SAP's people and the workers: nobody in Coupa, no webhooks, no operators
  --tell               print what happens
  --threads N          histories at once (as many as there are processors)
  --no-shrink          leave a failing history as it is";

impl Args {
    /// Reads it.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let mut args = Self {
            seeds: 0,
            from: 1,
            options: RunOptions::default(),
            planted: false,
            merge: vec![],
            report: vec![],
            threads,
            no_shrink: false,
        };
        let mut arguments = arguments.into_iter().peekable();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--seeds" => args.seeds = number(&value()?)?,
                "--from" => args.from = number(&value()?)?,
                "--deeds" => args.options.deeds = number(&value()?)?,
                "--hours" => args.options.hours = number(&value()?)?,
                "--intensity" => args.options.intensity = number(&value()?)?,
                "--threads" => args.threads = number(&value()?)?,
                "--report" => args.report.push(value()?),
                "--without" => args.options.without = faults(&value()?)?,
                "--planted" => args.planted = true,
                "--tell" => args.options.tell = true,
                "--plain" => args.options.plain = true,
                "--no-shrink" => args.no_shrink = true,
                "--merge" => {
                    while let Some(file) = arguments.next_if(|next| !next.starts_with("--")) {
                        args.merge.push(file);
                    }
                }
                _ => return Err(format!("`{name}` is unknown\n{USAGE}")),
            }
        }
        if args.seeds == 0 && args.merge.is_empty() {
            return Err(USAGE.to_owned());
        }
        Ok(args)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn faults(list: &str) -> Result<Vec<Fault>, String> {
    let find = |name: &str| {
        let found = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
        found.ok_or_else(|| format!("`{name}` is no fault"))
    };
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(find).collect()
}

/// The arguments that repeat a run.
pub fn repeat(seed: u64, options: &RunOptions) -> String {
    let usual = RunOptions::default();
    let mut line = format!("tests/faults/run --seeds 1 --from {seed}");
    for (name, value, usual) in [
        ("--deeds", options.deeds.to_string(), usual.deeds.to_string()),
        ("--hours", options.hours.to_string(), usual.hours.to_string()),
        ("--intensity", options.intensity.to_string(), usual.intensity.to_string()),
    ] {
        if value != usual {
            line.push_str(&format!(" {name} {value}"));
        }
    }
    if options.plain {
        line.push_str(" --plain");
    }
    if !options.without.is_empty() {
        let names: Vec<&str> = options.without.iter().map(|fault| fault.name()).collect();
        line.push_str(&format!(" --without \"{}\"", names.join(",")));
    }
    line
}
