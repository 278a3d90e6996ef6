//! A pipeline between two simulated systems, in virtual time and without sockets.

use jiff::{SignedDuration, Timestamp, civil::date};
use mapping::{CoupaDefaults, Mapping};
use model::{
    AuditEntry, Cause, Change, Clock, CompanyDb, CorrelationId, DocumentKey, Lane, LocalSecret, ObjectKind,
    Owner, Random, Step,
};
use pipeline::{BatchReport, Ended, Pipeline, Settings};
use rust_decimal::Decimal;
use secrecy::SecretString;
use simulators::{
    clock::ManualClock,
    company,
    coupa::{self as coupa_sim, Simulator as Coupa},
    sap::{self as sap_sim, Simulator as Sap},
    serve::InProcess,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::{AuditTrail as _, EmbeddedStore, Queue as _, StateStore as _};

pub use simulators::samples::{document, line, supplier};

/// Counts up in large odd steps: spread out, and the same in every run.
#[derive(Default)]
pub struct Steps(AtomicU64);

impl Random for Steps {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }
}

pub struct World {
    pub clock: ManualClock,
    pub sap: Sap,
    pub coupa: Coupa,
    pub store: Arc<EmbeddedStore>,
    pub company: CompanyDb,
    random: Arc<Steps>,
}

impl World {
    pub fn new() -> Self {
        let start: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let data = company::master_data();
        let sap = Sap::new(sap_sim::Settings::default(), Arc::clone(&shared));
        sap.set_master_data(&data);
        let settings = coupa_sim::Settings { submitted_status: "approved", ..coupa_sim::Settings::default() };
        let coupa = Coupa::new(shared, &data, settings);
        let store = Arc::new(EmbeddedStore::open_in_memory().unwrap());
        let company = CompanyDb("SBODEMO_ACME".to_owned());
        Self { clock, sap, coupa, store, company, random: Arc::default() }
    }

    pub fn settings(&self) -> Settings {
        Settings {
            company: self.company.clone(),
            objects: ObjectKind::ALL.into_iter().collect(),
            start_date: date(2026, 1, 1),
            payment_rescan: SignedDuration::from_hours(24 * 90),
            waiting_limit: SignedDuration::from_hours(24 * 30),
            request_timeout: Duration::from_secs(30),
            max_arrival_delay: Duration::from_secs(60),
            working_time: Duration::from_secs(30),
            parallel: 8,
            defaults: CoupaDefaults {
                ship_to_user: "buyer@acme.example".to_owned(),
                ship_to_address: "01".to_owned(),
                chart_of_accounts: "Main COA".to_owned(),
            },
            reopen_reason: Some("ERP_REOPENED".to_owned()),
            bypass_approvals: false,
            integration: None,
            when_gone: pipeline::WhenGone::Report,
            personal: std::collections::BTreeSet::new(),
            suppliers: pipeline::SupplierSettings::default(),
        }
    }

    pub fn worker(&self, name: &str) -> Pipeline {
        self.worker_with(name, self.settings(), Mapping::default())
    }

    pub fn worker_with(&self, name: &str, settings: Settings, mapping: Mapping) -> Pipeline {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let random: Arc<dyn Random> = Arc::clone(&self.random) as _;
        let sap = sap::Settings::new("https://sap.example:50000", self.company.clone(), "coupa_sync");
        let sap = sap::Client::new(
            sap,
            Arc::new(InProcess::new(self.sap.clone(), Arc::clone(&clock))),
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::new(SecretString::from("correct horse")),
            Arc::new(LocalSecret::default()),
        );
        let bypass = settings.bypass_approvals.then_some(coupa::BYPASS_SCOPE);
        let coupa = coupa::Settings {
            url: "https://acme.example".to_owned(),
            client_id: "coupa-client".to_owned(),
            scopes: coupa::SCOPES.into_iter().chain(bypass).map(str::to_owned).collect(),
            api_version: "44".to_owned(),
            requests_per_second: coupa::Rate::per_second(Decimal::from(20)).unwrap(),
            request_timeout: Duration::from_secs(30),
            max_body_bytes: 8 << 20,
            budget_block: coupa::BudgetBlock::Small,
        };
        let coupa = coupa::Client::new(
            coupa,
            Arc::new(InProcess::new(self.coupa.clone(), Arc::clone(&clock))),
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::new(SecretString::from("coupa-secret")),
            Arc::new(LocalSecret::default()),
            Arc::clone(&self.store) as _,
        );
        Pipeline {
            sap: Arc::new(sap.unwrap()),
            coupa: Arc::new(coupa.unwrap()),
            queue: Arc::clone(&self.store) as _,
            state: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.store) as _,
            clock,
            random,
            mapping,
            settings,
            owner: Owner(name.to_owned()),
            terms: pipeline::Terms::default(),
            guardrail: std::sync::Arc::default(),
            alerts: std::sync::Arc::default(),
            stopping: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Polls everything once.
    pub async fn poll(&self, pipeline: &Pipeline) {
        for kind in pipeline.settings.objects.iter().copied().collect::<Vec<_>>() {
            while pipeline.poll(kind).await.unwrap().more {}
        }
    }

    /// Polls one object, and leaves the others unseen.
    pub async fn poll_only(&self, pipeline: &Pipeline, kind: ObjectKind) {
        while pipeline.poll(kind).await.unwrap().more {}
    }

    /// Works until the queue has nothing to receive at this moment.
    pub async fn work(&self, pipeline: &Pipeline) -> Vec<Ended> {
        let mut ended = Vec::new();
        loop {
            pipeline.release_due().await.unwrap();
            let BatchReport { received, ended: more, .. } = pipeline.work(50).await.unwrap();
            ended.extend(more);
            if received == 0 {
                return ended;
            }
        }
    }

    /// The same, and on through the waits, up to `hours` of them.
    pub async fn work_through(&self, pipeline: &Pipeline, hours: i64) -> Vec<Ended> {
        let end = self.clock.now() + SignedDuration::from_hours(hours);
        let mut ended = Vec::new();
        loop {
            ended.extend(self.work(pipeline).await);
            let due = [self.store.next_due().await.unwrap(), self.store.next_parked().await.unwrap()];
            match due.into_iter().flatten().min() {
                Some(due) if due <= end => self.clock.set(due.max(self.clock.now())),
                _ => return ended,
            }
        }
    }

    /// Polls and works.
    pub async fn sync(&self, pipeline: &Pipeline) -> Vec<Ended> {
        self.poll(pipeline).await;
        self.work(pipeline).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Polls, works, and goes on through the waits of the next hours.
    pub async fn settle(&self, pipeline: &Pipeline) -> Vec<Ended> {
        self.pass(60);
        self.poll(pipeline).await;
        self.work_through(pipeline, 3).await
    }

    pub fn key(&self, kind: ObjectKind, entry: i64) -> DocumentKey {
        DocumentKey::entry(&self.company, kind, entry)
    }

    pub fn supplier_key(&self, code: &str) -> DocumentKey {
        DocumentKey::supplier(&self.company, code)
    }

    /// How the last attempt on a document ended.
    pub async fn last(&self, key: &DocumentKey) -> AuditEntry {
        let trail = self.store.of_document(key).await.unwrap();
        trail.iter().max_by_key(|entry| entry.at).cloned().unwrap()
    }

    pub async fn enqueue(&self, document: DocumentKey, cause: Cause, lane: Lane) {
        let change = Change {
            document,
            step: Step::Document,
            cause,
            lane,
            whatever_date: false,
            seen_at: self.clock.now(),
            correlation: CorrelationId("test".to_owned()),
        };
        self.store.send(&[change], self.clock.now()).await.unwrap();
    }

    /// Puts a document back into the queue, as somebody does who has mended what was wrong with it.
    pub async fn redrive(&self, pipeline: &Pipeline, document: &DocumentKey) -> Vec<Ended> {
        self.enqueue(document.clone(), Cause::Replay, Lane::Live).await;
        self.work_through(pipeline, 3).await
    }

    /// Requests that changed something in Coupa.
    pub fn writes(&self) -> u64 {
        self.coupa.writes().values().sum()
    }

    /// What must never happen, whatever else did.
    pub fn assert_clean(&self) {
        assert!(self.coupa.unknown_attributes().is_empty(), "{:?}", self.coupa.unknown_attributes());
        assert!(self.coupa.read_only_sent().is_empty(), "{:?}", self.coupa.read_only_sent());
        assert!(self.coupa.duplicates().is_empty(), "{:?}", self.coupa.duplicates());
        assert!(self.coupa.hard_closed_orders().is_empty(), "{:?}", self.coupa.hard_closed_orders());
        assert!(self.coupa.faults_left().is_empty(), "a fault was never met: {:?}", self.coupa.faults_left());
    }
}

/// The connection breaks after a second, and the request takes effect long after: within what is promised.
pub fn late() -> coupa_sim::Effect {
    coupa_sim::Effect::LateArrival { applied_after: Duration::from_secs(80), hang: Duration::from_secs(1) }
}
