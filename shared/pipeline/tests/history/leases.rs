//! Two workers on one store never write the same twice, and a late one writes nothing.

use crate::{
    rig::{Lifeline, Ties},
    world::{World, document, line, supplier},
};
use async_trait::async_trait;
use futures::future::{join, join3};
use http::Method;
use jiff::{SignedDuration, civil::date};
use model::{AuditOutcome, Cause, Clock as _, CorrelationId, DocumentItem, Lane, ObjectKind, Owner};
use pipeline::{
    Pipeline,
    audit_chain::{self, LetGo},
};
use rust_decimal::Decimal;
use simulators::{
    compare::differences,
    coupa::{Effect, Fault},
    sap::{DocumentKind, DocumentSpec},
};
use std::{
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};
use store::{AuditTrail as _, LeaseReply, LeaseRequest, Queue as _, StateStore as _};
use wire::{Limits, Request, Response, Transport, TransportError};

fn company(world: &World, count: usize) {
    for n in 0..count {
        let code = format!("V{n}");
        world.sap.add_supplier(supplier(&code)).unwrap();
        let order = world.sap.add_purchase_order(document(&code, vec![line("A1", 2, "50")])).unwrap();
        let invoice = world
            .sap
            .copy(DocumentKind::Order, order, DocumentKind::Invoice, DocumentSpec::default())
            .unwrap();
        let total = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
        world.sap.pay(&[(invoice, total / Decimal::TWO)]).unwrap();
        world.sap.pay(&[(invoice, total / Decimal::TWO)]).unwrap();
    }
}

fn right(world: &World) {
    let found = differences(&world.sap, &world.coupa, date(2026, 1, 1));
    assert!(found.is_empty(), "{found:#?}");
}

async fn lease(world: &World, document: model::DocumentKey, seconds: i64) -> u64 {
    let now = world.clock.now();
    let request = LeaseRequest {
        document,
        owner: Owner("another".to_owned()),
        now,
        until: now + SignedDuration::from_secs(seconds),
        correlation: CorrelationId("c".to_owned()),
    };
    let reply = world.store.take_leases(&[request]).await.unwrap().remove(0);
    let LeaseReply::Taken(lease, _) = reply else { unreachable!("nobody else has it") };
    lease.fence.0
}

#[tokio::test]
async fn workers_side_by_side_write_each_document_once() {
    let world = World::new();
    company(&world, 6);
    let workers = ["one", "two", "three"].map(|name| world.worker(name));
    join3(world.poll(&workers[0]), world.poll(&workers[1]), world.poll(&workers[2])).await;
    for _ in 0..40 {
        join3(world.work(&workers[0]), world.work(&workers[1]), world.work(&workers[2])).await;
        world.pass(5);
    }
    world.work_through(&workers[0], 3).await;
    right(&world);
    let payments: usize = world.coupa.invoices().iter().map(|invoice| invoice.payments.len()).sum();
    assert_eq!(payments, 12);
    let posts = world.coupa.writes()["POST"];
    assert_eq!(posts, 18, "each supplier, order and invoice is created once");
}

#[tokio::test]
async fn a_document_in_other_hands_goes_back_and_is_not_lost() {
    let world = World::new();
    company(&world, 1);
    let worker = world.worker("one");
    world.poll(&worker).await;
    lease(&world, world.key(ObjectKind::PurchaseOrder, 1), 100).await;
    let report = worker.work(50).await.unwrap();
    assert_eq!(report.held, 1);
    world.work(&worker).await;
    assert!(world.coupa.orders().is_empty());
    let depth = world.store.depth().await.unwrap();
    assert!(depth.by_lane.values().sum::<u64>() > 0, "its message is still there");
    world.work_through(&worker, 1).await;
    right(&world);
}

/// Whoever finds that a write may still arrive has no use for the lease, and keeps it from nobody.
#[tokio::test]
async fn a_lease_that_came_too_early_is_given_back() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let (worker, other) = (world.worker("one"), world.worker("two"));
    world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", Effect::LoseReply));
    world.poll(&worker).await;
    world.work(&worker).await;
    let key = world.supplier_key("V1");
    world.enqueue(key.clone(), Cause::Replay, Lane::Live).await;
    let report = other.work(9).await.unwrap();
    assert_eq!((report.held, report.ended.len()), (1, 0));
    lease(&world, key, 9).await;
}

/// A payment writes to the invoice, so it needs the invoice's lease too.
#[tokio::test]
async fn a_payment_waits_for_whoever_holds_its_invoice() {
    let world = World::new();
    company(&world, 1);
    let worker = world.worker("one");
    for kind in [ObjectKind::Supplier, ObjectKind::PurchaseOrder, ObjectKind::Invoice] {
        world.poll_only(&worker, kind).await;
    }
    world.work(&worker).await;
    lease(&world, world.key(ObjectKind::Invoice, 1), 100).await;
    world.poll(&worker).await;
    world.work(&worker).await;
    assert!(world.coupa.invoices()[0].payments.is_empty());
    world.work_through(&worker, 1).await;
    right(&world);
    let items = world.store.items(&[world.key(ObjectKind::Payment, 1)]).await.unwrap();
    assert_eq!(items[0].as_ref().unwrap().unfinished, 0, "waiting for a lease is no attempt");
}

#[tokio::test]
async fn a_slow_pace_outlasts_no_lease() {
    let world = World::new();
    let ties = Ties { requests_per_second: Decimal::new(1, 1), ..Ties::default() };
    let (one, two) = (world.tied("one", &ties), world.tied("two", &ties));
    // The first pass is no hurry; what comes after it is.
    world.poll(&one).await;
    for n in 0..30 {
        world.sap.add_supplier(supplier(&format!("V{n}"))).unwrap();
    }
    world.poll(&one).await;
    for _ in 0..40 {
        join(one.work(50), two.work(50)).await.0.unwrap();
    }
    world.work_through(&one, 3).await;
    right(&world);
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
    assert_eq!(world.coupa.writes()["POST"], 30);
    for n in 0..30 {
        let fence = lease(&world, world.supplier_key(&format!("V{n}")), 9).await;
        assert_eq!(fence, 2, "the lease on V{n} was taken over");
    }
}

/// Notes how much of the lease was left when each write went out.
struct Watch {
    inner: Arc<dyn Transport>,
}

static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[async_trait]
impl Transport for Watch {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        if request.method() != Method::GET {
            LEFT.lock().unwrap().push(request.uri().path().to_owned());
        }
        self.inner.send(request, limits).await
    }
}

/// Between taking the lease and sending, so much time passes that the lease no longer covers what a request may take.
#[tokio::test]
async fn a_write_never_starts_with_too_little_of_its_lease_left() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |inner| Arc::new(Watch { inner });
    let life = Lifeline::immortal();
    let worker =
        world.tied("one", &Ties { around_coupa: around, life: Arc::clone(&life), ..Ties::default() });
    world.poll(&worker).await;
    // SAP takes its time: 31 of the 120 seconds are gone when it answers.
    let slow = simulators::sap::FaultKind::Delay(Duration::from_secs(31));
    world.sap.inject(simulators::sap::Fault::new(slow).at("/BusinessPartners"));
    // The lease can't be prolonged, because somebody else has it by then.
    life.refuses_renewals.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(worker.work(50).await.unwrap().held, 1);
    world.work(&worker).await;
    assert!(LEFT.lock().unwrap().is_empty(), "{:?}", LEFT.lock().unwrap());
    assert!(world.coupa.suppliers().is_empty());

    life.refuses_renewals.store(false, std::sync::atomic::Ordering::SeqCst);
    let slow = simulators::sap::FaultKind::Delay(Duration::from_secs(31));
    world.sap.inject(simulators::sap::Fault::new(slow).at("/BusinessPartners"));
    world.work_through(&worker, 1).await;
    right(&world);
}

/// The lease was long enough when the write was begun. Then its token had to be replaced, which took a while.
#[tokio::test]
async fn a_write_is_not_sent_again_with_too_little_of_its_lease_left() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let life = Lifeline::immortal();
    let worker = world.tied("one", &Ties { life: Arc::clone(&life), ..Ties::default() });
    world.settle(&worker).await;
    world.pass(3_600);
    world.sap.add_supplier(supplier("V2")).unwrap();
    world.poll(&worker).await;
    let slow = simulators::sap::FaultKind::Delay(Duration::from_secs(15));
    world.sap.inject(simulators::sap::Fault::new(slow).at("/BusinessPartners"));
    world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", Effect::RevokeTokens));
    world.coupa.plan(Fault::on(Method::POST, "/oauth2", Effect::Delay(Duration::from_secs(20))));
    life.refuses_renewals.store(true, std::sync::atomic::Ordering::SeqCst);
    world.work(&worker).await;
    assert!(world.coupa.faults_left().is_empty(), "{:#?}", world.coupa.faults_left());
    assert!(
        world.coupa.supplier_by_number("V2").is_none(),
        "85 s of the lease were left, a request may take 90"
    );
    life.refuses_renewals.store(false, std::sync::atomic::Ordering::SeqCst);
    world.work_through(&worker, 1).await;
    right(&world);
}

/// Stops before the first write goes out, until it is told to go on.
struct Stall {
    inner: Arc<dyn Transport>,
}

static STALLED: Mutex<Option<bool>> = Mutex::new(None);

#[async_trait]
impl Transport for Stall {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        if request.uri().path() == "/oauth2/token" {
            std::future::poll_fn(|context| {
                let mut stalled = STALLED.lock().unwrap();
                if *stalled == Some(false) {
                    return Poll::Ready(());
                }
                *stalled = Some(true);
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        self.inner.send(request, limits).await
    }
}

async fn supplier_item(world: &World) -> DocumentItem {
    world.store.items(&[world.supplier_key("V1")]).await.unwrap().remove(0).unwrap()
}

/// Frozen with its lease in hand, it wakes when another worker has long done the work.
#[tokio::test]
async fn a_worker_that_overslept_writes_nothing_any_more() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |inner| Arc::new(Stall { inner });
    let sleeper = world.tied("sleeper", &Ties { around_coupa: around, ..Ties::default() });
    let other = world.worker("other");
    world.poll(&other).await;
    let after = async {
        while *STALLED.lock().unwrap() != Some(true) {
            tokio::task::yield_now().await;
        }
        world.pass(200);
        world.work_through(&other, 1).await;
        let before = (world.writes(), supplier_item(&world).await);
        // Somebody has it once more when the sleeper wakes, and is waited for.
        lease(&world, world.supplier_key("V1"), 2).await;
        *STALLED.lock().unwrap() = Some(false);
        before
    };
    let (report, (writes, item)) = join(sleeper.work(9), after).await;
    let report = report.unwrap();
    assert_eq!((report.ended.len(), report.held), (0, 1), "its end does not count");
    assert_eq!(world.writes(), writes);
    let entries = world.store.of_document(&world.supplier_key("V1")).await.unwrap();
    let outcomes: Vec<AuditOutcome> = entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [AuditOutcome::Created, AuditOutcome::Superseded]);
    assert!(
        entries[1].message.starts_with("another worker took the document over"),
        "{}",
        entries[1].message
    );
    assert_eq!(entries[1].at, world.clock.now(), "told when it is written");
    let now = supplier_item(&world).await;
    assert_eq!(audit_chain::verify(&entries, now.audit.as_ref(), &LetGo::default()), Ok(()));
    // Of what it knows of the document nothing is kept; that another's attempt never ended is.
    assert_eq!((now.unknown.unwrap().owner.0.as_str(), now.unfinished), ("another", 1));
    assert_eq!((now.link, now.sap_stamp), (item.link, item.sap_stamp));
    right(&world);
    assert_eq!(world.store.depth().await.unwrap(), store::Depth::default());
}

#[tokio::test]
async fn two_documents_of_one_number_are_one_clash_and_no_overwriting() {
    let world = World::new();
    company(&world, 1);
    let mapping = "[numbers]\npurchase_order = \"{NumAtCard}\"\n";
    let worker: Pipeline =
        world.worker_with("one", world.settings(), mapping::Mapping::parse(mapping).unwrap());
    world.sap.add_purchase_order(document("V0", vec![line("A1", 2, "50")])).unwrap();
    let other = world.worker_with("two", world.settings(), mapping::Mapping::parse(mapping).unwrap());
    world.poll(&worker).await;
    join(world.work(&worker), world.work(&other)).await;
    world.work_through(&worker, 2).await;
    assert_eq!(world.coupa.orders().len(), 1);
    let letters = world.store.dead_letters().await.unwrap();
    assert!(letters.iter().any(|row| row.letter.code == model::Code::NumberClash), "{letters:#?}");
}
