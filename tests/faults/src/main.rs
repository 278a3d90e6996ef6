//! `tests/faults/run`: plays histories, and says what did not hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test's own program: it prints, and measures real time"
)]

use faults::{
    args::{Args, repeat},
    report::Report,
    run::{Outcome, run},
    shrink::shrink,
};
use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

/// From so many seeds on, everything must have been met.
const ENOUGH: u64 = 1_000;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    let began = Instant::now();
    let mut report = play_all(&args);
    report.seconds = began.elapsed().as_secs();
    for file in &args.report {
        std::fs::write(file, serde_json::to_string_pretty(&report).unwrap()).unwrap();
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
    let report = Mutex::new(Report::default());
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
