//! How many calls to Coupa a document costs, everything counted, as the other end counts them.

use crate::world::{World, document, line, supplier};
use model::ObjectKind;
use pipeline::Pipeline;
use rust_decimal::Decimal;
use simulators::sap::{DocumentKind, SupplierSpec};

const COUNT: usize = 60;

/// Calls to Coupa for each of `COUNT` documents of one kind.
async fn calls(world: &World, worker: &Pipeline, kind: ObjectKind) -> Decimal {
    world.pass(300);
    world.coupa.forget_requests();
    world.poll_only(worker, kind).await;
    let ended = world.work_through(worker, 3).await;
    assert!(ended.iter().all(|ended| ended.code.is_none()), "{ended:#?}");
    let documents = ended.iter().filter(|ended| ended.document.kind == kind && !ended.follow_up);
    assert_eq!(documents.count(), COUNT);
    Decimal::from(world.coupa.api_requests()) / Decimal::from(COUNT)
}

fn at_most(calls: Decimal, limit: &str) {
    assert!(calls <= limit.parse().unwrap(), "{calls} calls for each document, {limit} allowed");
}

fn codes() -> Vec<String> {
    (0..COUNT).map(|number| format!("V{number:03}")).collect()
}

async fn suppliers(world: &World, worker: &Pipeline) -> Decimal {
    for code in codes() {
        world.sap.add_supplier(SupplierSpec { name: format!("Supplier {code}"), ..supplier(&code) }).unwrap();
    }
    calls(world, worker, ObjectKind::Supplier).await
}

#[tokio::test]
async fn each_kind_of_document_keeps_within_its_calls() {
    let world = World::new();
    let worker = world.worker("one");
    at_most(suppliers(&world, &worker).await, "1.1");

    let orders: Vec<i64> = codes()
        .iter()
        .map(|code| {
            world
                .sap
                .add_purchase_order(document(code, vec![line("A1", 2, "100"), line("A2", 1, "7")]))
                .unwrap()
        })
        .collect();
    at_most(calls(&world, &worker, ObjectKind::PurchaseOrder).await, "2.1");

    for order in &orders {
        let change = |order: &mut simulators::sap::Document| order.lines[0].quantity = Decimal::from(3);
        world.sap.change_document(DocumentKind::Order, *order, change).unwrap();
    }
    at_most(calls(&world, &worker, ObjectKind::PurchaseOrder).await, "1.05");

    for code in codes() {
        world.sap.change_supplier(&code, |partner| assert!(partner.set_text("FederalTaxID", "DE1"))).unwrap();
    }
    at_most(calls(&world, &worker, ObjectKind::Supplier).await, "1.05");

    let invoices: Vec<i64> = codes()
        .iter()
        .map(|code| world.sap.add_invoice(document(code, vec![line("A1", 2, "100")])).unwrap())
        .collect();
    at_most(calls(&world, &worker, ObjectKind::Invoice).await, "2.1");

    for invoice in invoices {
        world.sap.pay(&[(invoice, Decimal::from(238))]).unwrap();
    }
    at_most(calls(&world, &worker, ObjectKind::Payment).await, "1.1");
    assert!(world.coupa.invoices().iter().all(|invoice| invoice.paid));
    world.assert_clean();
}

#[tokio::test]
async fn an_order_that_is_closed_at_once_costs_one_call_more() {
    let world = World::new();
    let worker = world.worker("one");
    suppliers(&world, &worker).await;
    for code in codes() {
        let order = world.sap.add_purchase_order(document(&code, vec![line("A1", 2, "100")])).unwrap();
        world.sap.close_order(order).unwrap();
    }
    at_most(calls(&world, &worker, ObjectKind::PurchaseOrder).await, "3.1");
    assert!(world.coupa.orders().iter().all(|order| order.status == "soft_closed"));
    world.assert_clean();
}

#[tokio::test]
async fn orders_and_their_invoices_in_one_run_cost_no_more() {
    let world = World::new();
    let worker = world.worker("one");
    suppliers(&world, &worker).await;
    world.pass(300);
    for code in codes() {
        let order = world.sap.add_purchase_order(document(&code, vec![line("A1", 2, "100")])).unwrap();
        world.sap.copy(DocumentKind::Order, order, DocumentKind::Invoice, document(&code, vec![])).unwrap();
    }
    world.coupa.forget_requests();
    world.settle(&worker).await;
    // Each order is created, issued and closed, each invoice created and submitted.
    at_most(Decimal::from(world.coupa.api_requests()) / Decimal::from(COUNT), "5.2");
    assert!(world.coupa.invoices().iter().all(|invoice| invoice.status == "approved"));
    world.assert_clean();
}
