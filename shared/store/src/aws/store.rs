//! The store itself, and the traits of the state store spread over its files.

use super::{Aws, TableNames, Usage, days::KnownDays, dynamo::Dynamo, shared::StoredCell};
use crate::{DeadLetterRow, Finish, LeaseReply, LeaseRequest, StateStore, StoreError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, CompanyDb, Cursor, DocumentItem, DocumentKey, Lease, Parked, Random};
use std::sync::{Arc, atomic::AtomicU64};

/// What is particular to one stack.
#[derive(Clone, Debug)]
pub struct AwsStoreSettings {
    /// The tables.
    pub tables: TableNames,
    /// Whose documents they hold.
    pub company: CompanyDb,
    /// How long audit entries are kept; `None` for good.
    pub audit_retention: Option<SignedDuration>,
}

/// State store, audit trail and Coupa budget of one company on two DynamoDB tables.
pub struct AwsStore {
    pub(super) dynamo: Arc<Dynamo>,
    pub(super) company: CompanyDb,
    pub(super) audit_retention: Option<SignedDuration>,
    /// Tells entries of one moment apart that were written under no lease.
    pub(super) sequence: AtomicU64,
    pub(super) days: KnownDays,
}

impl AwsStore {
    /// Asks nothing yet.
    pub fn new(
        aws: &Aws,
        settings: AwsStoreSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            dynamo: Arc::new(Dynamo::new(aws.dynamo(), settings.tables, clock, random)),
            company: settings.company,
            audit_retention: settings.audit_retention,
            sequence: AtomicU64::new(0),
            days: KnownDays::default(),
        }
    }

    /// A secret that all workers share, such as the SAP session. Encrypted at rest as the table is.
    pub fn shared_secret(&self, name: &str) -> StoredCell {
        StoredCell::new(Arc::clone(&self.dynamo), name)
    }

    /// What this store has asked of DynamoDB so far.
    pub fn usage(&self) -> Usage {
        self.dynamo.meter.usage()
    }
}

#[async_trait]
impl StateStore for AwsStore {
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        self.take_all(requests).await
    }

    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        self.prolong(lease, until).await
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        self.write_finish(finish).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.give_up(leases).await
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        self.read_items(documents).await
    }

    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_until(now, limit).await
    }

    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        self.parked_for(document).await
    }

    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError> {
        self.take_off_parked(parked).await
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.first_parked().await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.parked_until(Timestamp::MAX, limit).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.dead_letter_rows().await
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        self.read_cursor(name).await
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        self.write_cursor(name, cursor, revision).await
    }

    async fn record(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.read_record(name).await
    }

    async fn save_record(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        self.write_record(name, value).await
    }

    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&serde_json::Value>,
        value: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        self.exchange_record(name, seen, value).await
    }
}
