//! The one suite for all adapters, on SQLite: in a file with a connection for each handle, and in memory.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use async_trait::async_trait;
use model::{Clock, LocalSecret, SharedSecret};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use store::{
    EmbeddedStore,
    contract::{CellHarness, Harness, Place, QueueHarness, VirtualClock},
};
use tempfile::TempDir;

struct OnDisk {
    directory: TempDir,
    clock: VirtualClock,
}

impl OnDisk {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), clock: VirtualClock::default() }
    }
}

#[async_trait]
impl Harness for OnDisk {
    type Store = EmbeddedStore;

    async fn handle(&self) -> EmbeddedStore {
        EmbeddedStore::open(self.directory.path().join("store.db")).unwrap()
    }
}

#[async_trait]
impl Place for OnDisk {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

#[async_trait]
impl QueueHarness for OnDisk {
    type Queue = EmbeddedStore;

    async fn queue(&self) -> EmbeddedStore {
        self.handle().await
    }
}

struct InMemory {
    store: EmbeddedStore,
    clock: VirtualClock,
}

impl InMemory {
    fn new() -> Self {
        Self { store: EmbeddedStore::open_in_memory().unwrap(), clock: VirtualClock::default() }
    }
}

#[async_trait]
impl Harness for InMemory {
    type Store = EmbeddedStore;

    async fn handle(&self) -> EmbeddedStore {
        self.store.clone()
    }
}

#[async_trait]
impl Place for InMemory {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

#[async_trait]
impl QueueHarness for InMemory {
    type Queue = EmbeddedStore;

    async fn queue(&self) -> EmbeddedStore {
        self.handle().await
    }
}

/// What the single-machine edition shares between its tasks.
#[derive(Default)]
struct InProcess {
    cells: Mutex<BTreeMap<String, Arc<LocalSecret>>>,
    clock: VirtualClock,
}

#[async_trait]
impl Place for InProcess {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

#[async_trait]
impl CellHarness for InProcess {
    async fn cell(&self, name: &str) -> Arc<dyn SharedSecret> {
        Arc::clone(self.cells.lock().unwrap().entry(name.to_owned()).or_default()) as _
    }
}

mod in_process {
    use super::InProcess;
    store::contract_cells!(InProcess::default());
}

mod on_disk {
    use super::OnDisk;
    store::contract_stores!(OnDisk::new());
    store::contract_queue!(OnDisk::new());
}

mod in_memory {
    use super::InMemory;
    store::contract_stores!(InMemory::new());
    store::contract_queue!(InMemory::new());
}
