//! Coupa's budget, shared by every function.

use super::{
    AwsStore,
    value::{from_json, to_json},
};
use crate::StoreError;
use async_trait::async_trait;
use coupa::{BudgetLedger, BudgetState, LedgerError};

const BUDGET: &str = "budget";

#[async_trait]
impl BudgetLedger for AwsStore {
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        let (value, revision) = self.dynamo.load_revised(BUDGET).await.map_err(failed)?;
        let state = value.map(|json| from_json(BUDGET, &json)).transpose().map_err(failed)?;
        Ok((state.unwrap_or_default(), revision))
    }

    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        let body = to_json(state).map_err(failed)?;
        self.dynamo.save_revised(BUDGET, &body, revision).await.map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn failed(error: StoreError) -> LedgerError {
    LedgerError(error.to_string())
}
