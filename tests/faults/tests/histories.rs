//! Histories that once failed, and that the same seed is the same history.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use faults::{args::Args, run::run, setup::RunOptions};
use std::{fs, path::Path};

/// Each file holds, after its comments, the arguments that play it.
#[test]
fn kept_histories_hold() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept");
    let mut files: Vec<_> = fs::read_dir(kept).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let line = text.lines().find(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
        let args = Args::parse(line.split('|').map(|word| word.trim().to_owned())).unwrap();
        for seed in args.from..args.from + args.seeds {
            let outcome = run(seed, &args.options);
            assert!(outcome.broken.is_empty(), "{}, seed {seed}: {:#?}", file.display(), outcome.broken);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    let options = RunOptions { deeds: 60, hours: 6, ..RunOptions::default() };
    for seed in 1..=4 {
        let (one, other) = (run(seed, &options), run(seed, &options));
        assert_eq!((one.hash, one.faults, one.hours), (other.hash, other.faults, other.hours), "seed {seed}");
        assert_ne!(one.hash, run(seed + 100, &options).hash);
    }
}
