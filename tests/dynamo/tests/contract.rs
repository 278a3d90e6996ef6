//! The one suite for all adapters, on a DynamoDB in process that is as strict as the real one about conditions, sizes and
//! transactions.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use async_trait::async_trait;
use dynamo_tests::dynamo;
use model::{Clock, SharedSecret};
use std::sync::Arc;
use store::{
    aws::AwsStore,
    contract::{CellHarness, Harness, Place, emulator::FreshTables, expiring},
};

struct InProcess(FreshTables);

impl InProcess {
    async fn new() -> Self {
        Self(FreshTables::new(dynamo().await).await)
    }
}

impl Place for InProcess {
    fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }
}

#[async_trait]
impl Harness for InProcess {
    type Store = AwsStore;

    async fn handle(&self) -> AwsStore {
        self.0.store()
    }
}

#[async_trait]
impl CellHarness for InProcess {
    async fn cell(&self, name: &str) -> Arc<dyn SharedSecret> {
        Arc::new(self.0.store().shared_secret(name))
    }
}

#[tokio::test]
async fn a_day_of_the_trail_is_read_whole_and_no_other_is() {
    expiring::a_day_is_read_whole_and_no_other_is(&InProcess::new().await.0).await;
}

#[tokio::test]
async fn what_is_due_of_the_trail_no_longer_counts() {
    expiring::what_is_due_no_longer_counts(&InProcess::new().await.0).await;
}

store::contract_stores!(InProcess::new().await);
store::contract_cells!(InProcess::new().await);
