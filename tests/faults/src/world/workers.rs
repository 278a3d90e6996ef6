//! The workers of a world: how they start, stand still, run out of time and end.

use super::{Event, INTEGRATION, MAX_ARRIVAL_DELAY, REQUEST_TIMEOUT, World, company};
use crate::{
    clients::{self, Parts},
    cloud::Edition,
    exec::SkewedClock,
    fault::Fault,
    operator::Wishes,
    random::Random,
    worker::{self, REFUSAL, Worker},
};
use jiff::{SignedDuration, civil::date};
use mapping::{CoupaDefaults, Mapping};
use model::{Clock, ObjectKind, Owner};
use pipeline::{Guardrail, Pipeline, Settings};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

impl World {
    pub(super) fn freeze(&mut self, slot: usize, pause: SignedDuration) {
        let process = self.slots[slot].process;
        if self.executor.lives(process) {
            self.faults.met(Fault::Frozen);
            self.executor.freeze(process);
            self.plan(self.time.now() + pause, Event::Thaw(process));
        }
    }

    /// It is asked to end, and has little time.
    pub(super) fn deadline(&mut self, slot: usize) {
        let process = self.slots[slot].process;
        if let Some(worker) = &self.slots[slot].worker {
            worker.pipeline.stopping.store(true, Relaxed);
            let time_left = self.random.between(2, 240);
            self.plan_in(time_left, Event::HardStop(process));
        }
    }

    pub(super) fn process_ended(&mut self, process: usize) {
        let Some(slot) = self.slots.iter().position(|slot| slot.process == process) else { return };
        let asked = self.slots[slot].worker.as_ref().is_some_and(|it| it.pipeline.stopping.load(Relaxed));
        self.tell(|| format!("worker {process} is gone, {}", if asked { "as asked" } else { "killed" }));
        if !asked {
            self.faults.met(Fault::Killed);
            let wishes = self.slots[slot].worker.as_ref().and_then(|worker| worker.wishes.interrupted());
            if let Some(what) = wishes {
                self.faults.saw(what);
            }
        }
        self.slots[slot].worker = None;
        self.slots[slot].process = usize::MAX;
        let pause = if self.settling { 1 } else { self.random.between(1, 180) };
        self.plan_in(pause, Event::Start(slot));
    }

    pub(super) fn start(&mut self, slot: usize) {
        self.next_process += 1;
        let process = self.next_process;
        let clock = SkewedClock::new(Arc::clone(&self.time), self.slots[slot].skew);
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let random: Arc<dyn model::Random> = Arc::new(Random::of(self.seed, &format!("worker {process}")));
        let store = self.cloud.handle(process);
        let parts = Parts {
            worker: process,
            network: Arc::clone(&self.network),
            sap: self.sap.clone(),
            coupa: self.coupa.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            store: store.clone(),
            sap_password: self.secrets.0.clone(),
            coupa_secret: self.secrets.1.clone(),
            page_size: self.setup.page_size,
            requests_per_second: self.setup.requests_per_second,
            one_machine: self.setup.edition == Edition::Machine,
            request_timeout: REQUEST_TIMEOUT,
            max_arrival_delay: MAX_ARRIVAL_DELAY,
            refusal: self.cloud.record(REFUSAL).and_then(|record| serde_json::from_value(record).ok()),
        };
        let pipeline = Pipeline {
            sap: Arc::new(clients::sap_client(&parts)),
            coupa: Arc::new(clients::coupa_client(&parts)),
            queue: Arc::new(store.clone()),
            state: Arc::new(store.clone()),
            audit: Arc::new(store.clone()),
            clock,
            random,
            mapping: Mapping::default(),
            settings: self.settings(),
            owner: Owner(format!("worker-{process}")),
            terms: pipeline::Terms::default(),
            guardrail: Arc::new(self.guardrail()),
            alerts: std::sync::Arc::default(),
            stopping: Arc::new(AtomicBool::new(false)),
        };
        let worker = Arc::new(Worker {
            pipeline,
            store,
            cloud: Arc::clone(&self.cloud),
            time: Arc::clone(&self.time),
            faults: Arc::clone(&self.faults),
            schedule_stands_still: Arc::clone(&self.schedule_stands_still),
            batch: self.setup.batch,
            interval: self.setup.interval,
            wishes: Wishes::default(),
        });
        // The functions have one schedule for all, processes have one each.
        let polls = slot == 0 || self.setup.edition == Edition::Machine;
        worker::start(&mut self.executor, process, &worker, self.setup.batches, polls);
        if slot == 0 && self.setup.ways.operators {
            let (worker, random) = (Arc::clone(&worker), Random::of(self.seed, &format!("wishes {process}")));
            self.executor.spawn(process, async move { worker.serve_operators(random).await });
        }
        if process > self.slots.len() {
            self.faults.saw("worker started anew");
        }
        if self.executor_count() > 1 {
            self.faults.met(Fault::SeveralWorkers);
        }
        self.slots[slot].process = process;
        self.slots[slot].worker = Some(worker);
    }

    pub(super) fn executor_count(&self) -> usize {
        self.slots.iter().filter(|slot| slot.worker.is_some()).count()
    }

    fn guardrail(&self) -> Guardrail {
        let Some(limits) = self.setup.ways.limits() else { return Guardrail::default() };
        let guardrail = Guardrail::new(limits, true);
        if self.setup.edition == Edition::Machine {
            let linked = self.cloud.documents_where(|item| item.link.is_some());
            guardrail.set_linked(linked.len() as u64);
        }
        guardrail
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            company: company(),
            objects: ObjectKind::ALL.into_iter().collect(),
            start_date: date(2026, 1, 1),
            payment_rescan: SignedDuration::from_hours(24 * 90),
            waiting_limit: SignedDuration::from_hours(24 * 30),
            request_timeout: REQUEST_TIMEOUT,
            max_arrival_delay: MAX_ARRIVAL_DELAY,
            working_time: Duration::from_secs(30),
            parallel: 8,
            defaults: CoupaDefaults {
                ship_to_user: "buyer@acme.example".to_owned(),
                ship_to_address: "01".to_owned(),
                chart_of_accounts: "Main COA".to_owned(),
            },
            reopen_reason: Some("ERP_REOPENED".to_owned()),
            bypass_approvals: false,
            integration: self.setup.ways.alerts.then(|| INTEGRATION.to_owned()),
            when_gone: pipeline::WhenGone::Report,
            personal: std::collections::BTreeSet::new(),
            suppliers: self.setup.ways.suppliers(),
        }
    }
}
