//! One token for the workers of many processes: who fetches it, who waits, and what a rotation costs.

use crate::support::{MemoryLedger, Seed, VirtualClock, settings};
use async_trait::async_trait;
use coupa::{Client, Error, Tally};
use futures::{FutureExt as _, future::join_all};
use model::{Clock, Code, Credential, CredentialError, Lane, LocalSecret, SharedSecret, SharedSecretError};
use secrecy::{ExposeSecret as _, SecretString};
use simulators::{company::master_data, coupa::Simulator, serve::InProcess};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use wire::{Limits, Request, Response, Transport, TransportError};

/// The cell of all workers, a few milliseconds away.
#[derive(Default)]
struct Table {
    clock: VirtualClock,
    cell: LocalSecret,
    loads: AtomicUsize,
    saves: AtomicUsize,
    broken: AtomicBool,
}

#[async_trait]
impl SharedSecret for Table {
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError> {
        self.clock.sleep(Duration::from_millis(5)).await;
        if self.broken.load(Relaxed) {
            return Err(SharedSecretError("no way to the table".to_owned()));
        }
        self.loads.fetch_add(1, Relaxed);
        self.cell.load().await
    }

    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError> {
        self.clock.sleep(Duration::from_millis(5)).await;
        self.saves.fetch_add(1, Relaxed);
        self.cell.save(value, revision).await
    }
}

struct Remembered {
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

/// Takes a while, and counts the token requests by what came of them.
struct Counted {
    clock: VirtualClock,
    coupa: InProcess<Simulator>,
    granted: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Counted {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let token = request.uri().path() == "/oauth2/token";
        self.clock.sleep(Duration::from_millis(if token { 400 } else { 40 })).await;
        let reply = self.coupa.send(request, limits).await?;
        if token {
            let count = if reply.status().is_success() { &self.granted } else { &self.refused };
            count.fetch_add(1, Relaxed);
        }
        Ok(reply)
    }
}

struct Fleet {
    clock: VirtualClock,
    sim: Simulator,
    table: Arc<Table>,
    secret: Arc<Mutex<String>>,
    granted: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    workers: Vec<Client>,
}

impl Fleet {
    fn new(workers: usize) -> Self {
        let clock = VirtualClock::default();
        let shared_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let simulated = simulators::coupa::Settings::default();
        let sim = Simulator::new(Arc::clone(&shared_clock), &master_data(), simulated);
        let table = Arc::new(Table { clock: clock.clone(), ..Table::default() });
        let secret = Arc::new(Mutex::new("coupa-secret".to_owned()));
        let (granted, refused) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (random, ledger) = (Seed::new(11), Arc::<MemoryLedger>::default());
        let workers = (0..workers)
            .map(|_| {
                let transport = Counted {
                    clock: clock.clone(),
                    coupa: InProcess::new(sim.clone(), Arc::clone(&shared_clock)),
                    granted: Arc::clone(&granted),
                    refused: Arc::clone(&refused),
                };
                let read = Mutex::new(secret.lock().unwrap().clone());
                let credential = Arc::new(Remembered { place: Arc::clone(&secret), read });
                let clock = Arc::clone(&shared_clock);
                let (table, ledger) = (Arc::clone(&table) as _, Arc::clone(&ledger) as _);
                Client::new(
                    settings(20),
                    Arc::new(transport),
                    clock,
                    random.clone(),
                    credential,
                    table,
                    ledger,
                )
                .unwrap()
            })
            .collect();
        Self { clock, sim, table, secret, granted, refused, workers }
    }

    /// Every worker reads at once, a few times.
    fn all_read(&self) -> Vec<Result<(), Error>> {
        let reads = self.workers.iter().flat_map(|worker| [read(worker), read(worker)]);
        self.clock.run(join_all(reads))
    }

    fn one_reads(&self, worker: usize) -> Result<(), Error> {
        self.clock.run(read(&self.workers[worker]))
    }

    fn pass(&self, time: Duration) {
        self.clock.run(self.clock.sleep(time));
    }

    fn rotate(&self) {
        "new-secret".clone_into(&mut self.secret.lock().unwrap());
        self.sim.configure(|settings| {
            "new-secret".clone_into(&mut settings.clients.get_mut("coupa-client").unwrap().secret);
        });
    }

    fn tokens(&self) -> (usize, usize) {
        (self.granted.load(Relaxed), self.refused.load(Relaxed))
    }

    /// Works until it has taken its turn to fetch a token, and is never heard of again.
    fn dies(&self, worker: usize) {
        let saves = self.table.saves.load(Relaxed);
        let watch = async {
            while self.table.saves.load(Relaxed) == saves {
                self.clock.sleep(Duration::from_millis(1)).await;
            }
            self.clock.sleep(Duration::from_millis(10)).await;
        };
        let work = read(&self.workers[worker]);
        self.clock.run(futures::future::select(work.boxed_local(), watch.boxed_local()).map(drop));
    }
}

async fn read(worker: &Client) -> Result<(), Error> {
    let tally = Tally::default();
    worker.find_suppliers(&tally.call(Lane::Live), &["V1".to_owned()]).await.map(drop)
}

fn all_good(results: Vec<Result<(), Error>>) {
    for result in results {
        result.unwrap();
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn one_token_serves_all_workers_and_costs_the_table_nothing_while_it_lasts() {
    let fleet = Fleet::new(8);
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (1, 0));
    let costs = || (fleet.table.loads.load(Relaxed), fleet.table.saves.load(Relaxed));
    let at_first = costs();
    for _ in 0..19 {
        fleet.pass(HOUR);
        all_good(fleet.all_read());
    }
    assert_eq!((costs(), fleet.tokens()), (at_first, (1, 0)));
    fleet.pass(HOUR);
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (2, 0));
}

#[test]
fn while_one_worker_renews_the_token_the_others_go_on_with_the_old_one() {
    let fleet = Fleet::new(2);
    all_good(fleet.all_read());
    fleet.pass(20 * HOUR);
    fleet.dies(0);
    let begun = fleet.clock.elapsed();
    for _ in 0..5 {
        fleet.one_reads(1).unwrap();
    }
    assert!(fleet.clock.elapsed().saturating_sub(begun) < Duration::from_secs(1));
    assert_eq!(fleet.tokens(), (1, 0));
    // The turn of the dead one ends.
    fleet.pass(Duration::from_secs(50));
    fleet.one_reads(1).unwrap();
    assert_eq!(fleet.tokens(), (2, 0));
}

#[test]
fn a_worker_that_dies_fetching_the_first_token_holds_the_others_up_for_a_while_only() {
    let fleet = Fleet::new(3);
    fleet.dies(0);
    let begun = fleet.clock.elapsed();
    let reads = (0..4).map(|_| read(&fleet.workers[1]));
    for result in fleet.clock.run(join_all(reads)) {
        assert_eq!(result.unwrap_err().failure().code, Code::CoupaUnreachable);
    }
    let waited = fleet.clock.elapsed().saturating_sub(begun).as_secs();
    assert!((15..18).contains(&waited), "{waited}");
    // Its own process is not held up.
    fleet.one_reads(0).unwrap();
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (1, 0));
}

#[test]
fn a_token_that_another_worker_has_replaced_is_not_replaced_again() {
    let fleet = Fleet::new(8);
    all_good(fleet.all_read());
    fleet.pass(HOUR);
    fleet.sim.revoke_tokens();
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (2, 0));
    // Two tokens have been revoked before the second worker looks again.
    fleet.pass(HOUR);
    fleet.sim.revoke_tokens();
    fleet.one_reads(0).unwrap();
    fleet.pass(HOUR);
    fleet.sim.revoke_tokens();
    fleet.one_reads(1).unwrap();
    assert_eq!(fleet.tokens(), (4, 0));
}

#[test]
fn a_secret_that_is_changed_while_we_run_fails_no_call() {
    let fleet = Fleet::new(8);
    all_good(fleet.all_read());
    fleet.pass(HOUR);
    fleet.rotate();
    fleet.sim.revoke_tokens();
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (2, 1), "one is refused, reads the secret again and goes on");
}

#[test]
fn one_refusal_is_enough_for_all_workers() {
    let fleet = Fleet::new(8);
    fleet.sim.configure(|settings| {
        "another".clone_into(&mut settings.clients.get_mut("coupa-client").unwrap().secret);
    });
    for _ in 0..3 {
        for result in fleet.all_read() {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::InvalidClient(_)) && !error.to_string().contains("coupa-secret"));
        }
        fleet.pass(Duration::from_secs(60));
    }
    assert_eq!(fleet.tokens(), (0, 1), "the same secret is not tried twice");
    "another".clone_into(&mut fleet.secret.lock().unwrap());
    fleet.pass(Duration::from_secs(600));
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (1, 2));
}

#[test]
fn a_fresh_token_of_another_worker_that_is_not_live_yet_is_waited_for() {
    let fleet = Fleet::new(4);
    fleet.sim.configure(|settings| settings.token_warm_up = Duration::from_secs(3));
    all_good(fleet.all_read());
    assert_eq!(fleet.tokens(), (1, 0));
}

#[test]
fn without_the_table_no_token_is_fetched() {
    let fleet = Fleet::new(1);
    fleet.table.broken.store(true, Relaxed);
    assert_eq!(fleet.one_reads(0).unwrap_err().failure().code, Code::StoreFailed);
    assert_eq!(fleet.tokens(), (0, 0));
    fleet.table.broken.store(false, Relaxed);
    fleet.one_reads(0).unwrap();
    // The old token does while there is no way to a new one.
    fleet.table.broken.store(true, Relaxed);
    fleet.pass(21 * HOUR);
    fleet.one_reads(0).unwrap();
}

#[test]
fn the_cell_holds_the_token_and_nothing_shows_it() {
    let fleet = Fleet::new(1);
    fleet.one_reads(0).unwrap();
    let (cell, _) = fleet.clock.run(fleet.table.cell.load()).unwrap();
    let cell = cell.unwrap();
    assert!(cell.expose_secret().contains("\"text\":\"ey") && !cell.expose_secret().contains("coupa-secret"));
    assert!(!format!("{cell:?}").contains("ey"));
}
