//! Leases on documents, and the state store's trait.

use super::{
    EmbeddedStore,
    document::{self, ITEM_COLUMNS, ItemRow},
    finish,
    value::{from_nanos, to_json, to_nanos},
};
use crate::{DeadLetterRow, Finish, LeaseReply, LeaseRequest, StateStore, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use model::{Cursor, DocumentItem, DocumentKey, Fence, Lease, OpenAttempt, Parked};
use rusqlite::{Connection, OptionalExtension, params};

#[async_trait]
impl StateStore for EmbeddedStore {
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        let asked = requests.iter().map(Asked::new).collect::<Result<Vec<_>, _>>()?;
        let taken = self
            .write_durably(move |connection| {
                asked.iter().map(|asked| take(connection, asked)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        requests.iter().zip(taken).map(|(request, taken)| taken.reply(request)).collect()
    }

    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        let renewed = Lease { until, ..lease.clone() };
        let lease = lease.clone();
        self.write(move |connection| {
            let renewed = connection
                .prepare_cached(
                    "UPDATE document SET lease_until = ?3
                     WHERE key = ?1 AND fence = ?2 AND lease_until IS NOT NULL",
                )?
                .execute(params![lease.document.to_string(), lease.fence.0, to_nanos(until)])?;
            if renewed == 0 { Err(StoreError::Fenced(lease.document)) } else { Ok(()) }
        })
        .await?;
        Ok(renewed)
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        let finish = finish::EncodedFinish::new(finish)?;
        self.write_durably(move |connection| finish.write(connection)).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let leases =
            leases.iter().map(|lease| (lease.document.to_string(), lease.fence.0)).collect::<Vec<_>>();
        self.write(move |connection| {
            let mut release = connection.prepare_cached(
                "UPDATE document SET lease_owner = NULL, lease_until = NULL, open_attempt = NULL
                 WHERE key = ?1 AND fence = ?2 AND lease_until IS NOT NULL",
            )?;
            for (document, fence) in leases {
                release.execute(params![document, fence])?;
            }
            Ok(())
        })
        .await
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        let keys = documents.iter().map(DocumentKey::to_string).collect::<Vec<_>>();
        let rows = self.read(move |connection| document::items(connection, &keys)).await?;
        documents.iter().zip(rows).map(|(key, row)| row.map(|row| row.decode(key)).transpose()).collect()
    }

    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_until(now, limit).await
    }

    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        self.parked_for(document).await
    }

    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError> {
        self.take_off_parked(parked).await
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.first_parked().await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_until(Timestamp::MAX, limit).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.dead_letter_rows().await
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        self.read_cursor(name).await
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        self.write_cursor(name, cursor, revision).await
    }

    async fn record(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.read_record(name).await
    }

    async fn save_record(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        self.write_record(name, value).await
    }

    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&serde_json::Value>,
        value: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        self.exchange_record(name, seen, value).await
    }
}

/// A request for a lease as its columns.
struct Asked {
    key: String,
    kind: &'static str,
    owner: String,
    now: i64,
    until: i64,
    open_attempt: String,
}

impl Asked {
    fn new(request: &LeaseRequest) -> Result<Self, StoreError> {
        let open_attempt = OpenAttempt {
            started_at: request.now,
            owner: request.owner.clone(),
            correlation: request.correlation.clone(),
        };
        Ok(Self {
            key: request.document.to_string(),
            kind: request.document.kind.singular(),
            owner: request.owner.0.clone(),
            now: to_nanos(request.now),
            until: to_nanos(request.until),
            open_attempt: to_json(&open_attempt)?,
        })
    }
}

enum Taken {
    Lease { fence: u64, item: ItemRow },
    Held { until: i64 },
}

impl Taken {
    fn reply(self, request: &LeaseRequest) -> Result<LeaseReply, StoreError> {
        match self {
            Self::Held { until } => Ok(LeaseReply::Held { until: from_nanos(until)? }),
            Self::Lease { fence, item } => {
                let lease = Lease {
                    document: request.document.clone(),
                    owner: request.owner.clone(),
                    fence: Fence(fence),
                    until: request.until,
                };
                Ok(LeaseReply::Taken(lease, Box::new(item.decode(&request.document)?)))
            }
        }
    }
}

/// Takes the lease if it is free or has run out. An attempt that nobody ended becomes *unknown* in the same stroke.
fn take(connection: &Connection, asked: &Asked) -> Result<Taken, StoreError> {
    let mut take = connection.prepare_cached(&format!(
        "INSERT INTO document (key, kind, fence, lease_owner, lease_until, open_attempt)
         VALUES (?1, ?2, 1, ?3, ?4, ?5)
         ON CONFLICT (key) DO UPDATE SET
             fence = fence + 1,
             lease_owner = excluded.lease_owner,
             lease_until = excluded.lease_until,
             unknown = coalesce(open_attempt, unknown),
             unfinished = unfinished + (open_attempt IS NOT NULL),
             open_attempt = excluded.open_attempt
         WHERE lease_until IS NULL OR lease_until <= ?6
         RETURNING fence, {ITEM_COLUMNS}"
    ))?;
    let values = params![asked.key, asked.kind, asked.owner, asked.until, asked.open_attempt, asked.now];
    let taken = take
        .query_row(values, |row| Ok(Taken::Lease { fence: row.get(0)?, item: ItemRow::read(row, 1)? }))
        .optional()?;
    if let Some(taken) = taken {
        return Ok(taken);
    }
    let until = connection
        .prepare_cached("SELECT lease_until FROM document WHERE key = ?1")?
        .query_row([&asked.key], |row| row.get(0))?;
    Ok(Taken::Held { until })
}
