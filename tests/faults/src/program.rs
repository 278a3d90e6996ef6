//! The program behind `tests/faults/run`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test's own program: it prints, and measures real time"
)]

use crate::{
    args::{Args, repeat},
    report::Report,
    run::{Outcome, run},
    shrink::shrink,
};
use model::planted::Bug;
use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

/// A fifth of the time goes into taking and giving back memory with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// From so many seeds on, everything must have been met.
const ENOUGH: u64 = 1_000;

/// The program.
pub fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    let began = Instant::now();
    let report = if args.merge.is_empty() {
        let played = if args.planted { planted(&args) } else { play_all(&args) };
        Ok(Report { seconds: began.elapsed().as_secs(), ..played })
    } else {
        merged(&args.merge)
    };
    let report = match report {
        Ok(report) => report,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    for file in &args.report {
        write_report(file, &report);
    }
    if args.planted {
        return tell_planted(&report);
    }
    let missing = if report.seeds >= ENOUGH { report.missing() } else { vec![] };
    let line = serde_json::json!({
        "seeds": report.seeds,
        "violations": report.violations,
        "simulated_hours": report.simulated_hours,
        "seconds": report.seconds,
        "history_hash": report.history_hash,
        "failed": report.failed,
        "faults": report.faults,
        "sometimes": report.sometimes,
        "sometimes_missing": missing,
    });
    println!("{line}");
    if report.violations == 0 && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play_all(args: &Args) -> Report {
    let next = AtomicU64::new(args.from);
    let end = args.from + args.seeds;
    let report = Mutex::new(Report::of(&(args.from..=end - 1)));
    std::thread::scope(|scope| {
        for _ in 0..args.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= end {
                        return;
                    }
                    let outcome = run(seed, &args.options);
                    if args.options.tell {
                        outcome.lines.iter().for_each(|line| println!("{line}"));
                    }
                    if std::env::var_os("FAULTS_CALLS").is_some() {
                        eprintln!("{seed} {:?}", outcome.calls);
                    }
                    let mut report = report.lock().unwrap();
                    report.add(&outcome);
                    if !outcome.broken.is_empty() && report.violations <= 5 {
                        drop(report);
                        tell(args, &outcome);
                    }
                }
            });
        }
    });
    report.into_inner().unwrap()
}

fn tell(args: &Args, outcome: &Outcome) {
    println!("seed {} fails; repeat it with: {}", outcome.seed, repeat(outcome.seed, &args.options));
    outcome.broken.iter().for_each(|line| println!("  {line}"));
    if args.no_shrink {
        return;
    }
    let (options, shrunk) = shrink(outcome.seed, &args.options);
    println!("shrunk: {}", repeat(outcome.seed, &options));
    shrunk.broken.iter().for_each(|line| println!("  {line}"));
    let met: Vec<String> = shrunk
        .faults
        .iter()
        .filter(|(_, times)| **times > 0)
        .map(|(name, times)| format!("{name} {times}"))
        .collect();
    println!("  faults: {}", met.join(", "));
    println!("  history, {} lines:", shrunk.lines.len());
    shrunk.lines.iter().for_each(|line| println!("    {line}"));
}

fn merged(files: &[String]) -> Result<Report, String> {
    let mut whole = Report::default();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let part: Report = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        whole.merge(part).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(whole)
}

/// As JSON, or between the two marks of a document.
fn write_report(file: &str, report: &Report) {
    if std::path::Path::new(file).extension().is_some_and(|ending| ending == "md") {
        let document = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        std::fs::write(file, report.into_document(&document)).unwrap();
    } else {
        std::fs::write(file, serde_json::to_string_pretty(report).unwrap()).unwrap();
    }
}

/// Puts each known mistake back until a history catches it.
fn planted(args: &Args) -> Report {
    let mut report = Report::default();
    for bug in Bug::ALL {
        let caught = catch(args, *bug);
        match &caught {
            Some((seeds, why)) => println!("caught after {seeds} seeds: {}: {why}", bug.text()),
            None => println!("missed in {} seeds: {}", args.seeds, bug.text()),
        }
        report.planted.insert(bug.text().to_owned(), caught.map(|(seeds, _)| seeds));
    }
    report
}

/// How many seeds it took, and what did not hold.
fn catch(args: &Args, bug: Bug) -> Option<(u64, String)> {
    let (next, first) = (AtomicU64::new(args.from), AtomicU64::new(u64::MAX));
    let caught = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..args.threads {
            scope.spawn(|| {
                put_back(bug);
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= args.from + args.seeds || seed > first.load(Relaxed) {
                        return;
                    }
                    let outcome = run(seed, &args.options);
                    if let Some(why) = outcome.broken.first()
                        && first.fetch_min(seed, Relaxed) > seed
                    {
                        *caught.lock().unwrap() = Some((seed + 1 - args.from, why.clone()));
                    }
                }
            });
        }
    });
    caught.into_inner().unwrap()
}

#[cfg(planted)]
fn put_back(bug: Bug) {
    model::planted::plant(Some(bug));
}

#[cfg(not(planted))]
fn put_back(_: Bug) {
    panic!("this is a build without planted mistakes: tests/faults/run makes the other one");
}

fn tell_planted(report: &Report) -> ExitCode {
    let missed: Vec<&String> =
        report.planted.iter().filter(|(_, seeds)| seeds.is_none()).map(|(bug, _)| bug).collect();
    let caught = report.planted.len() - missed.len();
    let line = serde_json::json!({
        "planted_caught": caught,
        "planted_missed": missed,
        "planted": report.planted,
        "seconds": report.seconds,
    });
    println!("{line}");
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
