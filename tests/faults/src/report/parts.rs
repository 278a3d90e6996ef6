//! Which seeds a report is about, so that none is counted twice.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Seeds played one after the other, on one version of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// What `git describe` says of it; `tests/faults/run` fills it in.
    pub version: String,
}

impl Part {
    /// These seeds, on the version that is being run.
    pub fn of(seeds: &RangeInclusive<u64>) -> Self {
        Self {
            first: *seeds.start(),
            last: *seeds.end(),
            version: std::env::var("FAULTS_VERSION").unwrap_or_default(),
        }
    }

    const fn shares_a_seed(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn goes_on_as(&self, next: &Self) -> bool {
        self.last + 1 == next.first && self.version == next.version
    }
}

/// Takes in `more`, in order, what adjoins made one.
///
/// # Errors
/// A seed would be there twice.
pub(super) fn join(parts: &mut Vec<Part>, more: Vec<Part>) -> Result<(), String> {
    for part in more {
        if let Some(twice) = parts.iter().find(|it| it.shares_a_seed(&part)) {
            return Err(format!(
                "seeds {} to {} and {} to {} overlap: each seed counts once",
                twice.first, twice.last, part.first, part.last
            ));
        }
        parts.push(part);
    }
    parts.sort_by_key(|part| part.first);
    parts.dedup_by(|next, part| {
        let adjoins = part.goes_on_as(next);
        if adjoins {
            part.last = next.last;
        }
        adjoins
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(first: u64, last: u64, version: &str) -> Part {
        Part { first, last, version: version.to_owned() }
    }

    #[test]
    fn what_adjoins_on_one_version_is_one_part() {
        let mut parts = vec![part(3_001, 4_000, "b")];
        join(&mut parts, vec![part(1_001, 2_000, "a"), part(1, 1_000, "a"), part(2_001, 3_000, "b")])
            .unwrap();
        assert_eq!(parts, [part(1, 2_000, "a"), part(2_001, 4_000, "b")]);
    }

    #[test]
    fn a_gap_stays_one() {
        let mut parts = vec![part(1, 1_000, "a")];
        join(&mut parts, vec![part(1_002, 2_000, "a")]).unwrap();
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn no_seed_counts_twice() {
        for again in [part(1_000, 1_001, "b"), part(1, 1, "a"), part(400, 500, "a"), part(1, 3_000, "a")] {
            let mut parts = vec![part(1, 1_000, "a")];
            assert!(join(&mut parts, vec![again]).is_err());
        }
    }
}
