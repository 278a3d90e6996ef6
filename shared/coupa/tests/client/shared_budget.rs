//! The budget of workers on many machines: large blocks, clocks that differ, a table that is some way off.

use crate::support::{MemoryLedger, Seed, Skewed, TOKEN, VirtualClock, settings, start};
use async_trait::async_trait;
use bytes::Bytes;
use coupa::{BudgetBlock, BudgetLedger, BudgetState, Client, Error, LedgerError, Settings, Supplier, Tally};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, CoupaId, Lane, LocalSecret, Random};
use secrecy::SecretString;
use std::{
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};
use wire::{Limits, Request, Response, Transport, TransportError};

/// A table some way off.
struct Far {
    clock: VirtualClock,
    ledger: MemoryLedger,
}

#[async_trait]
impl BudgetLedger for Far {
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        self.clock.sleep(Duration::from_millis(5)).await;
        self.ledger.load().await
    }

    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        self.clock.sleep(Duration::from_millis(8)).await;
        self.ledger.save(state, revision).await
    }
}

/// Answers after a while, and notes when each request arrived.
struct Coupa {
    clock: VirtualClock,
    random: Arc<Seed>,
    takes_ms: u64,
    arrivals: Mutex<Vec<Timestamp>>,
}

#[async_trait]
impl Transport for Coupa {
    async fn send(&self, request: Request, _: Limits) -> Result<Response, TransportError> {
        self.clock.sleep(Duration::from_millis(10 + self.random.next_u64() % 20)).await;
        self.arrivals.lock().unwrap().push(self.clock.now());
        self.clock.sleep(Duration::from_millis(self.takes_ms + self.random.next_u64() % 200)).await;
        let token = request.uri().path() == "/oauth2/token";
        Ok(http::Response::new(Bytes::from_static(if token { TOKEN } else { r#"{"id":1}"# }.as_bytes())))
    }
}

struct Fleet {
    clock: VirtualClock,
    table: Arc<Far>,
    coupa: Arc<Coupa>,
    workers: Vec<Client>,
}

impl Fleet {
    /// One worker for each clock, which is so many milliseconds ahead of ours.
    fn new(per_second: u32, ahead_ms: &[i64]) -> Self {
        Self::with(per_second, ahead_ms, 100)
    }

    fn with(per_second: u32, ahead_ms: &[i64], takes_ms: u64) -> Self {
        let clock = VirtualClock::default();
        let table = Arc::new(Far { clock: clock.clone(), ledger: MemoryLedger::default() });
        let random = Seed::new(5);
        let coupa = Arc::new(Coupa {
            clock: clock.clone(),
            random: random.clone(),
            takes_ms,
            arrivals: Mutex::default(),
        });
        let cell = Arc::new(LocalSecret::default());
        let workers = ahead_ms
            .iter()
            .map(|ahead_ms| {
                let ahead = SignedDuration::from_millis(*ahead_ms);
                let skewed = Arc::new(Skewed { clock: clock.clone(), ahead });
                let secret = Arc::new(SecretString::from("coupa-secret"));
                let settings = Settings { budget_block: BudgetBlock::Large, ..settings(per_second) };
                let (cell, table) = (Arc::clone(&cell) as _, Arc::clone(&table) as _);
                Client::new(settings, Arc::clone(&coupa) as _, skewed, random.clone(), secret, cell, table)
                    .unwrap()
            })
            .collect();
        Self { clock, table, coupa, workers }
    }

    /// Each worker has so many documents of two calls side by side, again and again; answers the calls made.
    fn work(&self, lane: Lane, side_by_side: usize, seconds: u64) -> usize {
        let until = Duration::from_secs(seconds);
        let tally = Tally::default();
        let document = async |worker: &Client| {
            while self.clock.elapsed() < until {
                let call = tally.call(lane);
                worker.get::<Supplier>(&call, CoupaId(1)).await.unwrap();
            }
        };
        let work = self.workers.iter().flat_map(|worker| (0..side_by_side).map(|_| document(worker)));
        self.clock.run(join_all(work));
        usize::try_from(tally.made()).unwrap()
    }

    fn draws(&self) -> usize {
        usize::try_from(self.table.ledger.saves.load(Relaxed)).unwrap()
    }

    fn most_within(&self, window: Duration) -> usize {
        let window = SignedDuration::try_from(window).unwrap();
        let mut arrivals = self.coupa.arrivals.lock().unwrap().clone();
        arrivals.sort();
        let (mut first, mut most) = (0, 0);
        for (last, at) in arrivals.iter().enumerate() {
            while at.duration_since(arrivals[first]) > window {
                first += 1;
            }
            most = most.max(last - first + 1);
        }
        most
    }
}

const SPREADS: [&[i64]; 4] = [&[0], &[0, 500], &[500, 0, 250], &[0, 100, 200, 300, 400, 500, 50, 450]];

#[test]
fn no_window_holds_more_than_its_share_though_clocks_differ_and_the_rate_is_spent_whole() {
    for per_second in [5, 20, 25] {
        for spread in SPREADS {
            for lane in [Lane::Live, Lane::Backfill] {
                let fleet = Fleet::new(per_second, spread);
                fleet.work(lane, 16, 30);
                let rate = usize::try_from(per_second).unwrap();
                for window_ms in [1_u64, 100, 500, 1_000, 2_000, 5_000, 20_000] {
                    let most = fleet.most_within(Duration::from_millis(window_ms));
                    let allowed = rate * usize::try_from(window_ms).unwrap() / 1_000 + 20;
                    assert!(most <= allowed, "{per_second}/s, {spread:?}: {most} in {window_ms} ms");
                }
                let end = start().checked_add(SignedDuration::from_secs(30)).unwrap();
                let spent = fleet.coupa.arrivals.lock().unwrap().iter().filter(|at| **at <= end).count();
                let most = rate * 30;
                println!("{per_second}/s, {spread:?}, {lane:?}: {spent} of {most}");
                assert!(spent * 100 >= most * 90, "{per_second}/s, {spread:?}, {lane:?}: {spent} of {most}");
            }
        }
    }
}

#[test]
fn sixteen_documents_side_by_side_cost_at_most_a_fifth_of_a_block_each() {
    for (spread, takes_ms) in SPREADS.into_iter().flat_map(|spread| [(spread, 100), (spread, 800)]) {
        for lane in [Lane::Live, Lane::Backfill] {
            let fleet = Fleet::with(20, spread, takes_ms);
            let calls = fleet.work(lane, 16, 120);
            let (draws, ledger) = (fleet.draws(), &fleet.table.ledger);
            let (loads, lost) = (ledger.loads.load(Relaxed), ledger.lost.load(Relaxed));
            // A document takes 2.1 calls.
            println!(
                "{spread:?}, {lane:?}, {takes_ms} ms: {calls} calls, {draws} blocks, {loads} reads, {lost} saves too late"
            );
            assert!(
                draws * 21 <= calls * 2,
                "{spread:?}, {lane:?}, {takes_ms} ms: {draws} blocks for {calls} calls"
            );
        }
    }
}

#[test]
fn a_worker_alone_draws_without_reading() {
    let fleet = Fleet::new(20, &[0]);
    fleet.work(Lane::Live, 16, 60);
    let loads = fleet.table.ledger.loads.load(Relaxed);
    assert!(loads <= 3 && fleet.draws() > 30, "{loads} reads for {} blocks", fleet.draws());
}

#[test]
fn a_document_alone_finds_slots_left_for_its_next_calls() {
    let fleet = Fleet::new(20, &[0]);
    let tally = Tally::default();
    let call = tally.call(Lane::Live);
    for _ in 0..10 {
        fleet.clock.run(async {
            fleet.clock.sleep(Duration::from_secs(60)).await;
            for _ in 0..3 {
                fleet.workers[0].get::<Supplier>(&call, CoupaId(1)).await.unwrap();
            }
        });
    }
    assert!(fleet.draws() <= 22, "{} blocks", fleet.draws());
}

#[test]
fn with_large_blocks_too_live_draws_before_backfill() {
    let fleet = Fleet::new(20, &[0, 0]);
    let (live, backfill) = (Tally::default(), Tally::default());
    let until = Duration::from_secs(60);
    let hungry = async |worker: usize, tally: &Tally, lane| {
        while fleet.clock.elapsed() < until {
            fleet.workers[worker].get::<Supplier>(&tally.call(lane), CoupaId(1)).await.unwrap();
        }
    };
    let work = (0..16).map(|_| async {
        futures::join!(hungry(0, &live, Lane::Live), hungry(1, &backfill, Lane::Backfill));
    });
    fleet.clock.run(join_all(work));
    assert!(backfill.made() * 10 <= live.made(), "live {}, backfill {}", live.made(), backfill.made());
}

#[test]
fn a_live_request_waits_no_longer_than_a_block_of_backfill() {
    let fleet = Fleet::new(20, &[0, 500]);
    let (live, backfill) = (Tally::default(), Tally::default());
    let until = Duration::from_secs(30);
    let hungry = async || {
        while fleet.clock.elapsed() < until {
            fleet.workers[1].get::<Supplier>(&backfill.call(Lane::Backfill), CoupaId(1)).await.unwrap();
        }
    };
    let trickle = async {
        while fleet.clock.elapsed() < until {
            let since = fleet.clock.elapsed();
            fleet.workers[0].get::<Supplier>(&live.call(Lane::Live), CoupaId(1)).await.unwrap();
            let took = fleet.clock.elapsed().saturating_sub(since);
            assert!(took < Duration::from_secs(2), "{took:?}");
            fleet.clock.sleep(Duration::from_millis(1_700)).await;
        }
    };
    let many = join_all((0..16).map(|_| hungry()));
    fleet.clock.run(async { futures::join!(many, trickle) });
}

#[test]
fn where_too_many_want_the_budget_a_call_is_given_back_instead_of_waiting() {
    let fleet = Fleet::new(20, &[0; 40]);
    let tally = Tally::default();
    let longest = Mutex::new(Duration::ZERO);
    let given_back = Mutex::new(0_u32);
    let one = async |worker: &Client| {
        let since = fleet.clock.elapsed();
        match worker.get::<Supplier>(&tally.call(Lane::Live), CoupaId(1)).await {
            Ok(_) => {}
            Err(Error::RateLimited { retry_after: Some(_) }) => *given_back.lock().unwrap() += 1,
            Err(error) => panic!("{error}"),
        }
        let mut longest = longest.lock().unwrap();
        *longest = fleet.clock.elapsed().saturating_sub(since).max(*longest);
    };
    let work = fleet.workers.iter().flat_map(|worker| (0..16).map(|_| one(worker)));
    fleet.clock.run(join_all(work));
    let (longest, given_back) = (longest.into_inner().unwrap(), given_back.into_inner().unwrap());
    assert!(given_back > 100 && tally.made() > 280, "{given_back} given back, {} made", tally.made());
    assert!(longest < Duration::from_secs(20), "{longest:?}");
}
