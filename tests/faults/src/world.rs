//! One seed's world: two systems, the stores, the workers between them, and what happens to all of these.

use crate::{
    cloud::{Cloud, Edition},
    company::Company,
    coupa_people::CoupaPeople,
    exec::{Executor, Time},
    fault::{Fault, Faults},
    net::Network,
    random::Random,
    setup::{RunOptions, Setup},
    trace::Trace,
    watch::Watch,
    worker::Worker,
};
use beside::Told;
use jiff::{SignedDuration, Timestamp};
use model::{Cause, Change, Clock, CompanyDb, CorrelationId, DocumentKey, Lane, Step};
use pipeline::reconcile::Balance;
use serde_json::json;
use simulators::{coupa as coupa_sim, sap as sap_sim};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

mod beside;
mod surroundings;
mod workers;

pub use beside::WEBHOOK_KEY;

/// Whose books they are.
pub fn company() -> CompanyDb {
    CompanyDb("SBODEMO_ACME".to_owned())
}

/// The code of the integration in Coupa.
const INTEGRATION: &str = "SAPB1";

/// What happens at some time, other than by itself.
#[derive(Clone, Debug)]
enum Event {
    Company,
    OnceMore(i64),
    Kill(usize),
    Freeze(usize, SignedDuration),
    Thaw(usize),
    Deadline(usize),
    HardStop(usize),
    Start(usize),
    ScheduleStands(bool),
    SapAway(bool),
    CoupaAway(bool),
    LoginsRefused(bool),
    Rotate,
    EndSessions,
    RevokeTokens,
    ClocksChange(i32),
    Approve,
    Operator,
    Messenger,
    Tell(Told),
    Answered(Told),
    InCoupa,
    Accept,
}

/// The simulators' clock: the world's true time.
struct TrueTime(Arc<Time>);

#[async_trait::async_trait]
impl Clock for TrueTime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, pause: Duration) {
        self.0.sleep(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)).await;
    }
}

/// A place for a worker; the worker in it changes.
struct Slot {
    process: usize,
    worker: Option<Arc<Worker>>,
    skew: SignedDuration,
}

/// Everything there is.
pub struct World {
    /// How this seed is set up.
    pub setup: Setup,
    /// True time.
    pub time: Arc<Time>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// What happened.
    pub trace: Arc<Trace>,
    /// What was seen at the other ends.
    pub watch: Arc<Watch>,
    /// The Service Layer.
    pub sap: sap_sim::Simulator,
    /// Coupa.
    pub coupa: coupa_sim::Simulator,
    /// The stores.
    pub cloud: Arc<Cloud>,
    /// Who runs the workers.
    pub executor: Executor,
    network: Arc<Network>,
    people: Company,
    coupa_people: CoupaPeople,
    slots: Vec<Slot>,
    next_process: usize,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    sequence: u64,
    seed: u64,
    schedule_stands_still: Arc<AtomicBool>,
    /// SAP's password and Coupa's secret, as the vault has them now.
    secrets: (String, String),
    rotations: u32,
    deeds_left: usize,
    between_deeds: i64,
    /// Draws what the world itself decides.
    random: Random,
    settling: bool,
    /// What a comparison came to.
    balance: Arc<Mutex<Option<Balance>>>,
}

impl World {
    /// The world of a seed, before anything has happened.
    pub fn new(seed: u64, options: &RunOptions) -> Self {
        let faults = Arc::new(Faults::draw(seed, &options.without, options.intensity));
        let setup = Setup::draw(seed, &faults, options);
        let time = Time::new(setup.start);
        let trace = Arc::new(Trace::new(seed, options.tell));
        let clock: Arc<dyn Clock> = Arc::new(TrueTime(Arc::clone(&time)));
        let data = simulators::company::master_data();
        let sap = sap_sim::Simulator::new(setup.sap.clone(), Arc::clone(&clock));
        sap.set_master_data(&data);
        let coupa = coupa_sim::Simulator::new(clock, &data, setup.coupa.clone());
        let cloud = Cloud::new(setup.edition, Arc::clone(&time), Arc::clone(&faults), Arc::clone(&trace));
        let watch = Arc::new(Watch::new(setup.sap.session_timeout));
        let network = Arc::new(Network {
            time: Arc::clone(&time),
            faults: Arc::clone(&faults),
            trace: Arc::clone(&trace),
            watch: Arc::clone(&watch),
            sap_down: AtomicBool::new(false),
            coupa_down: AtomicBool::new(false),
            mended: AtomicBool::new(false),
            shift: AtomicBool::new(false),
        });
        if setup.ways.webhooks {
            sap.subscribe_to_everything(WEBHOOK_KEY);
        }
        coupa.add(coupa_sim::Kind::Integration, &json!({"name": "SAP Business One", "code": INTEGRATION}));
        let coupa_people = CoupaPeople::new(coupa.clone(), seed, setup.ways.creates);
        let people = Company::new(sap.clone(), seed, Arc::clone(&faults));
        let deeds = options.deeds;
        Self {
            time,
            trace,
            watch,
            sap,
            coupa,
            cloud,
            executor: Executor::new(Random::of(seed, "order of tasks")),
            network,
            people,
            coupa_people,
            slots: vec![],
            next_process: 0,
            agenda: BTreeMap::new(),
            sequence: 0,
            seed,
            schedule_stands_still: Arc::default(),
            secrets: ("correct horse".to_owned(), "coupa-secret".to_owned()),
            rotations: 0,
            deeds_left: deeds,
            between_deeds: 20 * 3_600 / i64::try_from(deeds.max(1)).unwrap_or(1),
            random: Random::of(seed, "world"),
            settling: false,
            balance: Arc::default(),
            faults,
            setup,
        }
    }

    fn plan(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), event);
    }

    fn plan_in(&mut self, seconds: i64, event: Event) {
        self.plan(self.time.now() + SignedDuration::from_secs(seconds), event);
    }

    /// Plans the day, and starts the workers.
    pub fn begin(&mut self, hours: i64) {
        // What was there before.
        let yesterday = self.sap.company_time().saturating_sub(SignedDuration::from_hours(30));
        self.people.long_ago = Some(yesterday);
        for _ in 0..self.deeds_left / 6 {
            self.deed();
        }
        self.people.long_ago = None;
        self.plan_in(60, Event::Company);
        let (skewed, count) = (self.faults.times(Fault::ClockSkew) > 0, self.setup.workers);
        for slot in 0..count {
            let apart = if skewed { self.random.between(-250, 250) } else { 0 };
            if skewed {
                self.faults.met(Fault::ClockSkew);
            }
            self.slots.push(Slot {
                process: usize::MAX,
                worker: None,
                skew: SignedDuration::from_millis(apart),
            });
            self.plan_in(i64::try_from(slot).unwrap_or(0) * 7, Event::Start(slot));
        }
        let day = hours * 3_600;
        self.scatter(Fault::Killed, day, |world| Event::Kill(world.random.below(count)));
        self.scatter(Fault::Frozen, day, |world| {
            let pause = SignedDuration::from_secs(world.random.between(5, 480));
            Event::Freeze(world.random.below(count), pause)
        });
        self.scatter(Fault::Deadline, day, |world| Event::Deadline(world.random.below(count)));
        self.scatter(Fault::Outage, day, |_| Event::ScheduleStands(true));
        self.scatter(Fault::SapDown, day, |_| Event::SapAway(true));
        self.scatter(Fault::CoupaDown, day, |_| Event::CoupaAway(true));
        self.scatter(Fault::LoginRefused, day, |_| Event::LoginsRefused(true));
        self.scatter(Fault::SecretsRotated, day, |_| Event::Rotate);
        self.scatter(Fault::SessionsEnded, day, |_| Event::EndSessions);
        self.scatter(Fault::TokensRevoked, day, |_| Event::RevokeTokens);
        if let Some((at, offset)) = self.setup.clocks_change {
            self.plan(at, Event::ClocksChange(offset));
        }
        if self.setup.coupa.submitted_status != "approved" {
            self.plan_in(1_200, Event::Approve);
        }
        self.plan_in(3 * 3_600, Event::Operator);
        if self.setup.ways.webhooks {
            self.plan_in(600, Event::Messenger);
        }
        if self.setup.ways.both {
            self.plan_in(1_800, Event::InCoupa);
        }
        if self.setup.ways.guardrail {
            self.plan_in(2 * 3_600, Event::Accept);
        }
    }

    fn scatter(&mut self, fault: Fault, within: i64, event: impl Fn(&mut Self) -> Event) {
        for _ in 0..self.faults.times(fault) {
            let at = self.faults.random(fault).between(60, within);
            let event = event(self);
            self.plan_in(at, event);
        }
    }

    /// Lets the world run until then.
    pub fn run(&mut self, until: Timestamp) -> Result<(), String> {
        loop {
            let over = self.executor.run_ready();
            for process in over {
                self.process_ended(process);
            }
            if self.network.shift.swap(false, Relaxed)
                && self.deeds_left > 0
                && self.cloud.a_pass_is_under_way()
            {
                self.faults.met(Fault::PageShifts);
                self.deed();
                continue;
            }
            self.interrupt_wishes();
            if self.executor.polls > MOST_POLLS {
                return Err(format!("it never comes to rest: {} polls", self.executor.polls));
            }
            let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let timer = self.time.next();
            let next = planned.into_iter().chain(timer).min();
            match next {
                Some(at) if at <= until => {
                    if planned.is_some_and(|planned| timer.is_none_or(|timer| planned <= timer)) {
                        self.time.set(at);
                        if let Some((_, event)) = self.agenda.pop_first() {
                            self.happens(event);
                        }
                    } else {
                        self.time.step();
                    }
                }
                _ => {
                    self.time.set(until);
                    return Ok(());
                }
            }
        }
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        self.trace.tell(&self.time, line);
    }

    fn deed(&mut self) {
        self.deeds_left = self.deeds_left.saturating_sub(1);
        if let Some(what) = self.people.act() {
            self.tell(|| format!("SAP: {what}"));
        }
        self.other_side();
        if self.setup.ways.webhooks {
            let soon = self.random.between(1, 4);
            self.plan_in(soon, Event::Messenger);
        }
        if let Some(entry) = self.people.once_more.take() {
            let soon = self.random.between(1, 25);
            self.plan_in(soon, Event::OnceMore(entry));
        }
    }

    fn happens(&mut self, event: Event) {
        let by_itself =
            matches!(event, Event::Messenger | Event::Tell(_) | Event::Answered(_) | Event::InCoupa);
        if !by_itself && !matches!(event, Event::Company | Event::OnceMore(_)) {
            self.tell(|| format!("{event:?}"));
        }
        match event {
            Event::Company => {
                if self.deeds_left > 0 {
                    self.deed();
                    let pause = self.random.between(1, 2 * self.between_deeds);
                    self.plan_in(pause, Event::Company);
                }
            }
            Event::OnceMore(entry) => {
                if let Some(what) = self.people.change_this_order(entry) {
                    self.tell(|| format!("SAP: once more, {what}"));
                }
            }
            Event::Start(slot) => self.start(slot),
            Event::Kill(slot) => {
                let await_points = u32::try_from(self.random.between(1, 400)).unwrap_or(1);
                self.executor.kill_after(self.slots[slot].process, await_points);
            }
            Event::Freeze(slot, pause) => self.freeze(slot, pause),
            Event::Thaw(process) => self.executor.thaw(process),
            Event::Deadline(slot) => self.deadline(slot),
            Event::HardStop(process) => {
                if self.executor.lives(process) {
                    self.faults.met(Fault::Deadline);
                    self.executor.kill(process);
                    self.process_ended(process);
                }
            }
            Event::Approve => {
                self.coupa.approve_all_invoices();
                self.plan_in(1_800, Event::Approve);
            }
            Event::Operator => {
                self.cloud.redrive_queue();
                self.redrive();
                self.plan_in(3 * 3_600, Event::Operator);
            }
            Event::Messenger => self.messenger(),
            Event::Tell(told) => self.tell_it(told),
            Event::Answered(told) => self.answered(told),
            Event::InCoupa => {
                if !self.settling {
                    self.coupa_deed();
                    let pause = self.random.between(60, 12 * self.between_deeds);
                    self.plan_in(pause, Event::InCoupa);
                }
            }
            Event::Accept => self.accept(),
            other => self.surroundings(&other),
        }
    }

    /// From here on nothing goes wrong any more.
    pub fn settle(&mut self) {
        self.settling = true;
        self.faults.turn(false);
        self.executor.spare();
        self.deeds_left = 0;
        self.sap.clear_faults();
        self.coupa.clear_faults();
        self.network.sap_down.store(false, Relaxed);
        self.network.coupa_down.store(false, Relaxed);
        self.schedule_stands_still.store(false, Relaxed);
        let password = self.secrets.0.clone();
        self.sap.configure(|settings| settings.password = password);
        self.sap.unlock_user();
        self.agenda.retain(|_, event| {
            matches!(
                event,
                Event::Thaw(_)
                    | Event::Start(_)
                    | Event::Approve
                    | Event::HardStop(_)
                    | Event::OnceMore(_)
                    | Event::Accept
                    | Event::Tell(_)
                    | Event::Answered(_)
                    | Event::ClocksChange(_)
            ) || matches!(event, Event::Deadline(_))
        });
        self.cloud.redrive_queue();
    }

    /// What Coupa refused for good is mended there.
    pub fn mend(&self) {
        self.network.mended.store(true, Relaxed);
    }

    /// Puts every dead letter back into the queue, as an operator does who has mended what was wrong. Answers how many.
    pub fn redrive(&mut self) -> usize {
        let dead = self.cloud.documents_where(|item| item.dead_letter.is_some());
        for document in &dead {
            self.enqueue(document.clone(), Cause::Replay);
        }
        dead.len()
    }

    /// Puts a document into the queue.
    pub fn enqueue(&self, document: DocumentKey, cause: Cause) {
        self.cloud.enqueue(Change {
            document,
            step: Step::Document,
            cause,
            lane: Lane::Live,
            whatever_date: false,
            seen_at: self.time.now(),
            correlation: CorrelationId("operator".to_owned()),
        });
    }

    /// One fresh document of each kind, and where suppliers go both ways, one with another name in Coupa: its number and name.
    pub fn something_new(&mut self) -> Option<(String, String)> {
        self.people.one_of_each();
        if !self.setup.ways.both {
            return None;
        }
        let supplier = self.coupa.suppliers().into_iter().find(|one| one.status == "active")?;
        Some((supplier.number, self.coupa_people.rename(supplier.id)?))
    }
}

/// No seed takes more.
const MOST_POLLS: u64 = 6_000_000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_ARRIVAL_DELAY: Duration = Duration::from_secs(60);

/// Which edition a world is of.
pub fn edition_name(edition: Edition) -> &'static str {
    match edition {
        Edition::Machine => "one machine",
        Edition::Aws => "AWS",
    }
}
