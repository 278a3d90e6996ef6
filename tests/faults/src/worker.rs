//! What a worker does all day, as `b1-coupa run` and the functions do: polls on a schedule, works the queue, releases
//! what is due.

use crate::{
    cloud::{Cloud, Store},
    exec::{Executor, Time},
    fault::{Fault, Faults},
    operator::Wishes,
};
use jiff::SignedDuration;
use model::ObjectKind;
use pipeline::Pipeline;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use store::StateStore as _;

/// Where a worker leaves word of a refused log-in for the one that comes after it.
pub const REFUSAL: &str = "sap-refusal";

/// One worker, alive.
pub struct Worker {
    /// Its pipeline.
    pub pipeline: Pipeline,
    /// Its way to the stores.
    pub store: Store,
    /// The stores themselves, to know without asking when there is something to do.
    pub cloud: Arc<Cloud>,
    /// The world's.
    pub time: Arc<Time>,
    /// The world's.
    pub faults: Arc<Faults>,
    /// Nothing fires at all.
    pub schedule_stands_still: Arc<AtomicBool>,
    /// Changes received at once.
    pub batch: usize,
    /// From one poll to the next.
    pub interval: SignedDuration,
    /// What people have it do.
    pub wishes: Wishes,
}

/// Starts what it does.
pub fn start(executor: &mut Executor, process: usize, worker: &Arc<Worker>, batches: usize, polls: bool) {
    for kind in ObjectKind::ALL.into_iter().filter(|_| polls) {
        let worker = Arc::clone(worker);
        executor.spawn(process, async move { worker.poll_on_schedule(kind).await });
    }
    for _ in 0..batches {
        let worker = Arc::clone(worker);
        executor.spawn(process, async move { worker.work_queue().await });
    }
    let worker = Arc::clone(worker);
    executor.spawn(process, async move { worker.release_on_schedule().await });
}

const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(5);
const RETRY_POLL: SignedDuration = SignedDuration::from_secs(90);
const RELEASE_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Who is asked to stop looks up at least this often.
const LONGEST_REST: SignedDuration = SignedDuration::from_secs(120);
/// Who has nothing to do is woken by what comes, and looks by itself only for what it wasn't told of.
const LONGEST_IDLE: SignedDuration = SignedDuration::from_secs(300);

impl Worker {
    /// Asked to end.
    pub fn stopping(&self) -> bool {
        self.pipeline.stopping.load(Relaxed)
    }

    async fn poll_on_schedule(&self, kind: ObjectKind) {
        while !self.stopping() {
            let fires = !self.schedule_stands_still.load(Relaxed) && !self.faults.hits(Fault::NotFired);
            let mut pause = self.interval;
            if fires {
                if self.faults.hits(Fault::FiredLate) {
                    let most = self.interval.as_secs();
                    let late = self.faults.random(Fault::FiredLate).between(1, most);
                    self.time.sleep(SignedDuration::from_secs(late)).await;
                }
                let went_well = if self.faults.hits(Fault::FiredTwice) {
                    let (one, other) = futures::join!(self.poll(kind), self.poll(kind));
                    one && other
                } else {
                    self.poll(kind).await
                };
                if !went_well {
                    pause = RETRY_POLL;
                }
            }
            self.rest(pause).await;
        }
    }

    async fn poll(&self, kind: ObjectKind) -> bool {
        loop {
            let polled = self.pipeline.poll(kind).await;
            if let Some(refusal) = self.pipeline.sap.refusal() {
                let record = serde_json::to_value(refusal).unwrap();
                drop(self.store.save_record(REFUSAL, Some(&record)).await);
            }
            match polled {
                Ok(report) if report.more && !self.stopping() => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
    }

    async fn work_queue(&self) {
        while !self.stopping() {
            match self.pipeline.work(self.batch).await {
                Ok(report) if report.received == 0 => self.cloud.idle(LONGEST_IDLE).await,
                Ok(_) => {}
                Err(_) => self.time.sleep(AFTER_FAILURE).await,
            }
        }
    }

    async fn release_on_schedule(&self) {
        while !self.stopping() {
            drop(self.pipeline.release_due().await);
            let now = self.time.now();
            let due = self.cloud.next_parked().unwrap_or(now + LONGEST_IDLE);
            let due = due.clamp(now + RELEASE_EVERY, now + LONGEST_IDLE);
            self.time.until(due).await;
        }
    }

    /// Sleeps, but not on for long after being asked to stop.
    pub async fn rest(&self, pause: SignedDuration) {
        let until = self.time.now() + pause;
        while !self.stopping() && self.time.now() < until {
            self.time.until(until.min(self.time.now() + LONGEST_REST)).await;
        }
    }
}
