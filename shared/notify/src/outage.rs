//! How long SAP or Coupa has been away. Whoever works with a system notes that a try failed for that, and the first success after it; all
//! processes share the record, and people are told once for the whole outage.

use jiff::{SignedDuration, Timestamp};
use model::{AuditOutcome, Code};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{StateStore, StoreError};

/// Shorter ones are nobody's business: work goes on by itself.
const LONG: SignedDuration = SignedDuration::from_mins(15);
/// A failure after a longer silence begins an outage of its own. What waits is tried at least every hour.
const SILENCE: SignedDuration = SignedDuration::from_hours(24);
/// A process that fails again and again notes it so often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// A process that succeeds again and again looks so often whether another has noted an outage.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// A system that nothing goes on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// SAP's Service Layer.
    Sap,
    /// Coupa.
    Coupa,
}

impl System {
    const fn record(self) -> &'static str {
        match self {
            Self::Sap => "outage/sap",
            Self::Coupa => "outage/coupa",
        }
    }

    /// Whether a failure with this code says that the system is away, or lets us in no more. A log-in that SAP refuses has a record
    /// of its own, and being slowed down is no outage.
    const fn is_away(self, code: Code) -> bool {
        match self {
            Self::Sap => matches!(code, Code::SapUnreachable | Code::SapBadReply),
            Self::Coupa => matches!(
                code,
                Code::CoupaUnreachable
                    | Code::CoupaTokenRefused
                    | Code::CoupaScopeMissing
                    | Code::CoupaBadReply
                    | Code::CoupaOutcomeUnknown
            ),
        }
    }
}

/// A system is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// How the last try ended.
    pub code: Code,
    /// The first try that failed, with no success since. The same moment is the same outage.
    pub since: Timestamp,
    /// The last one.
    pub last: Timestamp,
}

impl Outage {
    /// What is noted of this system. What another version wrote in another shape counts as nothing.
    pub async fn read(state: &dyn StateStore, system: System) -> Result<Option<Self>, StoreError> {
        let record = state.record(system.record()).await?;
        Ok(record.and_then(|record| serde_json::from_value(record).ok()))
    }

    /// Whether people should know. A single try that failed is no outage, however long ago it was.
    pub fn is_long(&self) -> bool {
        self.last.duration_since(self.since) >= LONG
    }
}

/// Watches over one system, for a process that works with it. Nothing here costs the work anything: what can't be noted is noted the
/// next time.
#[derive(Debug)]
pub struct Watch {
    system: System,
    seen: Mutex<Seen>,
}

/// What this process has noted, and when.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    worked: Option<Timestamp>,
    failed: Option<Timestamp>,
}

impl Watch {
    /// Over this system.
    pub fn over(system: System) -> Self {
        Self { system, seen: Mutex::default() }
    }

    /// Attempts have ended so. One that wrote shows that both systems are there.
    pub async fn attempts(
        &self,
        state: &dyn StateStore,
        ended: impl IntoIterator<Item = (AuditOutcome, Option<Code>)>,
        now: Timestamp,
    ) {
        let mut away = None;
        for (outcome, code) in ended {
            if matches!(outcome, AuditOutcome::Created | AuditOutcome::Updated) {
                return self.works(state, now).await;
            }
            away = away.or(code.filter(|code| self.system.is_away(*code)));
        }
        if let Some(code) = away {
            self.fails(state, code, now).await;
        }
    }

    /// A poll asked the system so often, and failed for that if it did.
    pub async fn poll(&self, state: &dyn StateStore, calls: u32, failed: Option<Code>, now: Timestamp) {
        match failed {
            Some(code) => self.fails(state, code, now).await,
            None if calls > 0 => self.works(state, now).await,
            None => {}
        }
    }

    /// A try failed with this code, whatever it was about.
    pub async fn fails(&self, state: &dyn StateStore, code: Code, now: Timestamp) {
        if !self.system.is_away(code) || is_recent(self.seen().failed, now, NOTED_EVERY) {
            return;
        }
        let noted = async {
            let before = Outage::read(state, self.system).await?;
            let before = before.filter(|before| now.duration_since(before.last).abs() < SILENCE);
            let since = before.map_or(now, |before| before.since.min(now));
            let record = serde_json::to_value(Outage { code, since, last: now });
            let record = record.map_err(|error| StoreError::Corrupt(error.to_string()))?;
            state.save_record(self.system.record(), Some(&record)).await
        };
        self.keep(noted.await, Seen { worked: None, failed: Some(now) });
    }

    /// The system did what it was asked.
    pub async fn works(&self, state: &dyn StateStore, now: Timestamp) {
        if is_recent(self.seen().worked, now, LOOKED_EVERY) {
            return;
        }
        let noted = async {
            if let Some(outage) = Outage::read(state, self.system).await? {
                tracing::info!(system = ?self.system, since = %outage.since, "it is there again");
                state.save_record(self.system.record(), None).await?;
            }
            Ok(())
        };
        self.keep(noted.await, Seen { worked: Some(now), failed: None });
    }

    fn keep(&self, noted: Result<(), StoreError>, seen: Seen) {
        match noted {
            Ok(()) => *self.seen() = seen,
            Err(error) => {
                tracing::debug!(%error, system = ?self.system, "how it was found could not be noted");
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(moment: Option<Timestamp>, now: Timestamp, within: SignedDuration) -> bool {
    moment.is_some_and(|moment| now.duration_since(moment).abs() < within)
}

#[cfg(test)]
mod tests;
