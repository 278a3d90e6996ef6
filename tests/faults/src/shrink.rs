//! Makes a failing history smaller, as long as it still fails.

use crate::{
    fault::Fault,
    run::{Outcome, run},
    setup::RunOptions,
};

/// Leaves out faults, documents and hours that the failure does not need.
pub fn shrink(seed: u64, options: &RunOptions) -> (RunOptions, Outcome) {
    let mut best = RunOptions { tell: true, ..options.clone() };
    let mut outcome = run(seed, &best);
    let keep = |candidate: RunOptions, best: &mut RunOptions, outcome: &mut Outcome| {
        let tried = run(seed, &candidate);
        let fails = !tried.broken.is_empty();
        if fails {
            (*best, *outcome) = (candidate, tried);
        }
        fails
    };
    keep(RunOptions { plain: true, ..best.clone() }, &mut best, &mut outcome);
    // Many at once first, then one by one.
    for share in [8, 3, 1] {
        let left: Vec<Fault> = met(&outcome, &best);
        for some in left.chunks(left.len().div_ceil(share).max(1)) {
            let mut candidate = best.clone();
            candidate.without.extend(some);
            keep(candidate, &mut best, &mut outcome);
        }
    }
    for fault in met(&outcome, &best) {
        let mut candidate = best.clone();
        candidate.without.push(fault);
        keep(candidate, &mut best, &mut outcome);
    }
    for deeds in [10, 20, 40, 80, 150] {
        if deeds < best.deeds && keep(RunOptions { deeds, ..best.clone() }, &mut best, &mut outcome) {
            break;
        }
    }
    for hours in [2, 6, 12] {
        if hours < best.hours && keep(RunOptions { hours, ..best.clone() }, &mut best, &mut outcome) {
            break;
        }
    }
    (best, outcome)
}

fn met(outcome: &Outcome, options: &RunOptions) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Fault::ALL.to_vec();
    faults.retain(|fault| {
        !options.without.contains(fault) && outcome.faults.get(fault.name()).is_some_and(|times| *times > 0)
    });
    faults
}
