//! Signs what of the audit trail is about to expire, day by day, as it was seen whole. Without that nobody could tell later what
//! expired from what somebody took out.

use crate::Reconciler;
use certificate::{DayLetGo, Key};
use functions::{Deadline, store_failed};
use jiff::{SignedDuration, ToSpan as _, civil::Date, tz::Offset};
use model::{Code, Failure};
use pipeline::audit_chain::Runs;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What has been signed, and how long entries of which days are kept: a record in the state store.
const RECORD: &str = "audit/let-go";
/// Days before the first of its entries expires, a day is signed: two nights may fail.
const AHEAD_DAYS: i64 = 3;
/// So much time is left to the comparison.
const FOR_COMPARISON: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ledger {
    /// Looked at, and signed where they had entries.
    signed: BTreeSet<Date>,
    /// From which day on entries were kept for so many days. Each has its end from when it was written, whatever holds today.
    kept: BTreeMap<Date, i64>,
}

impl Ledger {
    /// Notes how long what is written today is kept.
    fn note(&mut self, today: Date, days: i64) {
        if self.kept.values().next_back() != Some(&days) {
            self.kept.insert(today, days);
        }
    }

    /// For how many days the first entry of this day that goes is kept. What was changed is noted the night after: its last day
    /// counts for both.
    fn kept_for(&self, day: Date) -> Option<i64> {
        let mut shortest = None;
        let ends = self.kept.keys().skip(1).map(Some).chain([None]);
        for ((from, days), end) in self.kept.iter().zip(ends) {
            let begins_before = self.kept.keys().next() == Some(from) || *from <= next(day);
            if begins_before && end.is_none_or(|end| day <= *end) {
                shortest = Some(shortest.map_or(*days, |other: i64| other.min(*days)));
            }
        }
        shortest
    }

    /// Whether the day must be signed by now. One that isn't over has more to come.
    fn is_due(&self, day: Date, today: Date) -> bool {
        let expires = self.kept_for(day).and_then(|kept| day.checked_add(kept.days()).ok());
        let soon = today.checked_add(AHEAD_DAYS.days()).unwrap_or(Date::MAX);
        day < today && !self.signed.contains(&day) && expires.is_some_and(|expires| expires <= soon)
    }
}

fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(day)
}

impl Reconciler {
    /// Signs each day that falls due before long. A day is kept once: what was seen first was more.
    pub(crate) async fn sign_what_expires(&self, key: &Key, deadline: Deadline) -> Result<(), Failure> {
        let Some(kept) = self.trail.kept_for() else { return Ok(()) };
        let clock = self.pipeline.clock.as_ref();
        let today = Offset::UTC.to_datetime(clock.now()).date();
        let before = self.ledger().await?;
        let mut ledger = before.clone();
        ledger.note(today, days(kept));
        if ledger != before {
            self.save(&ledger).await?;
        }
        for day in self.trail.days().await.map_err(|error| failed(error.to_string()))? {
            if !ledger.is_due(day, today) {
                continue;
            }
            if deadline.earlier(FOR_COMPARISON).is_over(clock) {
                return Err(failed(format!("there was no time for {day}; the next night goes on")));
            }
            self.sign(day, key).await?;
            ledger.signed.insert(day);
            self.save(&ledger).await?;
        }
        Ok(())
    }

    async fn sign(&self, day: Date, key: &Key) -> Result<(), Failure> {
        let (mut runs, mut entries) = (Runs::default(), 0_u64);
        let mut take = |entry: model::AuditEntry| {
            entries += 1;
            if let Err(broken) = runs.add(&entry) {
                let (document, reason) = (entry.document.to_string(), broken.to_string());
                tracing::error!(document, reason, "an entry of the audit trail is not what was written");
            }
        };
        self.trail.of_day(day, &mut take).await.map_err(|error| failed(error.to_string()))?;
        let runs = runs.by_document();
        if runs.is_empty() {
            return Ok(());
        }
        let (made_at, company) = (self.pipeline.clock.now(), self.config.sap.company_db.to_string());
        let documents = runs.len();
        let file = DayLetGo { made_at, company, day, runs }.file(key);
        let file = file.map_err(|error| failed(error.to_string()))?;
        let new = self.folder.keep_once(&file).await.map_err(failed)?;
        tracing::info!(%day, documents, entries, new, "what expires of the audit trail was signed");
        Ok(())
    }

    /// One that another version wrote in another shape counts as none: then days are looked at once more, and kept as they are.
    async fn ledger(&self) -> Result<Ledger, Failure> {
        let record = self.pipeline.state.record(RECORD).await;
        let record = record.map_err(|error| store_failed(&error))?;
        Ok(record.and_then(|record| serde_json::from_value(record).ok()).unwrap_or_default())
    }

    async fn save(&self, ledger: &Ledger) -> Result<(), Failure> {
        let record = serde_json::to_value(ledger).map_err(|error| failed(error.to_string()))?;
        let saved = self.pipeline.state.save_record(RECORD, Some(&record)).await;
        saved.map_err(|error| store_failed(&error))
    }
}

fn days(kept: SignedDuration) -> i64 {
    kept.as_hours() / 24
}

fn failed(why: String) -> Failure {
    Failure::new(Code::TrailNotSigned, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_due_three_days_before_it_goes_and_not_twice() {
        let mut ledger = Ledger::default();
        ledger.note(date("2026-11-01"), 30);
        let day = date("2026-11-05");
        assert!(!ledger.is_due(day, date("2026-12-01")));
        assert!(ledger.is_due(day, date("2026-12-02")));
        assert!(ledger.is_due(day, date("2027-06-01")), "late rather than never");
        ledger.signed.insert(day);
        assert!(!ledger.is_due(day, date("2026-12-02")));
        let mut short = Ledger::default();
        short.note(day, 1);
        assert!(!short.is_due(day, day), "it isn't over");
    }

    #[test]
    fn entries_go_when_it_was_said_that_they_would_whatever_is_said_later() {
        let mut ledger = Ledger::default();
        ledger.note(date("2026-11-01"), 30);
        ledger.note(date("2026-11-02"), 30);
        ledger.note(date("2026-11-10"), 2_555);
        ledger.note(date("2026-11-20"), 7);
        assert_eq!(ledger.kept.len(), 3);
        let kept = |day: &str| ledger.kept_for(date(day)).unwrap();
        assert_eq!((kept("2025-01-01"), kept("2026-11-08"), kept("2026-11-10")), (30, 30, 30));
        // Changed some time before the night of the 20th, which was the first to see it.
        assert_eq!((kept("2026-11-11"), kept("2026-11-18"), kept("2026-11-19")), (2_555, 2_555, 7));
        assert_eq!(kept("2027-01-01"), 7);
        assert_eq!(Ledger::default().kept_for(date("2026-11-10")), None);
    }
}
