//! What a document costs in DynamoDB, counted while the real pipeline works: `cargo test --test cost -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use async_trait::async_trait;
use dynamo_tests::dynamo;
use jiff::{SignedDuration, Timestamp, civil::date};
use mapping::{CoupaDefaults, Mapping};
use model::{Change, Clock, CompanyDb, ObjectKind, Owner, Random};
use pipeline::{Pipeline, Settings};
use rust_decimal::Decimal;
use secrecy::SecretString;
use simulators::{
    clock::ManualClock,
    company, coupa as coupa_sim,
    samples::{document, line, supplier},
    sap::{self as sap_sim, DocumentKind, LineSpec, SupplierSpec},
    serve::InProcess,
};
use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};
use store::{
    DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError,
    aws::{AwsStore, Usage},
    contract::emulator::{FreshTables, TestRandom},
};

const COUNT: u64 = 60;

/// Hands out what it was given, once.
#[derive(Default)]
struct Line(Mutex<Vec<Change>>);

#[async_trait]
impl Queue for Line {
    async fn send(&self, changes: &[Change], _: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().extend_from_slice(changes);
        Ok(())
    }

    async fn receive(
        &self,
        max: usize,
        _: SignedDuration,
        _: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        let mut waiting = self.0.lock().unwrap();
        let taken = max.min(waiting.len());
        let received = waiting.drain(..taken).map(|change| Received {
            change,
            receipt: Receipt(String::new()),
            receive_count: 1,
            copy_of: None,
        });
        Ok(received.collect())
    }

    async fn ack(&self, _: &[Receipt]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn put_back(&self, _: &Receipt, _: Timestamp) -> Result<(), StoreError> {
        panic!("nothing is in the way of anything here");
    }

    async fn copy_dead_letter(&self, _: &DeadLetterCopy) -> Result<(), StoreError> {
        panic!("nothing fails here");
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        Ok(Depth::default())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

struct World {
    clock: ManualClock,
    sap: sap_sim::Simulator,
    state: Arc<AwsStore>,
    budget: Arc<AwsStore>,
    pipeline: Pipeline,
}

fn settings(company: CompanyDb) -> Settings {
    Settings {
        company,
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
        reopen_reason: None,
        bypass_approvals: false,
        integration: None,
            when_gone: pipeline::WhenGone::Report,
            personal: std::collections::BTreeSet::new(),
            suppliers: pipeline::SupplierSettings::default(),
    }
}

fn coupa_settings() -> coupa::Settings {
    coupa::Settings {
        url: "https://acme.example".to_owned(),
        client_id: "coupa-client".to_owned(),
        scopes: coupa::SCOPES.into_iter().map(str::to_owned).collect(),
        api_version: "44".to_owned(),
        requests_per_second: coupa::Rate::per_second(Decimal::from(20)).unwrap(),
        budget_block: coupa::BudgetBlock::Large,
        request_timeout: Duration::from_secs(30),
        max_body_bytes: 8 << 20,
    }
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::new("2026-11-20T08:00:00Z".parse().unwrap());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let random: Arc<dyn Random> = Arc::new(TestRandom::default());
        let data = company::master_data();
        let sap = sap_sim::Simulator::new(sap_sim::Settings::default(), Arc::clone(&time));
        sap.set_master_data(&data);
        let approved = coupa_sim::Settings { submitted_status: "approved", ..coupa_sim::Settings::default() };
        let coupa = coupa_sim::Simulator::new(Arc::clone(&time), &data, approved);
        let company = CompanyDb("SBODEMO_ACME".to_owned());
        let tables = FreshTables::new(dynamo().await).await;
        // Two handles, so that each counts for itself.
        let store = || Arc::new(tables.store_of(company.clone(), Arc::clone(&time)));
        let (state, budget) = (store(), store());
        let sap_client = sap::Client::new(
            sap::Settings::new("https://sap.example:50000", company.clone(), "coupa_sync"),
            Arc::new(InProcess::new(sap.clone(), Arc::clone(&time))),
            Arc::clone(&time),
            Arc::clone(&random),
            Arc::new(SecretString::from("correct horse")),
            Arc::new(budget.shared_secret("sap-session")),
        );
        let coupa_client = coupa::Client::new(
            coupa_settings(),
            Arc::new(InProcess::new(coupa, Arc::clone(&time))),
            Arc::clone(&time),
            Arc::clone(&random),
            Arc::new(SecretString::from("coupa-secret")),
            Arc::new(budget.shared_secret("coupa-token")),
            Arc::clone(&budget) as _,
        );
        let pipeline = Pipeline {
            sap: Arc::new(sap_client.unwrap()),
            coupa: Arc::new(coupa_client.unwrap()),
            queue: Arc::new(Line::default()),
            state: Arc::clone(&state) as _,
            audit: Arc::clone(&state) as _,
            clock: time,
            random,
            mapping: Mapping::default(),
            settings: settings(company),
            owner: Owner("one".to_owned()),
            terms: pipeline::Terms::default(),
            guardrail: std::sync::Arc::default(),
            alerts: std::sync::Arc::default(),
            stopping: Arc::new(AtomicBool::new(false)),
        };
        Self { clock, sap, state, budget, pipeline }
    }

    /// Works on `COUNT` documents of one kind in batches of `batch`, and says what each took.
    async fn cost(&self, what: &str, kind: ObjectKind, batch: usize) -> Usage {
        self.clock.advance(Duration::from_secs(300));
        while self.pipeline.poll(kind).await.unwrap().more {}
        let (state, budget) = (self.state.usage(), self.budget.usage());
        let mut ended = 0;
        loop {
            let report = self.pipeline.work(batch).await.unwrap();
            if report.received == 0 {
                break;
            }
            assert!(report.ended.iter().all(|ended| ended.code.is_none()), "{:#?}", report.ended);
            ended += report.ended.len() as u64;
        }
        assert_eq!(ended, COUNT, "{what}");
        let (state, budget) = (since(state, self.state.usage()), since(budget, self.budget.usage()));
        let budget_items = budget.item_reads + budget.item_writes;
        let each = |count: u64| Decimal::from(count) / Decimal::from(COUNT);
        println!(
            "{what:<34} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            each(state.item_writes),
            each(state.item_reads),
            each(state.queries),
            each(state.requests),
            each(state.tenths_of_units) / Decimal::TEN,
            each(budget_items),
        );
        state
    }
}

fn since(before: Usage, after: Usage) -> Usage {
    Usage {
        requests: after.requests - before.requests,
        item_writes: after.item_writes - before.item_writes,
        item_reads: after.item_reads - before.item_reads,
        queries: after.queries - before.queries,
        tenths_of_units: after.tenths_of_units - before.tenths_of_units,
    }
}

/// Three writes for each (the lease, the link, the audit entry) and one question (who waits for it), but for the few days and
/// outcomes that this process has to make known.
fn assert_thrifty(usage: Usage) {
    assert!(usage.item_writes <= 3 * COUNT + 3, "{usage:?}");
    assert!(usage.queries <= COUNT, "{usage:?}");
}

#[tokio::test]
async fn an_undisturbed_document_costs_three_writes() {
    let world = World::new().await;
    println!(
        "{:<34} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "for each document", "written", "read", "queries", "requests", "units", "budget"
    );
    for code in (0..COUNT).map(|number| format!("V{number:03}")) {
        world.sap.add_supplier(SupplierSpec { name: format!("Supplier {code}"), ..supplier(&code) }).unwrap();
    }
    assert_thrifty(world.cost("suppliers, in batches of 50", ObjectKind::Supplier, 50).await);

    let mut orders = Vec::new();
    for number in 0..COUNT {
        let lines = vec![line("A1", 2, "100"), line("A2", 1, "7")];
        orders.push(world.sap.add_purchase_order(document(&format!("V{number:03}"), lines)).unwrap());
    }
    assert_thrifty(world.cost("orders, in batches of 50", ObjectKind::PurchaseOrder, 50).await);

    for (number, order) in (0..COUNT).zip(orders) {
        let lines = vec![LineSpec::copied_from(DocumentKind::Order, order, 0)];
        world.sap.add_invoice(document(&format!("V{number:03}"), lines)).unwrap();
    }
    assert_thrifty(world.cost("invoices, in batches of 10", ObjectKind::Invoice, 10).await);
}
