//! A document's row and item.

use super::value::{from_json, from_optional_json, to_json};
use crate::StoreError;
use model::{Code, DocumentItem, DocumentKey, ObjectKind};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

/// The columns that make up an item, in the order in which [`ItemRow::read`] takes them.
pub(super) const ITEM_COLUMNS: &str = "unknown, unfinished, parked, dead_letter, item";

/// An item as its columns. What the store itself writes or looks for has a column of its own; the rest is one JSON.
#[derive(Debug)]
pub(super) struct ItemRow {
    unknown: Option<String>,
    unfinished: u32,
    parked: Option<String>,
    dead_letter: Option<String>,
    item: Option<String>,
}

impl ItemRow {
    /// Reads [`ITEM_COLUMNS`] that begin at the column `from`.
    pub(super) fn read(row: &Row<'_>, from: usize) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            unknown: row.get(from)?,
            unfinished: row.get(from + 1)?,
            parked: row.get(from + 2)?,
            dead_letter: row.get(from + 3)?,
            item: row.get(from + 4)?,
        })
    }

    pub(super) fn decode(&self, key: &DocumentKey) -> Result<DocumentItem, StoreError> {
        let what = key.to_string();
        let rest: Option<DocumentItem> = from_optional_json(&what, self.item.as_deref())?;
        Ok(DocumentItem {
            unknown: from_optional_json(&what, self.unknown.as_deref())?,
            unfinished: self.unfinished,
            parked: from_optional_json(&what, self.parked.as_deref())?,
            dead_letter: from_optional_json(&what, self.dead_letter.as_deref())?,
            ..rest.unwrap_or_default()
        })
    }
}

/// An item's columns, to be written.
pub(super) struct EncodedItem {
    pub(super) unknown: Option<String>,
    pub(super) unfinished: u32,
    pub(super) parked: Option<String>,
    pub(super) dead_letter: Option<String>,
    pub(super) item: String,
}

impl EncodedItem {
    pub(super) fn new(mut item: DocumentItem) -> Result<Self, StoreError> {
        let unknown = item.unknown.take().map(|unknown| to_json(&unknown)).transpose()?;
        let parked = item.parked.take().map(|parked| to_json(&parked)).transpose()?;
        let dead_letter = item.dead_letter.take().map(|letter| to_json(&letter)).transpose()?;
        let unfinished = std::mem::take(&mut item.unfinished);
        Ok(Self { unknown, unfinished, parked, dead_letter, item: to_json(&item)? })
    }
}

/// A document's key from its column.
pub(super) fn key(text: &str) -> Result<DocumentKey, StoreError> {
    text.parse().map_err(|error: model::ParseKeyError| StoreError::Corrupt(error.to_string()))
}

/// Items as they stand, in the order of the keys.
pub(super) fn items(connection: &Connection, keys: &[String]) -> Result<Vec<Option<ItemRow>>, StoreError> {
    let mut select =
        connection.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM document WHERE key = ?1"))?;
    let mut items = Vec::with_capacity(keys.len());
    for key in keys {
        items.push(select.query_row([key], |row| ItemRow::read(row, 0)).optional()?);
    }
    Ok(items)
}

pub(super) fn link_counts(connection: &Connection) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT kind, count(*) FROM document WHERE linked = 1 GROUP BY kind")?;
    let mut rows = select.query([])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(0)?;
        let kind = ObjectKind::parse(&kind)
            .ok_or_else(|| StoreError::Corrupt(format!("a document of kind {kind}")))?;
        counts.insert(kind, row.get(1)?);
    }
    Ok(counts)
}

/// Every document that was ever leased.
pub(super) fn documents(connection: &Connection) -> Result<Vec<DocumentKey>, StoreError> {
    let mut select = connection.prepare_cached("SELECT key FROM document ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(key(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(documents)
}

pub(super) fn dead_letter_counts(connection: &Connection) -> Result<BTreeMap<Code, u64>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT dead_code, count(*) FROM document WHERE dead_at IS NOT NULL GROUP BY dead_code",
    )?;
    let mut rows = select.query([])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let code: String = row.get(0)?;
        let code = from_json("a dead letter's code", &format!("\"{code}\""))?;
        counts.insert(code, row.get(1)?);
    }
    Ok(counts)
}
