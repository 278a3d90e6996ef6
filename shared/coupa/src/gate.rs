use crate::{BudgetBlock, BudgetLedger, BudgetState, Error, LedgerError, Rate, ledger::Ledger, pacer};
use futures::future::{Either, select};
use jiff::Timestamp;
use model::{Clock, Lane, Random};
use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU32, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A longer pause than this is nothing to sit out with a lease in hand.
const PATIENCE: Duration = Duration::from_secs(15);
/// A ledger that so many others were quicker at is broken.
const SAVES: u32 = 64;

/// Where the requests of one process wait for their slots: live before backfill, otherwise first come, first
/// served. Only the first in line draws and sleeps.
pub(crate) struct Gate {
    interval_ns: i64,
    size: BudgetBlock,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ledger: Ledger,
    block: Mutex<Option<pacer::Block>>,
    /// The pause that Coupa asked this process for, which holds here also where the ledger could not be told.
    paused_until: Mutex<Timestamp>,
    first: tokio::sync::Mutex<()>,
    first_backfill: tokio::sync::Mutex<()>,
    live: Waiting,
    backfill: Waiting,
    waits: AtomicU64,
    waited_ms: AtomicU64,
}

/// How many wait, and word of the first that comes and the last that goes.
#[derive(Default)]
struct Waiting {
    count: AtomicU32,
    came: Notify,
    gone: Notify,
}

/// One that waits; counted until dropped.
struct Place<'a>(&'a Waiting);

impl Waiting {
    fn place(&self) -> Place<'_> {
        if self.count.fetch_add(1, SeqCst) == 0 {
            self.came.notify_waiters();
        }
        Place(self)
    }

    fn count(&self) -> u32 {
        self.count.load(SeqCst)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, SeqCst) == 1 {
            self.0.gone.notify_waiters();
        }
    }
}

/// What the first in line came to.
enum Turn {
    Slot,
    /// A live request came while backfill was waiting.
    Yield,
}

impl Gate {
    pub(crate) fn new(
        rate: Rate,
        size: BudgetBlock,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        ledger: Arc<dyn BudgetLedger>,
    ) -> Self {
        Self {
            interval_ns: rate.interval_ns(),
            size,
            clock,
            random,
            ledger: Ledger::new(ledger),
            block: Mutex::default(),
            paused_until: Mutex::new(Timestamp::MIN),
            first: tokio::sync::Mutex::default(),
            first_backfill: tokio::sync::Mutex::default(),
            live: Waiting::default(),
            backfill: Waiting::default(),
            waits: AtomicU64::new(0),
            waited_ms: AtomicU64::new(0),
        }
    }

    /// Comes back when a request may go out.
    pub(crate) async fn slot(&self, lane: Lane) -> Result<(), Error> {
        let nobody_waits = self.live.count() == 0 && (lane == Lane::Live || self.backfill.count() == 0);
        let since = self.clock.now();
        if nobody_waits && self.take(since) == pacer::Take::Due {
            return Ok(());
        }
        match lane {
            Lane::Live => {
                let _place = self.live.place();
                let _turn = self.first.lock().await;
                self.turn(lane).await?;
            }
            Lane::Backfill => {
                let _place = self.backfill.place();
                let _turn = self.first_backfill.lock().await;
                self.backfill_turn().await?;
            }
        }
        let waited = self.clock.now().duration_since(since).as_millis();
        if waited > 0 {
            self.waits.fetch_add(1, Relaxed);
            self.waited_ms.fetch_add(u64::try_from(waited).unwrap_or(0), Relaxed);
        }
        Ok(())
    }

    async fn backfill_turn(&self) -> Result<(), Error> {
        loop {
            let mut nobody_live = pin!(self.live.gone.notified());
            nobody_live.as_mut().enable();
            if self.live.count() > 0 {
                nobody_live.await;
                continue;
            }
            let _turn = self.first.lock().await;
            if let Turn::Slot = self.turn(Lane::Backfill).await? {
                return Ok(());
            }
        }
    }

    async fn turn(&self, lane: Lane) -> Result<Turn, Error> {
        loop {
            if lane == Lane::Backfill && self.live.count() > 0 {
                return Ok(Turn::Yield);
            }
            let now = self.clock.now();
            let until = match self.take(now) {
                pacer::Take::Due => return Ok(Turn::Slot),
                pacer::Take::At(slot) => Some(slot),
                pacer::Take::Empty => self.draw(lane).await?,
            };
            let Some(until) = until else { continue };
            let pause = pause(now, until);
            match lane {
                Lane::Live => self.clock.sleep(pause).await,
                Lane::Backfill => {
                    let mut live_came = pin!(self.live.came.notified());
                    live_came.as_mut().enable();
                    if self.live.count() > 0 {
                        return Ok(Turn::Yield);
                    }
                    if let Either::Left(_) = select(live_came, self.clock.sleep(pause)).await {
                        return Ok(Turn::Yield);
                    }
                }
            }
        }
    }

    fn take(&self, now: Timestamp) -> pacer::Take {
        if self.paused(now).is_some() {
            return pacer::Take::Empty;
        }
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        block.as_mut().map_or(pacer::Take::Empty, |block| block.take(now))
    }

    fn appetite(&self, now: Timestamp) -> u32 {
        let block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        match self.size {
            BudgetBlock::Small => 0,
            BudgetBlock::Large => block.as_ref().map_or(0, |block| block.appetite(now)),
        }
    }

    fn put(&self, new: Option<pacer::Block>) {
        *self.block.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    fn paused(&self, now: Timestamp) -> Option<Timestamp> {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        // A longer one than Coupa asks for comes from a clock that has been set back since.
        (until > now && until.duration_since(now) <= pacer::MOST_PAUSE).then_some(until)
    }

    /// Fetches the next block; or says until when there is none.
    async fn draw(&self, lane: Lane) -> Result<Option<Timestamp>, Error> {
        let now = self.clock.now();
        if let Some(until) = self.paused(now) {
            return sit_out(now, until);
        }
        for lost in 0..SAVES {
            let (state, revision) = self.ledger.latest().await?;
            let now = self.clock.now();
            let wanted = match lane {
                Lane::Live => self.live.count(),
                Lane::Backfill => self.backfill.count(),
            };
            let wanted = wanted.max(self.appetite(now));
            match pacer::draw(&state, now, self.interval_ns, self.size, lane, wanted) {
                // With a lease in hand and a deadline before it, a worker had better come again.
                pacer::Draw::Slots(block, _)
                    if self.size == BudgetBlock::Large && pause(now, block.begins()) > PATIENCE =>
                {
                    return Err(Error::RateLimited { retry_after: Some(pause(now, block.begins())) });
                }
                pacer::Draw::Slots(block, state) => {
                    if self.ledger.save(&state, revision).await? {
                        self.put(Some(block));
                        return Ok(None);
                    }
                    self.step_aside(lost).await;
                }
                pacer::Draw::NotBefore(then) => return Ok(Some(then)),
                pacer::Draw::Paused(until) => return sit_out(now, until),
            }
        }
        Err(contended().into())
    }

    /// Takes note of a 429, for everybody.
    pub(crate) async fn slow(&self, retry_after: Option<Duration>) -> Result<(), LedgerError> {
        self.pause_here(retry_after);
        for lost in 0..SAVES {
            let (state, revision) = self.ledger.load().await?;
            let slowed = pacer::slow(&state, self.clock.now(), self.interval_ns, retry_after);
            if self.ledger.save(&slowed, revision).await? {
                return Ok(());
            }
            self.step_aside(lost).await;
        }
        Err(contended())
    }

    fn pause_here(&self, retry_after: Option<Duration>) {
        self.put(None);
        let now = self.clock.now();
        let slowed = pacer::slow(&BudgetState::default(), now, self.interval_ns, retry_after);
        let until = self.paused(now).map_or(slowed.paused_until, |until| until.max(slowed.paused_until));
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Somebody was quicker. After a few times, give way for a moment.
    async fn step_aside(&self, lost: u32) {
        if lost > 3 {
            self.clock.sleep(Duration::from_micros(self.random.next_u64() % 5_000)).await;
        }
    }

    /// The shared state, and how many times over the rate is halved now.
    pub(crate) async fn state(&self) -> Result<(BudgetState, u8), LedgerError> {
        let (state, _) = self.ledger.load().await?;
        let halvings = pacer::halvings(&state, self.clock.now());
        Ok((state, halvings))
    }

    /// Requests that waited, and for how long together.
    pub(crate) fn waits(&self) -> (u64, u64) {
        (self.waits.load(Relaxed), self.waited_ms.load(Relaxed))
    }
}

/// Until when to sleep, unless that is too long.
fn sit_out(now: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, Error> {
    let rest = pause(now, until);
    if rest > PATIENCE { Err(Error::RateLimited { retry_after: Some(rest) }) } else { Ok(Some(until)) }
}

fn pause(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}

fn contended() -> LedgerError {
    LedgerError("others were quicker each time".to_owned())
}
