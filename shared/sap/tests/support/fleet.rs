//! Workers of many processes: one cell, one simulated company, and a clock that waits for them.

use super::{PASSWORD, Yielding, clock, settings};
use async_trait::async_trait;
use futures::{FutureExt as _, future::join_all};
use jiff::{SignedDuration, Timestamp};
use model::{
    Clock, Credential, CredentialError, LocalSecret, ObjectKind::PurchaseOrder, Random, SharedSecret,
    SharedSecretError,
};
use sap::{Client, Error};
use secrecy::SecretString;
use simulators::{clock::ManualClock, sap::Simulator, serve::InProcess};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// The cell of all workers. Others go first before it answers.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) cell: LocalSecret,
    pub(crate) loads: AtomicUsize,
    pub(crate) saves: AtomicUsize,
    pub(crate) broken: AtomicBool,
}

#[async_trait]
impl SharedSecret for Table {
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError> {
        tokio::task::yield_now().await;
        if self.broken.load(Relaxed) {
            return Err(SharedSecretError("no way to the table".to_owned()));
        }
        self.loads.fetch_add(1, Relaxed);
        self.cell.load().await
    }

    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError> {
        tokio::task::yield_now().await;
        self.saves.fetch_add(1, Relaxed);
        self.cell.save(value, revision).await
    }
}

/// A place that keeps the password, and a worker's memory of it.
pub(crate) struct Remembered {
    place: Arc<Mutex<String>>,
    read: Mutex<String>,
}

#[async_trait]
impl Credential for Remembered {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        Ok(SecretString::from(self.read.lock().unwrap().clone()))
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        let now = self.place.lock().unwrap().clone();
        self.read.lock().unwrap().clone_from(&now);
        Ok(SecretString::from(now))
    }
}

/// Stands still while anybody can go on, then moves to the next one who wakes up.
#[derive(Clone)]
pub(crate) struct Patient {
    clock: ManualClock,
    sleepers: Arc<Mutex<BTreeSet<(Timestamp, u64)>>>,
    next: Arc<AtomicU64>,
}

#[async_trait]
impl Clock for Patient {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, pause: Duration) {
        let until = self.now().checked_add(SignedDuration::try_from(pause).unwrap()).unwrap();
        let me = (until, self.next.fetch_add(1, Relaxed));
        self.sleepers.lock().unwrap().insert(me);
        loop {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let mut sleepers = self.sleepers.lock().unwrap();
            if self.now() >= until || sleepers.first() == Some(&me) {
                self.clock.set(self.now().max(until));
                sleepers.remove(&me);
                return;
            }
        }
    }
}

pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }
}

pub(crate) struct Fleet {
    pub(crate) sim: Simulator,
    pub(crate) clock: Patient,
    pub(crate) table: Arc<Table>,
    pub(crate) password: Arc<Mutex<String>>,
    pub(crate) workers: Vec<Client>,
}

impl Fleet {
    pub(crate) fn new(workers: usize) -> Self {
        Self::with(workers, PASSWORD)
    }

    pub(crate) fn with(workers: usize, password: &str) -> Self {
        let clock = Patient { clock: clock(), sleepers: Arc::default(), next: Arc::default() };
        let sim = Simulator::new(simulators::sap::Settings::default(), Arc::new(clock.clone()));
        let (table, password) = (Arc::<Table>::default(), Arc::new(Mutex::new(password.to_owned())));
        let random = Arc::new(Counting(AtomicU64::new(0)));
        let workers = (0..workers)
            .map(|_| {
                let transport = InProcess::new(sim.clone(), Arc::new(clock.clone()));
                let transport = Yielding { transport, now: AtomicUsize::new(0), most: Arc::default() };
                let read = Mutex::new(password.lock().unwrap().clone());
                let credential = Arc::new(Remembered { place: Arc::clone(&password), read });
                let (clock, random, table) = (Arc::new(clock.clone()), random.clone(), table.clone());
                Client::new(settings(), Arc::new(transport), clock, random, credential, table).unwrap()
            })
            .collect();
        Self { sim, clock, table, password, workers }
    }

    /// Every worker reads at once, a few times.
    pub(crate) async fn all_read(&self) -> Vec<Result<(), Error>> {
        join_all(self.workers.iter().flat_map(|worker| [read(worker), read(worker), read(worker)])).await
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.clock.advance(time);
    }

    pub(crate) fn costs(&self) -> (usize, usize) {
        (self.table.loads.load(Relaxed), self.table.saves.load(Relaxed))
    }
}

pub(crate) async fn read(worker: &Client) -> Result<(), Error> {
    worker.highest_entry(PurchaseOrder).await.map(drop)
}

/// Works until it has taken its turn to log in, and is never heard of again.
pub(crate) fn die_logging_in(fleet: &Fleet, worker: &Client) {
    let saves = fleet.table.saves.load(Relaxed);
    let mut work = Box::pin(read(worker));
    while fleet.table.saves.load(Relaxed) == saves {
        assert!((&mut work).now_or_never().is_none());
    }
    assert!((&mut work).now_or_never().is_none());
}
