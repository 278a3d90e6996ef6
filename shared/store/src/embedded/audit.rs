//! The audit trail.

use super::{
    EmbeddedStore, document,
    value::{from_json, limit, to_nanos},
};
use crate::{AuditFilter, AuditTrail, StoreError, packed::unpack};
use async_trait::async_trait;
use jiff::Timestamp;
use model::{AuditEntry, DocumentKey, ObjectKind};
use rusqlite::{Params, params};

pub(super) const OF_DOCUMENT: &str = "SELECT body, payload FROM audit WHERE document = ?1 ORDER BY at, id";
pub(super) const FAILED: &str =
    "SELECT body, payload FROM audit WHERE failed = 1 AND at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2";
pub(super) const ALL: &str =
    "SELECT body, payload FROM audit WHERE at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2";
pub(super) const LET_GO: &str = "UPDATE audit SET payload = NULL WHERE id IN
    (SELECT id FROM audit WHERE at < ?1 AND payload IS NOT NULL ORDER BY at LIMIT ?2)";
pub(super) const ANY_TO_LET_GO: &str =
    "SELECT EXISTS (SELECT 1 FROM audit WHERE at < ?1 AND payload IS NOT NULL)";
pub(super) const BY_NUMBER: &str =
    "SELECT document FROM number WHERE kind = ?1 AND number = ?2 ORDER BY document";

#[async_trait]
impl AuditTrail for EmbeddedStore {
    async fn of_document(&self, document: &DocumentKey) -> Result<Vec<AuditEntry>, StoreError> {
        self.entries(OF_DOCUMENT, [document.to_string()]).await
    }

    async fn find(&self, kind: ObjectKind, number: &str) -> Result<Vec<DocumentKey>, StoreError> {
        let number = number.to_owned();
        self.read(move |connection| {
            let mut select = connection.prepare_cached(BY_NUMBER)?;
            let mut rows = select.query(params![kind.singular(), number])?;
            let mut documents = Vec::new();
            while let Some(row) = rows.next()? {
                documents.push(document::key(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
            }
            Ok(documents)
        })
        .await
    }

    async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        // Each has an index that holds just these, in this order.
        let sql = if filter.failed { FAILED } else { ALL };
        let since = filter.since.map_or(i64::MIN, to_nanos);
        let mut newest_first = self.entries(sql, (since, limit(filter.limit))).await?;
        newest_first.reverse();
        Ok(newest_first)
    }
}

impl EmbeddedStore {
    async fn entries<P>(&self, sql: &'static str, values: P) -> Result<Vec<AuditEntry>, StoreError>
    where
        P: Params + Send + 'static,
    {
        let bodies = self
            .read(move |connection| {
                let mut select = connection.prepare_cached(sql)?;
                let bodies = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(bodies.collect::<Result<Vec<(String, Option<Vec<u8>>)>, _>>()?)
            })
            .await?;
        let entry = |(body, payload): (String, Option<Vec<u8>>)| {
            let mut entry: AuditEntry = from_json("an audit entry", &body)?;
            if let Some(payload) = payload {
                entry.sent = from_json("an audit entry", &unpack("an audit entry", &payload)?)?;
            }
            Ok(entry)
        };
        bodies.into_iter().map(entry).collect()
    }

    /// Whether what an attempt sent that ended before `before` is still kept.
    pub async fn payloads_due(&self, before: Timestamp) -> Result<bool, StoreError> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(ANY_TO_LET_GO)?;
            Ok(select.query_row([to_nanos(before)], |row| row.get(0))?)
        })
        .await
    }

    /// Lets go of what attempts sent that ended before `before`, of at most `most`, oldest first; says of how many. The
    /// entries stay, with the digest.
    pub async fn let_go_payloads(&self, before: Timestamp, most: usize) -> Result<usize, StoreError> {
        let values = (to_nanos(before), limit(most));
        self.write(move |connection| Ok(connection.prepare_cached(LET_GO)?.execute(values)?)).await
    }
}
