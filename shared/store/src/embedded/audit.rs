//! The audit trail.

use super::{
    EmbeddedStore, document,
    value::{from_json, limit, to_nanos},
};
use crate::{AuditFilter, AuditTrail, StoreError};
use async_trait::async_trait;
use model::{AuditEntry, DocumentKey, ObjectKind};
use rusqlite::{Params, params};

pub(super) const OF_DOCUMENT: &str = "SELECT body FROM audit WHERE document = ?1 ORDER BY at, id";
pub(super) const FAILED: &str =
    "SELECT body FROM audit WHERE failed = 1 AND at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2";
pub(super) const ALL: &str = "SELECT body FROM audit WHERE at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2";
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
                let bodies = select.query_map(values, |row| row.get(0))?;
                Ok(bodies.collect::<Result<Vec<String>, _>>()?)
            })
            .await?;
        bodies.iter().map(|body| from_json("an audit entry", body)).collect()
    }
}
