//! Parked changes and dead letters.

use super::{
    EmbeddedStore, document,
    value::{from_json, from_nanos, limit, to_nanos},
};
use crate::{DeadLetterRow, StoreError};
use jiff::Timestamp;
use model::{DocumentKey, Parked};
use rusqlite::params;

pub(super) const DUE: &str =
    "SELECT parked FROM document WHERE parked_due <= ?1 ORDER BY parked_due, id LIMIT ?2";
pub(super) const WAITING: &str =
    "SELECT parked FROM document WHERE parked_waits_for = ?1 ORDER BY parked_due, id";
pub(super) const NEXT_DUE: &str = "SELECT min(parked_due) FROM document WHERE parked_due IS NOT NULL";
pub(super) const DEAD: &str =
    "SELECT key, number, dead_letter FROM document WHERE dead_at IS NOT NULL ORDER BY dead_at, dead_code, id";

impl EmbeddedStore {
    /// Parked changes due at `until` or before, earliest first.
    pub(super) async fn parked_until(&self, until: Timestamp, max: usize) -> Result<Vec<Parked>, StoreError> {
        let parked = self
            .read(move |connection| {
                let mut select = connection.prepare_cached(DUE)?;
                let rows = select.query_map(params![to_nanos(until), limit(max)], |row| row.get(0))?;
                Ok(rows.collect::<Result<Vec<String>, _>>()?)
            })
            .await?;
        parked.iter().map(|parked| from_json("a parked change", parked)).collect()
    }

    /// Parked changes that wait for the document, earliest due first.
    pub(super) async fn parked_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        let document = document.to_string();
        let parked = self
            .read(move |connection| {
                let mut select = connection.prepare_cached(WAITING)?;
                let rows = select.query_map([document], |row| row.get(0))?;
                Ok(rows.collect::<Result<Vec<String>, _>>()?)
            })
            .await?;
        parked.iter().map(|parked| from_json("a parked change", parked)).collect()
    }

    pub(super) async fn take_off_parked(&self, parked: &[Parked]) -> Result<(), StoreError> {
        let parked = parked
            .iter()
            .map(|parked| (parked.change.document.to_string(), to_nanos(parked.due_at)))
            .collect::<Vec<_>>();
        self.write(move |connection| {
            let mut unpark = connection.prepare_cached(
                "UPDATE document SET parked = NULL, parked_due = NULL, parked_waits_for = NULL
                 WHERE key = ?1 AND parked_due = ?2",
            )?;
            for (document, due_at) in parked {
                unpark.execute(params![document, due_at])?;
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn first_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(NEXT_DUE)?
                .query_row([], |row| row.get::<_, Option<i64>>(0))?
                .map(from_nanos)
                .transpose()
        })
        .await
    }

    pub(super) async fn dead_letter_rows(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(DEAD)?;
            let mut rows = select.query([])?;
            let mut letters = Vec::new();
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                letters.push(DeadLetterRow {
                    document: document::key(&key)?,
                    number: row.get(1)?,
                    letter: from_json(&key, &row.get::<_, String>(2)?)?,
                });
            }
            Ok(letters)
        })
        .await
    }
}
