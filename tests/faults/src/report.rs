//! What many seeds came to.

mod parts;

use crate::{fault::Fault, run::Outcome};
use parts::{Part, join};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Sums over seeds; reports of parts can be added up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Played.
    pub seeds: u64,
    /// Which, and on which version.
    pub parts: Vec<Part>,
    /// Seeds of which something did not hold.
    pub violations: u64,
    /// Taken together.
    pub simulated_hours: u64,
    /// How often each kind was met.
    pub faults: BTreeMap<String, u64>,
    /// In how many seeds each rare state was met.
    pub sometimes: BTreeMap<String, u64>,
    /// The same number for the same histories.
    pub history_hash: String,
    /// Of wall clock.
    pub seconds: u64,
    /// The seeds that failed.
    pub failed: Vec<u64>,
    /// Planted bugs, and how many seeds it took to catch each.
    pub planted: BTreeMap<String, Option<u64>>,
}

/// Rare states that must be met some time.
pub const RARE: [&str; 31] = [
    "AWS",
    "Coupa named a pause",
    "SAP told of a change",
    "SAP told once more",
    "a comparison repaired",
    "a plan applied",
    "a plan's truth moved on",
    "a webhook was first",
    "budget drawn by another",
    "changed on both sides, decided",
    "cursor moved by another",
    "dead letter",
    "dead letter mended",
    "end fenced off",
    "fenced off, told as superseded",
    "held back, accepted",
    "killed while a comparison repaired",
    "killed while a plan was applied",
    "lease renewed",
    "lease taken over",
    "one machine",
    "partner made earlier, found",
    "partner made in SAP",
    "session ended mid-page",
    "trouble that healed",
    "unknown, asked, created",
    "unknown, asked, found",
    "visibility ran out under a worker",
    "waiting, released",
    "worked on alone",
    "worker started anew",
];

impl Report {
    /// Nothing of these seeds yet.
    pub fn of(seeds: &RangeInclusive<u64>) -> Self {
        Self { parts: vec![Part::of(seeds)], ..Self::default() }
    }

    /// Takes in one seed.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.simulated_hours += outcome.hours.unsigned_abs();
        for (name, times) in &outcome.faults {
            *self.faults.entry((*name).to_owned()).or_default() += times;
        }
        for (name, times) in &outcome.rare {
            *self.sometimes.entry((*name).to_owned()).or_default() += u64::from(*times > 0);
        }
        if !outcome.broken.is_empty() {
            self.violations += 1;
            self.failed.push(outcome.seed);
        }
        let hash = u64::from_str_radix(&self.history_hash, 16).unwrap_or(0);
        self.history_hash = format!(
            "{:016x}",
            hash ^ outcome.hash.rotate_left(u32::try_from(outcome.seed % 64).unwrap_or(0))
        );
    }

    /// Takes in another report.
    ///
    /// # Errors
    /// Both are about the same seed.
    pub fn merge(&mut self, other: Self) -> Result<(), String> {
        join(&mut self.parts, other.parts)?;
        self.seeds += other.seeds;
        self.violations += other.violations;
        self.simulated_hours += other.simulated_hours;
        self.seconds += other.seconds;
        self.failed.extend(other.failed);
        for (name, times) in other.faults {
            *self.faults.entry(name).or_default() += times;
        }
        for (name, times) in other.sometimes {
            *self.sometimes.entry(name).or_default() += times;
        }
        for (bug, seeds) in other.planted {
            let kept = self.planted.entry(bug).or_default();
            *kept = [*kept, seeds].into_iter().flatten().min();
        }
        let hash = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        self.history_hash = format!("{:016x}", hash(&self.history_hash) ^ hash(&other.history_hash));
        Ok(())
    }

    /// Faults and rare states that were never met.
    pub fn missing(&self) -> Vec<String> {
        let faults = Fault::ALL.iter().map(|fault| fault.name());
        let faults = faults.filter(|name| self.faults.get(*name).is_none_or(|times| *times == 0));
        let rare = RARE.into_iter().filter(|name| self.sometimes.get(*name).is_none_or(|times| *times == 0));
        faults.chain(rare).map(str::to_owned).collect()
    }

    /// The document with its generated part made anew.
    pub fn into_document(&self, document: &str) -> String {
        let begins = document.find(BEGINS).map(|at| at + BEGINS.len());
        let (Some(begins), Some(ends)) = (begins, document.find(ENDS)) else { return document.to_owned() };
        format!("{}\n\n{}\n{}", &document[..begins], self.text(), &document[ends..])
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if self.seeds > 0 {
            text.push_str(&format!(
                "{} seeds, {} hours of simulated time ({} years), **violations: {}**; {} minutes on this machine.\n\n",
                self.seeds,
                self.simulated_hours,
                self.simulated_hours / 8_766,
                self.violations,
                self.seconds / 60
            ));
            text += "| seeds | played on version |\n|---|---|\n";
            for Part { first, last, version } in &self.parts {
                text.push_str(&format!("| {first} to {last} | {version} |\n"));
            }
            text += "\n| fault | times met |\n|---|---:|\n";
            for (name, times) in &self.faults {
                text.push_str(&format!("| {name} | {times} |\n"));
            }
            text += "\n| sometimes | in so many seeds |\n|---|---:|\n";
            for (name, seeds) in &self.sometimes {
                text.push_str(&format!("| {name} | {seeds} |\n"));
            }
        }
        if !self.planted.is_empty() {
            text += "\n| planted mistake | caught after so many seeds |\n|---|---:|\n";
            for (bug, seeds) in &self.planted {
                let seeds = seeds.map_or_else(|| "missed".to_owned(), |seeds| seeds.to_string());
                text.push_str(&format!("| {bug} | {seeds} |\n"));
            }
        }
        text
    }
}

const BEGINS: &str = "<!-- generated: begin -->";
const ENDS: &str = "<!-- generated: end -->";
