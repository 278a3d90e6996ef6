//! The fakes keep what the stores promise: the one suite for all adapters, for both editions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use async_trait::async_trait;
use faults::{
    cloud::{Cloud, Edition, Store},
    exec::Time,
};
use jiff::{SignedDuration, Timestamp};
use model::Clock;
use std::{sync::Arc, time::Duration};
use store::contract::{Harness, Place, QueueHarness};

/// Moves the fakes' time when somebody sleeps.
struct ByHand(Arc<Time>);

#[async_trait]
impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, pause: Duration) {
        self.0.set(self.0.now() + SignedDuration::try_from(pause).unwrap());
    }
}

fn place(edition: Edition) -> (Arc<Cloud>, ByHand) {
    let time = Time::new(Timestamp::new(1_790_000_000, 123_456_789).unwrap());
    (Cloud::at_once(edition, Arc::clone(&time)), ByHand(time))
}

macro_rules! harness {
    ($name:ident, $edition:expr, $ordered:literal) => {
        struct $name(Arc<Cloud>, ByHand);

        impl $name {
            fn new() -> Self {
                let (cloud, clock) = place($edition);
                Self(cloud, clock)
            }
        }

        impl Place for $name {
            fn clock(&self) -> &dyn Clock {
                &self.1
            }
        }

        #[async_trait]
        impl Harness for $name {
            type Store = Store;

            async fn handle(&self) -> Store {
                self.0.handle(0)
            }
        }

        #[async_trait]
        impl QueueHarness for $name {
            type Queue = Store;
            const FOLDS: bool = $ordered;
            const ORDERS: bool = $ordered;

            async fn queue(&self) -> Store {
                self.0.handle(0)
            }
        }
    };
}

harness!(Machine, Edition::Machine, true);
harness!(Aws, Edition::Aws, false);

mod machine {
    use super::Machine;
    store::contract_stores!(Machine::new());
    store::contract_queue!(Machine::new());
}

mod aws {
    use super::Aws;
    store::contract_stores!(Aws::new());
    store::contract_queue!(Aws::new());
}
