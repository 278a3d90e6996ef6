//! What is news, and whether it is time to tell it. Decides alone: no clock, no store.

use crate::{Findings, Message};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often people are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Between two messages about the same cause.
    pub pause: SignedDuration,
    /// Failures that still come in are waited for until none came for so long, but no longer than ten times that: what fails
    /// together is told together.
    pub settle: SignedDuration,
}

/// What a channel has been told, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Told(BTreeMap<String, Last>);

/// The last message about one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    /// When it was told.
    at: Timestamp,
    /// The newest failure that was told of.
    newest: Timestamp,
    /// How many were known, and are still open.
    count: usize,
}

/// What is to be told now, and what has been told when that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The one message, if any is due.
    pub message: Option<Message>,
    /// To be kept once the message has been taken; at once where there is none.
    pub told: Told,
}

/// One cause, whatever it is of.
struct Cause {
    name: String,
    /// When each of its failures came, in order.
    moments: Vec<Timestamp>,
    count: usize,
    /// It is worth a word. Else it only keeps what was told of it from being forgotten.
    told: bool,
}

impl Told {
    /// When the last message went out, if one ever did.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.0.values().map(|last| last.at).max()
    }

    /// Whether people know of this cause, and nobody has told them that it is over.
    fn has_told(&self, cause: &str) -> bool {
        self.0.get(cause).is_some_and(|last| last.count > 0)
    }

    /// How many failures of a cause nobody has been told of. A document may also fail with an older moment than one that was told.
    fn unheard(&self, cause: &Cause) -> usize {
        let Some(last) = self.0.get(&cause.name) else { return cause.count };
        let newer = cause.moments.iter().filter(|moment| **moment > last.newest).count();
        newer.max(cause.count.saturating_sub(last.count))
    }

    fn is_time(&self, cause: &Cause, unheard: usize, now: Timestamp, rhythm: Rhythm) -> bool {
        // A clock that was set back must not silence anybody for longer than the pause.
        let over = |last: &Last| now.duration_since(last.at).abs() >= rhythm.pause;
        let age = |moment: &Timestamp| now.duration_since(*moment);
        let quiet = |moment| age(moment).is_negative() || age(moment) >= rhythm.settle;
        let waited_for = |moment| age(moment) >= rhythm.settle.saturating_mul(10);
        let first = cause.moments.len().saturating_sub(unheard);
        self.0.get(&cause.name).is_none_or(over)
            && (cause.moments.last().is_none_or(quiet) || cause.moments.get(first).is_none_or(waited_for))
    }

    /// Follows what has been mended meanwhile, so that the next failure of the same cause is news again; still not before the
    /// pause is over.
    fn followed(&self, causes: &[Cause], now: Timestamp, rhythm: Rhythm) -> Self {
        let mut told = BTreeMap::new();
        for (name, last) in &self.0 {
            let open = causes.iter().find(|cause| cause.name == *name).map_or(0, |cause| cause.count);
            if open > 0 || now.duration_since(last.at).abs() < rhythm.pause {
                told.insert(name.clone(), Last { count: last.count.min(open), ..*last });
            }
        }
        Self(told)
    }
}

/// Decides whether a message is due, and makes it. All news goes into it as soon as one piece of it is due: what would have
/// waited for its own pause need not be a message of its own.
pub fn digest(findings: &Findings, told: &Told, now: Timestamp, rhythm: Rhythm) -> Digest {
    let causes = causes(findings);
    let mut after = told.followed(&causes, now, rhythm);
    let mut news = BTreeMap::new();
    let mut due = false;
    for cause in &causes {
        let unheard = told.unheard(cause);
        if unheard > 0 && cause.told {
            due |= told.is_time(cause, unheard, now, rhythm);
            news.insert(cause.name.clone(), unheard);
        }
    }
    if findings.outage.is_none() && told.has_told(OUTAGE) {
        news.insert(OUTAGE.to_owned(), 0);
        due = true;
    }
    if !due {
        return Digest { message: None, told: after };
    }
    for cause in causes.into_iter().filter(|cause| news.contains_key(&cause.name)) {
        let newest = cause.moments.last().copied().unwrap_or_default();
        after.0.insert(cause.name, Last { at: now, newest, count: cause.count });
    }
    Digest { message: Some(Message::new(findings, &news, now)), told: after }
}

/// The name of what keeps SAP from being read.
pub(crate) const STANDSTILL: &str = "standstill";
/// The name of Coupa being away.
pub(crate) const OUTAGE: &str = "outage";
/// The name of differences between both sides.
pub(crate) const DRIFT: &str = "drift";

fn causes(findings: &Findings) -> Vec<Cause> {
    let failures = findings.failures.iter().map(|one| Cause {
        name: one.code.number().to_owned(),
        moments: one.failed_at.clone(),
        count: one.count(),
        told: true,
    });
    let standstill = findings.standstill.iter().map(|one| Cause {
        name: STANDSTILL.to_owned(),
        moments: one.since.into_iter().collect(),
        count: 1,
        told: true,
    });
    let outage = findings.outage.iter().map(|one| Cause {
        name: OUTAGE.to_owned(),
        moments: vec![one.since],
        count: 1,
        told: one.is_long(),
    });
    let drift = findings.drift.iter().map(|one| Cause {
        name: DRIFT.to_owned(),
        moments: vec![one.compared_at],
        count: one.differences,
        told: true,
    });
    failures.chain(standstill).chain(outage).chain(drift).collect()
}

#[cfg(test)]
mod tests;
