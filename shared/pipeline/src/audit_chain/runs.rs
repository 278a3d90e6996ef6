//! What of the chains is seen before it is let go: runs of entries that follow each other, which join to where each chain begins.

use super::{Broken, is_unaltered};
use model::{AuditEntry, AuditHead, Chain};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of one document that were seen one after the other, each unaltered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Where the chain stood before the first of them.
    pub after: AuditHead,
    /// Where it stood after the last.
    pub until: AuditHead,
}

/// Gathers the runs of many documents, from entries in any order.
#[derive(Clone, Debug, Default)]
pub struct Runs(BTreeMap<String, Vec<Chain>>);

impl Runs {
    /// Takes an entry in. One that was altered is left out, so that nothing joins over its place; one without a place in a chain, of a
    /// version that had none, needs no run.
    pub fn add(&mut self, entry: &AuditEntry) -> Result<(), Broken> {
        let Some(chain) = &entry.chain else { return Ok(()) };
        if !is_unaltered(entry, chain) {
            return Err(Broken::Altered(chain.sequence));
        }
        self.0.entry(entry.document.to_string()).or_default().push(chain.clone());
        Ok(())
    }

    /// The runs by document. One run for most; more where entries between are of another day, or missing.
    pub fn by_document(self) -> BTreeMap<String, Vec<Run>> {
        self.0.into_iter().map(|(document, chains)| (document, joined(chains))).collect()
    }
}

fn joined(mut chains: Vec<Chain>) -> Vec<Run> {
    chains.sort_by_key(|chain| chain.sequence);
    let mut runs: Vec<Run> = Vec::new();
    for Chain { sequence, before, hash, .. } in chains {
        let after = AuditHead { count: sequence.saturating_sub(1), hash: before };
        let until = AuditHead { count: sequence, hash };
        match runs.last_mut().filter(|run| run.until == after) {
            Some(run) => run.until = until,
            None => runs.push(Run { after, until }),
        }
    }
    runs
}

/// Up to which entry a chain was let go: as far as the runs join, from its beginning on. What was taken out before somebody had seen
/// it is in no run, and nothing behind it counts.
pub fn let_go_until<'a>(runs: impl IntoIterator<Item = &'a Run>) -> AuditHead {
    let mut runs: Vec<&Run> = runs.into_iter().collect();
    runs.sort_by_key(|run| run.after.count);
    let mut until = AuditHead::default();
    for run in runs {
        if run.after == until && run.until.count > until.count {
            until = run.until.clone();
        }
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(sequence: u64) -> Chain {
        let hash = |of: u64| if of == 0 { String::new() } else { format!("h{of}") };
        Chain { sequence, before: hash(sequence - 1), hash: hash(sequence), payload: String::new() }
    }

    fn runs(sequences: &[u64]) -> Vec<Run> {
        joined(sequences.iter().map(|sequence| link(*sequence)).collect())
    }

    fn until(days: &[&[u64]]) -> u64 {
        let runs: Vec<Run> = days.iter().flat_map(|day| runs(day)).collect();
        let_go_until(&runs).count
    }

    #[test]
    fn entries_that_follow_each_other_are_one_run() {
        assert_eq!(runs(&[3, 1, 2]).len(), 1);
        let two = runs(&[4, 2, 1]);
        assert_eq!((two.len(), two[0].until.count, two[1].after.count), (2, 2, 3));
        let forged = Chain { hash: "forged".to_owned(), ..link(2) };
        assert_eq!(joined(vec![link(1), forged, link(3)]).len(), 2);
    }

    #[test]
    fn days_join_whatever_the_order_and_nothing_joins_over_a_hole() {
        assert_eq!(until(&[]), 0);
        assert_eq!(until(&[&[1, 2], &[3], &[4, 5]]), 5);
        assert_eq!(until(&[&[4], &[3], &[1, 2]]), 4);
        assert_eq!(until(&[&[1, 2, 4], &[3, 5]]), 5, "a clock was behind at midnight");
        assert_eq!(until(&[&[1, 3], &[4]]), 1, "2 was taken out before anybody saw it");
        assert_eq!(until(&[&[2, 3]]), 0);
        assert_eq!(until(&[&[1, 2], &[1, 2], &[3]]), 3, "told twice");
    }

    #[test]
    fn a_run_of_another_chain_does_not_join() {
        let mut runs = runs(&[1, 2]);
        runs.push(Run {
            after: AuditHead { count: 2, hash: "other".to_owned() },
            until: AuditHead { count: 9, hash: "h9".to_owned() },
        });
        assert_eq!(let_go_until(&runs).count, 2);
    }
}
