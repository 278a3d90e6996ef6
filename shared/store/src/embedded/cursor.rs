//! Cursors, and small records by name.

use super::{
    EmbeddedStore,
    value::{from_json, from_optional_json, to_json},
};
use crate::StoreError;
use model::Cursor;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

impl EmbeddedStore {
    pub(super) async fn read_cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        let wanted = name.to_owned();
        let row = self
            .read(move |connection| {
                let mut select =
                    connection.prepare_cached("SELECT body, revision FROM cursor WHERE name = ?1")?;
                let row = select.query_row([wanted], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
                Ok(row.optional()?)
            })
            .await?;
        match row {
            Some((body, revision)) => Ok((from_json(name, &body)?, revision)),
            None => Ok((Cursor::default(), 0)),
        }
    }

    pub(super) async fn write_cursor(
        &self,
        name: &str,
        cursor: &Cursor,
        revision: u64,
    ) -> Result<u64, StoreError> {
        let name = name.to_owned();
        let body = to_json(cursor)?;
        self.write_durably(move |connection| {
            let sql = if revision == 0 {
                "INSERT INTO cursor (name, body, revision) VALUES (?1, ?2, ?3 + 1) ON CONFLICT DO NOTHING"
            } else {
                "UPDATE cursor SET body = ?2, revision = ?3 + 1 WHERE name = ?1 AND revision = ?3"
            };
            match connection.prepare_cached(sql)?.execute(params![name, body, revision])? {
                0 => Err(StoreError::Conflict(format!("the cursor {name}"))),
                _ => Ok(revision + 1),
            }
        })
        .await
    }

    pub(super) async fn read_record(&self, name: &str) -> Result<Option<Value>, StoreError> {
        let wanted = name.to_owned();
        let body: Option<String> = self
            .read(move |connection| {
                let mut select = connection.prepare_cached("SELECT body FROM record WHERE name = ?1")?;
                Ok(select.query_row([wanted], |row| row.get(0)).optional()?)
            })
            .await?;
        from_optional_json(name, body.as_deref())
    }

    pub(super) async fn write_record(&self, name: &str, value: Option<&Value>) -> Result<(), StoreError> {
        let name = name.to_owned();
        let body = value.map(to_json).transpose()?;
        self.write_durably(move |connection| {
            match body {
                Some(body) => connection
                    .prepare_cached("INSERT OR REPLACE INTO record (name, body) VALUES (?1, ?2)")?
                    .execute(params![name, body])?,
                None => connection.prepare_cached("DELETE FROM record WHERE name = ?1")?.execute([name])?,
            };
            Ok(())
        })
        .await
    }

    pub(super) async fn exchange_record(
        &self,
        name: &str,
        seen: Option<&Value>,
        value: &Value,
    ) -> Result<bool, StoreError> {
        let (name, seen, body) = (name.to_owned(), seen.map(to_json).transpose()?, to_json(value)?);
        self.write_durably(move |connection| {
            let written = match seen {
                None => connection
                    .prepare_cached("INSERT INTO record (name, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                    .execute(params![name, body])?,
                Some(seen) => connection
                    .prepare_cached("UPDATE record SET body = ?2 WHERE name = ?1 AND body = ?3")?
                    .execute(params![name, body, seen])?,
            };
            Ok(written > 0)
        })
        .await
    }
}
