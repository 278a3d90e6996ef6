//! The one suite for all adapters, on an emulator of AWS. Skipped where `AWS_ENDPOINT_URL` names none: a test must never
//! touch a real account.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what they expect by failing, and that they were skipped"
)]

#[path = "aws/cost.rs"]
mod cost;
#[path = "aws/queues.rs"]
mod queues;
#[path = "aws/secrets.rs"]
mod secrets;

use async_trait::async_trait;
use model::{Clock, SharedSecret};
use std::{env, sync::Arc};
use store::{
    aws::{Aws, AwsStore, SqsQueue},
    contract::{
        CellHarness, Harness, Place, QueueHarness,
        emulator::{FreshQueues, FreshTables},
    },
};

/// The emulator, if there is one.
async fn emulator() -> Option<Aws> {
    if env::var("AWS_ENDPOINT_URL").is_err() {
        println!("skipped: AWS_ENDPOINT_URL names no emulator");
        return None;
    }
    Some(Aws::from_env().await)
}

struct Tables(FreshTables);

impl Tables {
    async fn new() -> Option<Self> {
        Some(Self(FreshTables::new(emulator().await?).await))
    }
}

impl Place for Tables {
    fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }
}

#[async_trait]
impl Harness for Tables {
    type Store = AwsStore;

    async fn handle(&self) -> AwsStore {
        self.0.store()
    }
}

#[async_trait]
impl CellHarness for Tables {
    async fn cell(&self, name: &str) -> Arc<dyn SharedSecret> {
        Arc::new(self.0.store().shared_secret(name))
    }
}

struct Queues(FreshQueues);

impl Queues {
    async fn new() -> Option<Self> {
        Some(Self(FreshQueues::new(emulator().await?).await))
    }
}

impl Place for Queues {
    fn clock(&self) -> &dyn Clock {
        &self.0.clock
    }
}

/// SQS neither folds nor orders, and counts approximately.
#[async_trait]
impl QueueHarness for Queues {
    type Queue = SqsQueue;

    const FOLDS: bool = false;
    const ORDERS: bool = false;

    async fn queue(&self) -> SqsQueue {
        self.0.queue()
    }
}

macro_rules! or_skip {
    ($harness:expr) => {
        match $harness {
            Some(harness) => harness,
            None => return,
        }
    };
}

mod stores {
    use super::Tables;
    store::contract_stores!(or_skip!(Tables::new().await));
    store::contract_cells!(or_skip!(Tables::new().await));
}

mod trail {
    use super::Tables;
    use store::contract::expiring;

    #[tokio::test]
    async fn a_day_is_read_whole_and_no_other_is() {
        expiring::a_day_is_read_whole_and_no_other_is(&or_skip!(Tables::new().await).0).await;
    }

    #[tokio::test]
    async fn what_is_due_no_longer_counts() {
        expiring::what_is_due_no_longer_counts(&or_skip!(Tables::new().await).0).await;
    }
}

mod queue {
    use super::Queues;
    store::contract_queue!(or_skip!(Queues::new().await));
}
