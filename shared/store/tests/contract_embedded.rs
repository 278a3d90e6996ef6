//! The one suite for all adapters, on SQLite: in a file with a connection for each handle, and in memory.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by failing")]

use async_trait::async_trait;
use model::Clock;
use store::{
    EmbeddedStore,
    contract::{Harness, VirtualClock},
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

    fn clock(&self) -> &dyn Clock {
        &self.clock
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

    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

mod on_disk {
    use super::OnDisk;
    store::contract_suite!(OnDisk::new());
}

mod in_memory {
    use super::InMemory;
    store::contract_suite!(InMemory::new());
}
