//! Queue, state store, audit trail and Coupa budget in one SQLite file: the single-machine edition.
//!
//! One thread owns the connection. What reaches it while it works shares one transaction, so that fifty documents
//! ending at once cost one write to the disk. Several processes may share the file.

mod audit;
mod budget;
mod cursor;
mod document;
mod finish;
mod lease;
mod open;
mod parked;
mod queue;
mod schema;
mod value;
mod worker;

#[cfg(test)]
mod plans;

pub use open::OpenError;

use crate::StoreError;
use model::{Code, ObjectKind};
use rusqlite::Connection;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use worker::{Kind, Worker};

/// The stores of the single-machine edition. Clones are handles on the same file and thread; the last one to go
/// waits until what was asked for is written.
#[derive(Clone, Debug)]
pub struct EmbeddedStore {
    worker: Arc<Worker>,
}

impl EmbeddedStore {
    /// Opens the file, and makes it where there is none: readable by its owner alone, with the newest schema.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::on(open::file(path.as_ref())?, &path.as_ref().display().to_string())
    }

    /// A store that is gone with its last handle, for tests and trials.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Self::on(open::memory()?, "memory")
    }

    fn on(connection: Connection, name: &str) -> Result<Self, OpenError> {
        let worker = Worker::start(connection)
            .map_err(|error| OpenError::Io { file: name.to_owned(), reason: error.to_string() })?;
        Ok(Self { worker: Arc::new(worker) })
    }

    /// Every document that was ever leased.
    pub async fn documents(&self) -> Result<Vec<model::DocumentKey>, StoreError> {
        self.read(document::documents).await
    }

    /// How many documents of each kind have a counterpart in Coupa.
    pub async fn link_counts(&self) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        self.read(document::link_counts).await
    }

    /// How many changes of each kind are in the queue, in somebody's hands or not.
    pub async fn queued_by_kind(&self) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        self.read(queue::by_kind).await
    }

    /// How many dead letters there are of each code.
    pub async fn dead_letter_counts(&self) -> Result<BTreeMap<Code, u64>, StoreError> {
        self.read(document::dead_letter_counts).await
    }

    /// Runs a request that changes nothing.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.worker.run(Kind::Read, work).await
    }

    /// Runs a request that writes what may be done again after a power cut.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.worker.run(Kind::Write, work).await
    }

    /// Runs a request that writes; when it comes back with `Ok`, what it wrote is on the disk.
    async fn write_durably<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.worker.run(Kind::Durable, work).await
    }
}
