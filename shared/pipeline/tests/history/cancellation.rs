//! Documents that stand for others: those that cancel, and those whose bases SAP may not stamp.

use crate::world::{World, document, line, supplier};
use model::{AuditOutcome, Cause, DocumentKey, Lane, ObjectKind};
use pipeline::{Ended, Pipeline};
use rust_decimal::Decimal;
use simulators::sap::{DocumentKind, Fault, FaultKind};
use store::StateStore as _;

fn world() -> World {
    let world = World::new();
    // Where SAP stamps nothing but what was edited itself.
    world.sap.configure(|settings| {
        settings.copy_stamps_base = false;
        settings.payment_stamps_invoice = false;
    });
    world.sap.add_supplier(supplier("V1")).unwrap();
    world
}

/// Works on one document only, as if nothing else had been noticed.
async fn only(world: &World, worker: &Pipeline, document: DocumentKey) -> Vec<Ended> {
    world.enqueue(document, Cause::Poll, Lane::Live).await;
    world.work_through(worker, 3).await
}

#[tokio::test]
async fn a_document_that_cancels_stands_for_the_one_it_cancels() {
    for shows_cancelled in [false, true] {
        for (kind, in_sap) in
            [(ObjectKind::Invoice, DocumentKind::Invoice), (ObjectKind::CreditNote, DocumentKind::CreditNote)]
        {
            let world = world();
            world.sap.configure(|settings| settings.cancellation_shows_cancelled = shows_cancelled);
            let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap();
            let credit_note = world
                .sap
                .copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, document("V1", vec![]))
                .unwrap();
            let worker = world.worker("one");
            world.settle(&worker).await;
            let entry = if kind == ObjectKind::Invoice {
                // Only what nothing is set off against can be cancelled.
                world.sap.cancel(DocumentKind::CreditNote, credit_note).unwrap();
                world.settle(&worker).await;
                invoice
            } else {
                credit_note
            };
            let cancelling = world.sap.cancel(in_sap, entry).unwrap().unwrap();
            // The document that cancels is all that is noticed.
            only(&world, &worker, world.key(kind, cancelling)).await;
            let number = world.sap.document(in_sap, entry).unwrap().number;
            let number =
                if kind == ObjectKind::Invoice { number.to_string() } else { format!("CN-{number}") };
            assert_eq!(
                world.coupa.invoice("V1", &number).unwrap().status,
                "voided",
                "{kind} {shows_cancelled}"
            );
            let itself = world.last(&world.key(kind, cancelling)).await;
            assert_eq!(itself.outcome, AuditOutcome::NotApplicable, "{}", itself.message);
            world.settle(&worker).await;
            assert_eq!(world.coupa.invoices().len(), 2);
            world.assert_clean();
        }
    }
}

#[tokio::test]
async fn an_invoice_brings_up_its_order_directly_or_through_the_goods_receipt() {
    for through_receipt in [false, true] {
        let world = world();
        let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 2, "100")])).unwrap();
        let worker = world.worker("one");
        world.settle(&worker).await;
        assert_eq!(world.coupa.orders()[0].status, "issued");
        let (kind, base) = if through_receipt {
            (DocumentKind::Receipt, world.sap.add_goods_receipt(order).unwrap())
        } else {
            (DocumentKind::Order, order)
        };
        let invoice = world.sap.copy(kind, base, DocumentKind::Invoice, document("V1", vec![])).unwrap();
        only(&world, &worker, world.key(ObjectKind::Invoice, invoice)).await;
        assert_eq!(world.coupa.orders()[0].status, "soft_closed");
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_invoice_brings_up_its_order_though_its_first_attempts_fail() {
    let world = world();
    world.sap.configure(|settings| settings.stamp_on_create = false);
    let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 2, "100")])).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let invoice =
        world.sap.copy(DocumentKind::Order, order, DocumentKind::Invoice, document("V1", vec![])).unwrap();
    // As often as a read is repeated, and once more: the first attempt never sees the invoice.
    world.sap.inject(Fault::new(FaultKind::DropBeforeWork).at("/PurchaseInvoices").times(4));
    only(&world, &worker, world.key(ObjectKind::Invoice, invoice)).await;
    assert_eq!(world.coupa.orders()[0].status, "soft_closed");
    world.assert_clean();
}

#[tokio::test]
async fn a_credit_note_brings_up_its_invoice() {
    let world = world();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap();
    world.sap.pay(&[(invoice, Decimal::from(138))]).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let paid = || world.coupa.invoices()[0].paid;
    assert!(!paid());
    // What was left open is set off.
    let credit_note = world
        .sap
        .copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, document("V1", vec![]))
        .unwrap();
    only(&world, &worker, world.key(ObjectKind::CreditNote, credit_note)).await;
    assert!(paid());
    world.sap.cancel(DocumentKind::CreditNote, credit_note).unwrap();
    world.settle(&worker).await;
    assert!(!paid());
    world.assert_clean();
}

#[tokio::test]
async fn a_payment_brings_up_its_invoice() {
    let world = world();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap();
    let payment = world.sap.pay(&[(invoice, Decimal::from(138))]).unwrap();
    let worker = world.worker("one");
    only(&world, &worker, world.key(ObjectKind::Payment, payment)).await;
    let held = &world.coupa.invoices()[0];
    assert_eq!((held.payments.len(), held.paid), (1, false));
    // An invoice that the payment need not wait for is looked at as well.
    let payment = world.sap.pay(&[(invoice, Decimal::from(100))]).unwrap();
    let ended = only(&world, &worker, world.key(ObjectKind::Payment, payment)).await;
    let looked_at: Vec<_> = ended.into_iter().map(|ended| ended.document).collect();
    let [payment, invoice] = [(ObjectKind::Payment, payment), (ObjectKind::Invoice, invoice)]
        .map(|(kind, entry)| world.key(kind, entry));
    assert_eq!(looked_at, [payment, invoice]);
    let held = &world.coupa.invoices()[0];
    assert_eq!((held.payments.len(), held.paid), (2, true));
    assert!(world.store.parked(10).await.unwrap().is_empty());
    world.assert_clean();
}
