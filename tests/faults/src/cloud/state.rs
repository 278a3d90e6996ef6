//! The state store and the budget.

use super::{Edition, Fate, Store};
use crate::fault::Fault;
use async_trait::async_trait;
use coupa::{BudgetLedger, BudgetState, LedgerError};
use jiff::Timestamp;
use model::{Cursor, DocumentItem, DocumentKey, Lease, Parked};
use store::{DeadLetterRow, Finish, LeaseReply, LeaseRequest, StateStore, StoreError};

#[async_trait]
impl StateStore for Store {
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        let mut requests = requests.to_vec();
        let mut fate = self.state_fate(false);
        if let Fate::NotDone(_) = fate
            && self.cloud.edition == Edition::Aws
        {
            // Each is a write of its own: those before the one that failed are taken, and nobody knows.
            requests.truncate(self.cloud.faults.random(Fault::StoreThrottled).below(requests.len() + 1));
            fate = Fate::ReplyLost;
        }
        self.call("take leases", fate, move |inner, cloud| {
            Ok(requests.iter().map(|request| inner.take(cloud, request)).collect())
        })
        .await
    }

    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        let lease = lease.clone();
        self.call("renew", self.state_fate(false), move |inner, cloud| {
            cloud.faults.saw("lease renewed");
            inner.renew(&lease, until)
        })
        .await
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        self.call("finish", self.state_fate(true), move |inner, cloud| inner.finish(cloud, finish)).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let leases = leases.to_vec();
        self.call("release", self.state_fate(false), move |inner, _| {
            inner.release(&leases);
            Ok(())
        })
        .await
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        let documents = documents.to_vec();
        self.call("items", self.state_fate(false), move |inner, cloud| {
            let stale = cloud.edition == Edition::Aws && cloud.faults.hits(Fault::StaleRead);
            let now = cloud.time.now();
            let shown = |key| inner.rows.get(key).map(|row| row.shown(stale, now).clone());
            Ok(documents.iter().map(shown).collect())
        })
        .await
    }

    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_where("due", limit, move |parked| parked.due_at <= now).await
    }

    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        let document = document.clone();
        self.parked_where("waiting for", usize::MAX, move |parked| {
            parked.waits_for.as_ref() == Some(&document)
        })
        .await
    }

    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError> {
        let parked = parked.to_vec();
        self.call("unpark", self.state_fate(false), move |inner, cloud| {
            cloud.faults.saw("waiting, released");
            inner.unpark(&parked, cloud.time.now());
            Ok(())
        })
        .await
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.call("next parked", self.state_fate(false), |inner, _| Ok(inner.next_parked())).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_where("parked", limit, |_| true).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.call("dead letters", self.state_fate(false), |inner, cloud| {
            let row = |(key, item): (&DocumentKey, &DocumentItem)| {
                Some(DeadLetterRow {
                    document: key.clone(),
                    number: item.number.clone(),
                    letter: item.dead_letter.clone()?,
                })
            };
            let mut rows: Vec<DeadLetterRow> = inner.shown(cloud).filter_map(row).collect();
            rows.sort_by_key(|row| row.letter.at);
            Ok(rows)
        })
        .await
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        let name = name.to_owned();
        self.call("cursor", self.state_fate(false), move |inner, _| {
            Ok(inner.cursors.get(&name).cloned().unwrap_or_default())
        })
        .await
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        let (name, cursor) = (name.to_owned(), cursor.clone());
        self.call("save cursor", self.state_fate(false), move |inner, cloud| {
            let kept = inner.cursors.entry(name.clone()).or_default();
            if kept.1 != revision {
                cloud.faults.saw("cursor moved by another");
                return Err(StoreError::Conflict(format!("the cursor {name}")));
            }
            *kept = (cursor, revision + 1);
            Ok(revision + 1)
        })
        .await
    }

    async fn record(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
        let name = name.to_owned();
        self.call("record", self.state_fate(false), move |inner, _| Ok(inner.records.get(&name).cloned()))
            .await
    }

    async fn save_record(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.cloned());
        self.call("save record", self.state_fate(false), move |inner, _| {
            match value {
                Some(value) => inner.records.insert(name, value),
                None => inner.records.remove(&name),
            };
            Ok(())
        })
        .await
    }

    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&serde_json::Value>,
        value: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        let (name, seen, value) = (name.to_owned(), seen.cloned(), value.clone());
        self.call("replace record", self.state_fate(false), move |inner, _| {
            let as_seen = inner.records.get(&name) == seen.as_ref();
            if as_seen {
                inner.records.insert(name, value);
            }
            Ok(as_seen)
        })
        .await
    }
}

impl Store {
    async fn parked_where(
        &self,
        what: &'static str,
        limit: usize,
        fits: impl Fn(&Parked) -> bool + Send + 'static,
    ) -> Result<Vec<Parked>, StoreError> {
        self.call(what, self.state_fate(false), move |inner, cloud| {
            let parked = inner.shown(cloud).filter_map(|(_, item)| item.parked.as_ref());
            let mut parked: Vec<Parked> = parked.filter(|parked| fits(parked)).cloned().collect();
            parked.sort_by_key(|parked| parked.due_at);
            parked.truncate(limit);
            Ok(parked)
        })
        .await
    }
}

#[async_trait]
impl BudgetLedger for Store {
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        let loaded =
            self.call("load budget", self.state_fate(false), |inner, _| Ok(inner.budget.clone())).await;
        loaded.map_err(|error| LedgerError(error.to_string()))
    }

    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        let state = state.clone();
        let saved = self.call("save budget", self.state_fate(false), move |inner, cloud| {
            let free = inner.budget.1 == revision;
            if free {
                inner.budget = (state, revision + 1);
            } else {
                cloud.faults.saw("budget drawn by another");
            }
            Ok(free)
        });
        saved.await.map_err(|error| LedgerError(error.to_string()))
    }
}
