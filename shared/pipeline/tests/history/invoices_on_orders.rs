//! Invoices under purchase orders: which lines they draw on, and what becomes of orders that are closed.

use crate::world::{World, document, late, line, supplier};
use http::Method;
use jiff::civil::date;
use model::ObjectKind;
use pipeline::Pipeline;
use rust_decimal::Decimal;
use simulators::{
    coupa::{Effect, Fault, Invoice},
    sap::{DocumentKind, DocumentSpec, LineSpec, Simulator as Sap},
};

const INVOICES: &str = "/api/invoices";
const ORDERS: &str = "/api/purchase_orders";

fn world() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world
}

fn order(sap: &Sap) -> i64 {
    sap.add_purchase_order(document("V1", vec![line("A1", 10, "25.5"), line("A2", 3, "9.99")])).unwrap()
}

fn copy(sap: &Sap, from: DocumentKind, entry: i64) -> i64 {
    sap.copy(from, entry, DocumentKind::Invoice, document("V1", vec![])).unwrap()
}

fn number(world: &World, entry: i64) -> String {
    world.sap.document(DocumentKind::Invoice, entry).unwrap().number.to_string()
}

fn shown(world: &World, entry: i64) -> Invoice {
    let number = number(world, entry);
    world.coupa.invoice("V1", &number).unwrap()
}

/// What was done to documents, oldest first: the last part of the path.
fn actions(world: &World, path: &str) -> Vec<String> {
    let exchanges = world.coupa.exchanges().into_iter();
    let puts = exchanges.filter(|one| one.method == Method::PUT && one.target.starts_with(path));
    puts.map(|one| one.target.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lines_point_at_their_order_lines_directly_or_through_the_goods_receipt() {
    for through_receipt in [false, true] {
        let world = world();
        let order = order(&world.sap);
        // Another order, so that line numbers alone would lead astray.
        let other = world.sap.add_purchase_order(document("V1", vec![line("B", 7, "1")])).unwrap();
        let (kind, base) = if through_receipt {
            (DocumentKind::Receipt, world.sap.add_goods_receipt(order).unwrap())
        } else {
            (DocumentKind::Order, order)
        };
        let lines = [1, 0].map(|line| LineSpec::copied_from(kind, base, line)).to_vec();
        let entry = world.sap.add_invoice(document("V1", lines)).unwrap();
        world.settle(&world.worker("one")).await;
        let number = world.sap.document(DocumentKind::Order, order).unwrap().number;
        let held = world.coupa.order_by_number(&number.to_string()).unwrap();
        let ids: Vec<_> = shown(&world, entry).lines.iter().map(|line| line.order_line_id).collect();
        assert_eq!(ids, [Some(held.lines[1].id), Some(held.lines[0].id)]);
        assert_eq!(
            held.lines.iter().map(|line| line.invoiced).collect::<Vec<_>>(),
            [10, 3].map(Decimal::from)
        );
        let other = world.sap.document(DocumentKind::Order, other).unwrap().number.to_string();
        assert_eq!(world.coupa.order_by_number(&other).unwrap().lines[0].invoiced, Decimal::ZERO);
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_invoice_brings_along_its_order_and_supplier_from_before_the_start_date() {
    let world = world();
    let lines = vec![line("A1", 4, "10")];
    let old = DocumentSpec { date: Some(date(2025, 11, 3)), ..document("V1", lines) };
    let order = world.sap.add_purchase_order(old).unwrap();
    let receipt = world
        .sap
        .copy(
            DocumentKind::Order,
            order,
            DocumentKind::Receipt,
            DocumentSpec { date: Some(date(2025, 12, 1)), ..document("V1", vec![]) },
        )
        .unwrap();
    let entry = copy(&world.sap, DocumentKind::Receipt, receipt);
    // And one without an order, which would bring the supplier along too.
    world.sap.add_supplier(supplier("V2")).unwrap();
    let plain = world.sap.add_invoice(document("V2", vec![line("A1", 1, "7")])).unwrap();
    let worker = world.worker("one");
    // Only the invoices are known of: neither suppliers nor order come by themselves.
    world.poll_only(&worker, ObjectKind::Invoice).await;
    world.work_through(&worker, 3).await;
    assert_eq!((world.coupa.suppliers().len(), world.coupa.orders().len()), (2, 1));
    let plain = world.sap.document(DocumentKind::Invoice, plain).unwrap().number.to_string();
    assert_eq!(world.coupa.invoice("V2", &plain).unwrap().status, "approved");
    let held = shown(&world, entry);
    assert_eq!(held.status, "approved");
    assert!(held.lines[0].order_line_id.is_some());
    // SAP has the order closed.
    assert_eq!(world.coupa.orders()[0].status, "soft_closed");
    world.assert_clean();
}

/// An order that is closed in both systems although half of it was never invoiced.
async fn closed_order() -> (World, Pipeline, i64) {
    let world = world();
    let order = order(&world.sap);
    let receipt = world.sap.add_goods_receipt(order).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    assert_eq!(actions(&world, ORDERS), ["issue_without_send", "close"]);
    world.coupa.forget_requests();
    (world, worker, receipt)
}

#[tokio::test]
async fn an_invoice_on_a_closed_order_opens_it_and_closes_it_once() {
    let (world, worker, receipt) = closed_order().await;
    let entry = copy(&world.sap, DocumentKind::Receipt, receipt);
    world.settle(&worker).await;
    assert_eq!(shown(&world, entry).status, "approved");
    assert_eq!(actions(&world, ORDERS), ["reopen", "close"]);
    assert_eq!(world.coupa.orders()[0].status, "soft_closed");
    world.assert_clean();
}

#[tokio::test]
async fn whatever_reply_is_lost_around_a_closed_order_it_ends_closed_and_its_invoice_submitted() {
    for effect in [Effect::LoseReply, Effect::FailAfter(502), late()] {
        for (method, path, ending) in [
            (Method::PUT, ORDERS, "/reopen"),
            (Method::POST, INVOICES, ""),
            (Method::PUT, INVOICES, "/submit"),
            (Method::PUT, ORDERS, "/close"),
        ] {
            let (world, worker, receipt) = closed_order().await;
            let entry = copy(&world.sap, DocumentKind::Receipt, receipt);
            world.coupa.plan(Fault::on(method.clone(), path, effect.clone()).ending(ending));
            world.settle(&worker).await;
            world.settle(&worker).await;
            assert_eq!(shown(&world, entry).status, "approved", "{effect:?} {ending}");
            assert_eq!(world.coupa.invoices().len(), 1);
            assert_eq!(world.coupa.orders()[0].status, "soft_closed", "{effect:?} {ending}");
            world.assert_clean();
        }
    }
}

#[tokio::test]
async fn an_order_closed_in_coupa_behind_our_back_is_opened_for_its_invoice() {
    let world = world();
    let order = order(&world.sap);
    let worker = world.worker("one");
    world.settle(&worker).await;
    let number = world.coupa.orders()[0].po_number.clone();
    world.coupa.set_order_status(&number, "soft_closed");
    let entry = copy(&world.sap, DocumentKind::Order, order);
    world.settle(&worker).await;
    assert_eq!(shown(&world, entry).status, "approved");
    assert_eq!(world.coupa.orders()[0].status, "soft_closed", "SAP has it closed by now");
    world.assert_clean();
}

#[tokio::test]
async fn a_line_that_the_order_does_not_have_yet_is_waited_for() {
    let world = world();
    let order = order(&world.sap);
    let worker = world.worker("one");
    world.settle(&worker).await;
    world
        .sap
        .change_document(DocumentKind::Order, order, |order| {
            let mut third = order.lines[1].clone();
            third.number = 2;
            order.lines.push(third);
        })
        .unwrap();
    let entry = world
        .sap
        .add_invoice(document("V1", vec![LineSpec::copied_from(DocumentKind::Order, order, 2)]))
        .unwrap();
    // The order's update fails for now, so the invoice comes first.
    world.coupa.plan(Fault::on(Method::PUT, ORDERS, Effect::FailBefore(503)));
    world.settle(&worker).await;
    assert_eq!(shown(&world, entry).lines[0].order_line_id, Some(world.coupa.orders()[0].lines[2].id));
    world.assert_clean();
}
