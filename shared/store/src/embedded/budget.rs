//! Coupa's budget, shared by every process on the file.

use super::{
    EmbeddedStore,
    value::{from_json, to_json},
};
use crate::StoreError;
use async_trait::async_trait;
use coupa::{BudgetLedger, BudgetState, LedgerError};
use rusqlite::{OptionalExtension, params};

#[async_trait]
impl BudgetLedger for EmbeddedStore {
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        let row = self
            .read(|connection| {
                let mut select =
                    connection.prepare_cached("SELECT body, revision FROM budget WHERE id = 1")?;
                let row = select.query_row([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
                Ok(row.optional()?)
            })
            .await
            .map_err(failed)?;
        match row {
            Some((body, revision)) => Ok((from_json("the budget", &body).map_err(failed)?, revision)),
            None => Ok((BudgetState::default(), 0)),
        }
    }

    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        let body = to_json(state).map_err(failed)?;
        self.write(move |connection| {
            let sql = if revision == 0 {
                "INSERT INTO budget (id, body, revision) VALUES (1, ?1, ?2 + 1) ON CONFLICT DO NOTHING"
            } else {
                "UPDATE budget SET body = ?1, revision = ?2 + 1 WHERE id = 1 AND revision = ?2"
            };
            Ok(connection.prepare_cached(sql)?.execute(params![body, revision])? > 0)
        })
        .await
        .map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn failed(error: StoreError) -> LedgerError {
    LedgerError(error.to_string())
}
