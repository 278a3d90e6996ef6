//! By which way changes became known, and how soon they were in Coupa.

use crate::{CliResult, books::Books};
use jiff::{SignedDuration, Timestamp};
use model::{AuditEntry, AuditOutcome, Cause};
use serde_json::{Value, json};
use store::AuditFilter;

/// Looked at: attempts of the last day, and no more of them than this.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST: usize = 10_000;

/// The changes that one way brought to Coupa within the last day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// How many.
    pub changes: usize,
    /// From the notice to the write, in the middle and for all but one of a hundred. Milliseconds.
    pub lag_p50_ms: Option<i64>,
    pub lag_p99_ms: Option<i64>,
}

/// Both ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ways {
    pub webhook: Way,
    pub poll: Way,
    /// Of objects that SAP tells of: what the polls found all the same, because SAP did not tell, or later.
    pub missed: usize,
}

impl Ways {
    pub(super) async fn read(books: &Books, at: Timestamp) -> CliResult<Self> {
        let since = at.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let filter = AuditFilter { failed: false, since: Some(since), limit: MOST };
        Ok(Self::of(&books.audit.list(&filter).await?))
    }

    fn of(entries: &[AuditEntry]) -> Self {
        let wrote =
            |entry: &&AuditEntry| matches!(entry.outcome, AuditOutcome::Created | AuditOutcome::Updated);
        let by = |cause: Cause| entries.iter().filter(wrote).filter(move |entry| entry.cause == cause);
        let told_since = |entry: &AuditEntry| {
            let told = by(Cause::Webhook).filter(|told| told.document.kind == entry.document.kind);
            told.map(|told| told.at).min()
        };
        let missed = by(Cause::Poll).filter(|entry| told_since(entry).is_some_and(|since| since < entry.at));
        Self { webhook: Way::of(by(Cause::Webhook)), poll: Way::of(by(Cause::Poll)), missed: missed.count() }
    }

    pub(super) fn json(&self) -> Value {
        let way = |way: &Way| json!({"changes": way.changes, "lag_p50_ms": way.lag_p50_ms, "lag_p99_ms": way.lag_p99_ms});
        json!({"webhook": way(&self.webhook), "poll": way(&self.poll), "missed_by_webhook": self.missed})
    }

    /// One line for people.
    pub(super) fn text(&self) -> String {
        let way = |name: &str, way: &Way| match way.lag_p50_ms {
            Some(middle) => format!("{} by {name} ({} from notice to Coupa)", way.changes, seconds(middle)),
            None => format!("{} by {name}", way.changes),
        };
        let both = format!("{}, {} within a day", way("webhook", &self.webhook), way("polling", &self.poll));
        if self.missed == 0 {
            both
        } else {
            format!("{both}; {} of those SAP should have told of", self.missed)
        }
    }
}

fn seconds(ms: i64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

impl Way {
    fn of<'a>(entries: impl Iterator<Item = &'a AuditEntry>) -> Self {
        let (mut changes, mut lags) = (0, Vec::new());
        for entry in entries {
            changes += 1;
            let lag = entry.noticed_at.map(|noticed| entry.at.duration_since(noticed).as_millis());
            lags.extend(lag.and_then(|lag| i64::try_from(lag).ok()));
        }
        lags.sort_unstable();
        let at = |percent: usize| lags.get((lags.len().saturating_sub(1) * percent).div_ceil(100)).copied();
        Self { changes, lag_p50_ms: at(50), lag_p99_ms: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{attempt, before_noon};

    fn wrote(cause: Cause, minutes: i64, lag_seconds: i64) -> AuditEntry {
        let at = before_noon(minutes);
        let noticed_at = Some(at - SignedDuration::from_secs(lag_seconds));
        AuditEntry { cause, at, noticed_at, outcome: AuditOutcome::Updated, ..attempt() }
    }

    #[test]
    fn what_a_poll_found_after_sap_began_to_tell_was_missed() {
        let entries = [
            wrote(Cause::Poll, 50, 20),
            wrote(Cause::Webhook, 40, 1),
            wrote(Cause::Webhook, 30, 3),
            wrote(Cause::Poll, 20, 40),
            AuditEntry { outcome: AuditOutcome::Unchanged, ..wrote(Cause::Poll, 10, 1) },
        ];
        let ways = Ways::of(&entries);
        assert_eq!(ways.missed, 1);
        assert_eq!(
            (ways.webhook.changes, ways.webhook.lag_p50_ms, ways.webhook.lag_p99_ms),
            (2, Some(3_000), Some(3_000))
        );
        assert_eq!((ways.poll.changes, ways.poll.lag_p50_ms), (2, Some(40_000)));
        assert!(ways.text().ends_with("1 of those SAP should have told of"), "{}", ways.text());
        assert_eq!(Ways::of(&[]), Ways::default());
    }
}
