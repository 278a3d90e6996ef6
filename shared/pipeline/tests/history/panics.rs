//! Attempts that panic or never end are ours to mend, one document at a time.

use crate::{
    rig::Ties,
    world::{World, document, line, supplier},
};
use async_trait::async_trait;
use http::Method;
use jiff::civil::date;
use model::{Code, ObjectKind};
use simulators::{compare::differences, sap::DocumentKind};
use std::{sync::Arc, time::Duration};
use store::StateStore as _;
use wire::{Limits, Request, Response, Transport, TransportError};

async fn right(world: &World) {
    let found = differences(&world.sap, &world.coupa, date(2026, 1, 1));
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
}

/// A client that panics where a body or query names what it can't bear.
struct Fragile(Arc<dyn Transport>);

#[async_trait]
impl Transport for Fragile {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let uri = request.uri().to_string();
        let write = request.method() != Method::GET;
        assert!(!(write && body.contains("Poison")), "it was poisoned");
        let reply = self.0.send(request, limits).await;
        assert!(!(write && body.contains("Venom")), "it was poisoned late");
        assert!(!uri.contains("V6"), "it was poisoned while looking around");
        reply
    }
}

#[tokio::test]
async fn a_panic_is_one_failed_document() {
    let world = World::new();
    for (code, name) in [("V1", "Good"), ("V2", "Poison"), ("V3", "Fine"), ("V4", "Venom"), ("V5", "Well")] {
        let mut one = supplier(code);
        name.clone_into(&mut one.name);
        world.sap.add_supplier(one).unwrap();
    }
    world.sap.add_supplier(supplier("V6")).unwrap();
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |transport| Arc::new(Fragile(transport));
    let fragile = world.tied("fragile", &Ties { around_coupa: around, ..Ties::default() });
    world.sync(&fragile).await;
    let letters = world.store.dead_letters().await.unwrap();
    let dead: Vec<String> = letters.iter().map(|row| row.document.key.to_string()).collect();
    assert_eq!(dead.len(), 3, "{letters:#?}");
    assert!(["V2", "V4", "V6"].iter().all(|code| dead.contains(&(*code).to_owned())), "{dead:?}");
    assert!(letters.iter().all(|row| row.letter.code == Code::Panicked), "{letters:#?}");
    assert!(letters.iter().any(|row| row.letter.message.contains("poisoned late")), "{letters:#?}");
    let there = |code: &str| world.coupa.supplier_by_number(code).is_some();
    assert!(["V1", "V3", "V5"].iter().all(|code| there(code)));

    let keys = ["V2", "V4"].map(|code| world.supplier_key(code));
    let items = world.store.items(&keys).await.unwrap();
    let unknown: Vec<bool> = items.iter().flatten().map(|item| item.unknown.is_some()).collect();
    assert_eq!(unknown, [true, true], "both were handed to the wire, as far as anybody knows");

    // The one that panicked after it was sent is asked about, not sent again.
    let worker = world.worker("sturdy");
    for row in letters {
        world.redrive(&worker, &row.document).await;
    }
    right(&world).await;
}

/// A client that panics over what it reads.
struct Reader(Arc<dyn Transport>);
#[async_trait]
impl Transport for Reader {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let reply = self.0.send(request, limits).await?;
        assert!(!String::from_utf8_lossy(reply.body()).contains("Poison"), "unreadable");
        Ok(reply)
    }
}

#[tokio::test]
async fn a_panic_over_what_sap_sends_spares_the_others_too() {
    let world = World::new();
    for code in ["V1", "V2", "V3"] {
        let name = if code == "V2" { "Poison" } else { code };
        world
            .sap
            .add_supplier(simulators::sap::SupplierSpec { name: name.to_owned(), ..supplier(code) })
            .unwrap();
    }
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |transport| Arc::new(Reader(transport));
    let worker = world.tied("one", &Ties { around_sap: around, ..Ties::default() });
    world.sync(&worker).await;
    let letters = world.store.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!(
        (letters[0].document.to_string().as_str(), letters[0].letter.code),
        ("SBODEMO_ACME/supplier/V2", Code::Panicked)
    );
    assert_eq!(world.coupa.suppliers().len(), 2);
}

/// Whoever touches V2 dies of it.
struct Deadly(Arc<dyn Transport>);
#[async_trait]
impl Transport for Deadly {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        if request.uri().to_string().contains("V2") {
            std::future::pending::<()>().await;
        }
        self.0.send(request, limits).await
    }
}

#[tokio::test]
async fn five_attempts_that_never_end_are_ours_to_mend_and_take_no_others_along() {
    let world = World::new();
    for code in ["V1", "V2", "V3"] {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let worker = world.worker("one");
    world.poll(&worker).await;
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |transport| Arc::new(Deadly(transport));
    for _ in 0..8 {
        let mortal = world.tied("mortal", &Ties { around_sap: around, ..Ties::default() });
        let _ = tokio::time::timeout(Duration::from_millis(300), world.work(&mortal)).await;
        world.pass(200);
    }
    let letters = world.store.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!(
        (letters[0].document.to_string().as_str(), letters[0].letter.code),
        ("SBODEMO_ACME/supplier/V2", Code::GaveUp)
    );
    assert!(world.coupa.supplier_by_number("V1").is_some() && world.coupa.supplier_by_number("V3").is_some());

    world.redrive(&worker, &world.supplier_key("V2")).await;
    right(&world).await;
}

/// A client that panics over one supplier's invoice when payments look at theirs.
struct Squeamish(Arc<dyn Transport>);

#[async_trait]
impl Transport for Squeamish {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let by_id = request.method() == Method::GET && request.uri().to_string().contains("id%5Bin%5D=");
        let reply = self.0.send(request, limits).await?;
        let shown = String::from_utf8_lossy(reply.body()).into_owned();
        assert!(!(by_id && shown.contains("\"V2\"")), "unbearable");
        Ok(reply)
    }
}

#[tokio::test]
async fn a_panic_over_one_invoice_spares_the_payments_on_the_others() {
    let world = World::new();
    let mut payments = vec![];
    for code in ["V1", "V2", "V3"] {
        world.sap.add_supplier(supplier(code)).unwrap();
        let invoice = world.sap.add_invoice(document(code, vec![line("A1", 1, "10")])).unwrap();
        let total = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
        payments.push(world.sap.pay(&[(invoice, total)]).unwrap());
    }
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |transport| Arc::new(Squeamish(transport));
    let worker = world.tied("squeamish", &Ties { around_coupa: around, ..Ties::default() });
    world.sync(&worker).await;
    let letters = world.store.dead_letters().await.unwrap();
    let dead: Vec<_> = letters.iter().map(|row| (row.document.clone(), row.letter.code)).collect();
    assert_eq!(dead, [(world.key(ObjectKind::Payment, payments[1]), Code::Panicked)]);

    let sturdy = world.worker("sturdy");
    world.redrive(&sturdy, &letters[0].document).await;
    right(&world).await;
}
