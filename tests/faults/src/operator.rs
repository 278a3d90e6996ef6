//! What the people who watch the connector have it do: they plan a replay and apply it, compare both sides and have repaired what
//! differs. Their wishes run in a worker's process, and die with it.

use crate::{fault::Fault, random::Random, worker::Worker};
use jiff::SignedDuration;
use model::{DocumentKey, ObjectKind};
use pipeline::{plan::Shadow, reconcile::Scope};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// What is under way.
#[derive(Default)]
pub struct Wishes {
    doing: AtomicU8,
    /// The process is to die soon: it has just begun with one.
    pub dies: AtomicBool,
}

const NOTHING: u8 = 0;
const APPLYING: u8 = 1;
const REPAIRING: u8 = 2;

impl Wishes {
    /// What a death now interrupts.
    pub fn interrupted(&self) -> Option<&'static str> {
        match self.doing.load(Relaxed) {
            APPLYING => Some("killed while a plan was applied"),
            REPAIRING => Some("killed while a comparison repaired"),
            _ => None,
        }
    }
}

impl Worker {
    /// Every few hours somebody wants something.
    pub async fn serve_operators(&self, random: Random) {
        while !self.stopping() {
            self.rest(SignedDuration::from_mins(random.between(30, 300))).await;
            if self.stopping() {
                return;
            }
            if random.percent(50) {
                self.plan_and_apply(&random).await;
            } else {
                self.compare_and_repair().await;
            }
            self.wishes.doing.store(NOTHING, Relaxed);
        }
    }

    fn begin(&self, what: u8) {
        self.wishes.doing.store(what, Relaxed);
        if self.faults.hits(Fault::KilledInWish) {
            self.wishes.dies.store(true, Relaxed);
        }
    }

    async fn plan_and_apply(&self, random: &Random) {
        let known = self.cloud.documents_where(|_| true);
        let documents: Vec<DocumentKey> = (0..12).filter_map(|_| random.pick(&known)).cloned().collect();
        let shadow = Shadow::of(&self.pipeline);
        let Ok(planned) = shadow.pipeline.plan(&documents, true).await else { return };
        let Ok(id) = self.pipeline.keep_plan(&planned).await else { return };
        self.rest(SignedDuration::from_mins(random.between(0, 40))).await;
        self.begin(APPLYING);
        if let Ok(Some(applied)) = self.pipeline.apply_plan(&id).await {
            self.faults.saw("a plan applied");
            if !applied.moved_on.is_empty() {
                self.faults.saw("a plan's truth moved on");
            }
        }
    }

    async fn compare_and_repair(&self) {
        let scope = Scope { objects: ObjectKind::ALL.into_iter().collect(), days: None };
        self.begin(REPAIRING);
        let Ok(balance) = self.pipeline.reconcile(&scope, &|_| ()).await else { return };
        if matches!(self.pipeline.repair(&balance).await, Ok(differ) if differ > 0) {
            self.faults.saw("a comparison repaired");
        }
    }
}
