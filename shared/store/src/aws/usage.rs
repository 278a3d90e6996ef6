//! What the store has asked of DynamoDB: the cost, as far as it is the product's to save.

use aws_sdk_dynamodb::types::ConsumedCapacity;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What was asked of DynamoDB so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests.
    pub requests: u64,
    /// Items that were to be written, those refused by their condition included.
    pub item_writes: u64,
    /// Items that were asked for by their keys.
    pub item_reads: u64,
    /// Queries on a table or index.
    pub queries: u64,
    /// Capacity units in tenths, reads and writes, as DynamoDB reports them.
    pub tenths_of_units: u64,
}

/// Adds up [`Usage`].
#[derive(Debug, Default)]
pub(super) struct Meter {
    requests: AtomicU64,
    item_writes: AtomicU64,
    item_reads: AtomicU64,
    queries: AtomicU64,
    tenths_of_units: AtomicU64,
}

impl Meter {
    pub(super) fn wrote(&self, items: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.item_writes.fetch_add(items as u64, Relaxed);
    }

    pub(super) fn read(&self, items: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.item_reads.fetch_add(items as u64, Relaxed);
    }

    pub(super) fn queried(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.queries.fetch_add(1, Relaxed);
    }

    #[expect(
        clippy::float_arithmetic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the SDK has units as floating point numbers: small, positive, halves"
    )]
    pub(super) fn consumed<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        self.tenths_of_units.fetch_add((units * 10.0).round() as u64, Relaxed);
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            requests: self.requests.load(Relaxed),
            item_writes: self.item_writes.load(Relaxed),
            item_reads: self.item_reads.load(Relaxed),
            queries: self.queries.load(Relaxed),
            tenths_of_units: self.tenths_of_units.load(Relaxed),
        }
    }
}
