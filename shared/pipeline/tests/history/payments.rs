//! Payments: rows on approved invoices, found again by the text in their notes.

use crate::{
    rig::Ties,
    world::{World, document, late, line, supplier},
};
use async_trait::async_trait;
use http::Method;
use jiff::civil::date;
use model::{AuditOutcome, Cause, Code, DocumentKey, Lane, ObjectKind};
use pipeline::Pipeline;
use rust_decimal::Decimal;
use simulators::{
    coupa::{Effect, Fault, Invoice},
    sap::{DocumentKind, DocumentSpec, PaymentSpec, Simulator as Sap},
};
use std::{sync::Arc, time::Duration};
use store::{AuditTrail as _, StateStore as _};
use wire::{Limits, Request, Response, Transport, TransportError};

const INVOICES: &str = "/api/invoices";

/// One supplier and as many invoices of 238.00, everything in Coupa.
async fn invoiced(count: usize) -> (World, Pipeline, Vec<i64>) {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoices = (0..count).map(|_| invoice(&world.sap)).collect();
    let worker = world.worker("one");
    world.settle(&worker).await;
    (world, worker, invoices)
}

fn invoice(sap: &Sap) -> i64 {
    sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap()
}

fn number(world: &World, entry: i64) -> String {
    world.sap.document(DocumentKind::Invoice, entry).unwrap().number.to_string()
}

fn shown(world: &World, entry: i64) -> Invoice {
    world.coupa.invoice("V1", &number(world, entry)).unwrap()
}

fn key(world: &World, entry: i64) -> DocumentKey {
    world.key(ObjectKind::Payment, entry)
}

/// Amounts and notes of the payments on an invoice.
fn rows(world: &World, entry: i64) -> Vec<(String, String)> {
    shown(world, entry)
        .payments
        .into_iter()
        .map(|row| (row.amount.normalize().to_string(), row.notes))
        .collect()
}

fn notes(world: &World, payment: i64) -> String {
    format!("SAP payment {} entry {payment}", world.sap.payment(payment).unwrap().number)
}

#[tokio::test]
async fn a_payment_waits_for_the_approval_and_then_goes_by_itself() {
    let world = World::new();
    world.coupa.configure(|settings| settings.submitted_status = "pending_approval");
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoice = invoice(&world.sap);
    let payment = world.sap.pay(&[(invoice, Decimal::from(238))]).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let last = world.last(&key(&world, payment)).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Waiting, Some(Code::WaitingForApproval)));
    let parked = world.store.parked(10).await.unwrap();
    assert_eq!(
        parked.iter().map(|one| (&one.change.document, one.code)).collect::<Vec<_>>(),
        [(&key(&world, payment), Code::WaitingForApproval)]
    );
    assert!(rows(&world, invoice).is_empty());

    world.coupa.approve_all_invoices();
    world.work_through(&worker, 3).await;
    assert_eq!(rows(&world, invoice), [("238".to_owned(), notes(&world, payment))]);
    let held = shown(&world, invoice);
    assert!(held.paid);
    assert_eq!(held.payments[0].date, Some(date(2026, 11, 20)), "{:?}", held.payments);
    assert!(world.store.parked(10).await.unwrap().is_empty());
    world.assert_clean();
}

#[tokio::test]
async fn on_an_invoice_that_takes_no_payment_it_is_for_a_person() {
    for status in ["rejected", "abandoned", "voided"] {
        let (world, worker, invoices) = invoiced(2).await;
        world.coupa.set_invoice_status("V1", &number(&world, invoices[0]), status);
        let payment =
            world.sap.pay(&[(invoices[0], Decimal::from(238)), (invoices[1], Decimal::from(100))]).unwrap();
        world.settle(&worker).await;
        let last = world.last(&key(&world, payment)).await;
        assert_eq!((last.outcome, last.code), (AuditOutcome::Failed, Some(Code::CoupaStatus)));
        assert!(last.message.contains(status), "{}", last.message);
        // The other invoice has its share, and no more than that after another try.
        world.redrive(&worker, &key(&world, payment)).await;
        assert_eq!(rows(&world, invoices[1]), [("100".to_owned(), notes(&world, payment))]);
        world.assert_clean();
    }
}

#[tokio::test]
async fn rows_are_summed_by_invoice_and_others_have_no_place() {
    let (world, worker, invoices) = invoiced(2).await;
    let credit_note = world.sap.add_credit_note(document("V1", vec![line("A1", 1, "10")])).unwrap();
    let rows_of = |rows: &[(DocumentKind, i64, i64)]| PaymentSpec {
        rows: rows.iter().map(|(kind, entry, amount)| (*kind, *entry, Decimal::from(*amount))).collect(),
        on_account: Decimal::from(7),
        ..PaymentSpec::default()
    };
    let (first, second) = (invoices[0], invoices[1]);
    let mixed = world
        .sap
        .add_payment(rows_of(&[
            (DocumentKind::Invoice, first, 100),
            (DocumentKind::CreditNote, credit_note, 5),
            (DocumentKind::Invoice, second, 30),
            (DocumentKind::Invoice, first, 38),
        ]))
        .unwrap();
    let other = world.sap.add_payment(rows_of(&[(DocumentKind::CreditNote, credit_note, 2)])).unwrap();
    let on_account = world
        .sap
        .add_payment(PaymentSpec {
            supplier: "V1".to_owned(),
            on_account: Decimal::from(9),
            ..PaymentSpec::default()
        })
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(rows(&world, first), [("138".to_owned(), notes(&world, mixed))]);
    assert_eq!(rows(&world, second), [("30".to_owned(), notes(&world, mixed))]);
    assert!(!shown(&world, first).paid, "100.00 of it is still open");
    for payment in [other, on_account] {
        assert_eq!(world.last(&key(&world, payment)).await.outcome, AuditOutcome::NotApplicable);
    }
    world.assert_clean();
}

#[tokio::test]
async fn two_payments_on_one_invoice_in_one_batch() {
    let (world, worker, invoices) = invoiced(1).await;
    let first = world.sap.pay(&[(invoices[0], Decimal::from(100))]).unwrap();
    world.settle(&worker).await;
    assert!(!shown(&world, invoices[0]).paid);
    let second = world.sap.pay(&[(invoices[0], Decimal::from(38))]).unwrap();
    let third = world.sap.pay(&[(invoices[0], Decimal::from(100))]).unwrap();
    world.settle(&worker).await;
    assert_eq!(
        rows(&world, invoices[0]),
        [("100", first), ("38", second), ("100", third)]
            .map(|(amount, entry)| (amount.to_owned(), notes(&world, entry)))
    );
    assert!(shown(&world, invoices[0]).paid);
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_payment_is_taken_back_and_the_invoice_is_open_again() {
    for effect in [None, Some(Effect::LoseReply), Some(Effect::FailAfter(500)), Some(late())] {
        let (world, worker, invoices) = invoiced(2).await;
        let payment =
            world.sap.pay(&[(invoices[0], Decimal::from(238)), (invoices[1], Decimal::from(50))]).unwrap();
        world.settle(&worker).await;
        assert_eq!((shown(&world, invoices[0]).paid, shown(&world, invoices[1]).paid), (true, false));
        world.sap.cancel_payment(payment).unwrap();
        if let Some(effect) = &effect {
            world.coupa.plan(Fault::on(Method::PUT, INVOICES, effect.clone()).containing("reversed"));
        }
        world.settle(&worker).await;
        world.settle(&worker).await;
        let taken_back = |amount: &str| {
            [
                (amount.to_owned(), notes(&world, payment)),
                (format!("-{amount}"), format!("{} reversed", notes(&world, payment))),
            ]
        };
        assert_eq!(rows(&world, invoices[0]), taken_back("238"), "{effect:?}");
        assert_eq!(rows(&world, invoices[1]), taken_back("50"), "{effect:?}");
        assert!(!shown(&world, invoices[0]).paid, "{effect:?}");
        // It can be paid anew.
        let again = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
        world.settle(&worker).await;
        assert_eq!(rows(&world, invoices[0])[2], ("238".to_owned(), notes(&world, again)));
        assert!(shown(&world, invoices[0]).paid);
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_cancelled_payment_that_never_arrived_leaves_nothing() {
    let (world, worker, invoices) = invoiced(1).await;
    let payment = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
    world.sap.cancel_payment(payment).unwrap();
    world.settle(&worker).await;
    assert!(rows(&world, invoices[0]).is_empty());
    assert_eq!(world.last(&key(&world, payment)).await.outcome, AuditOutcome::NotApplicable);
    world.assert_clean();
}

/// An invoice that is paid for the most part, long since.
async fn partly_paid() -> (World, Pipeline, i64) {
    let (world, worker, invoices) = invoiced(1).await;
    world.sap.pay(&[(invoices[0], Decimal::from(100))]).unwrap();
    for _ in 0..3 {
        world.settle(&worker).await;
        world.pass(3_600);
    }
    assert_eq!(rows(&world, invoices[0]).len(), 1);
    (world, worker, invoices[0])
}

#[tokio::test]
async fn what_coupa_was_told_in_vain_or_not_is_taken_back_when_it_no_longer_holds() {
    let (world, worker, invoice) = partly_paid().await;
    let rest = world.sap.pay(&[(invoice, Decimal::from(138))]).unwrap();
    world.coupa.plan(Fault::on(Method::PUT, INVOICES, Effect::LoseReply));
    world.enqueue(world.key(ObjectKind::Invoice, invoice), Cause::Webhook, Lane::Live).await;
    world.work(&worker).await;
    assert!(shown(&world, invoice).paid);
    world.sap.cancel_payment(rest).unwrap();
    world.work_through(&worker, 1).await;
    assert!(!shown(&world, invoice).paid, "the request had arrived whose reply was lost");
}

/// Coupa refused the payment, and was told all the same that the invoice is paid.
#[tokio::test]
async fn a_cancelled_payment_that_only_closed_its_invoice_opens_it_again() {
    let (world, worker, invoice) = partly_paid().await;
    let rest = world.sap.pay(&[(invoice, Decimal::from(138))]).unwrap();
    let refusal = Effect::Refuse { object: "base".to_owned(), message: "not today".to_owned() };
    world.coupa.plan(Fault::on(Method::PUT, INVOICES, refusal).containing("amount-paid"));
    world.poll_only(&worker, ObjectKind::Payment).await;
    world.work(&worker).await;
    assert_eq!((shown(&world, invoice).paid, rows(&world, invoice).len()), (true, 1));
    world.sap.cancel_payment(rest).unwrap();
    world.poll_only(&worker, ObjectKind::Payment).await;
    world.work(&worker).await;
    let last = world.last(&key(&world, rest)).await;
    assert_eq!(last.message, "cancelled before it was ever sent");
    assert!(!shown(&world, invoice).paid);
    let writes = world.writes();
    world.redrive(&worker, &key(&world, rest)).await;
    assert_eq!(world.writes(), writes);
}

#[tokio::test]
async fn a_payment_and_its_invoice_that_are_both_cancelled_are_taken_back_in_this_order() {
    let (world, worker, invoices) = invoiced(1).await;
    let payment = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
    world.settle(&worker).await;
    world.sap.cancel_payment(payment).unwrap();
    world.sap.cancel(DocumentKind::Invoice, invoices[0]).unwrap();
    world.settle(&worker).await;
    assert_eq!(rows(&world, invoices[0]).len(), 2);
    assert_eq!(shown(&world, invoices[0]).status, "voided");
    assert!(world.store.dead_letters().await.unwrap().is_empty());
    world.assert_clean();
}

#[tokio::test]
async fn a_payment_on_an_old_invoice_that_coupa_does_not_have_has_no_place() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let old = DocumentSpec { date: Some(date(2025, 12, 30)), ..document("V1", vec![line("A1", 2, "100")]) };
    let old = world.sap.add_invoice(old).unwrap();
    let payment = world.sap.pay(&[(old, Decimal::from(238))]).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let last = world.last(&key(&world, payment)).await;
    assert_eq!(last.outcome, AuditOutcome::NotApplicable, "{}", last.message);
    assert!(world.coupa.invoices().is_empty());
    assert!(world.store.parked(10).await.unwrap().is_empty());
    world.assert_clean();
}

#[tokio::test]
async fn amounts_are_in_the_invoices_currency() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let foreign = DocumentSpec {
        currency: "USD".to_owned(),
        rate: "0.9".parse().unwrap(),
        ..document("V1", vec![line("A1", 2, "100")])
    };
    let invoice = world.sap.add_invoice(foreign).unwrap();
    world.sap.pay(&[(invoice, "123.45".parse().unwrap())]).unwrap();
    world.settle(&world.worker("one")).await;
    assert_eq!(rows(&world, invoice)[0].0, "123.45");
    assert!(!shown(&world, invoice).paid);
    world.assert_clean();
}

#[tokio::test]
async fn what_may_have_arrived_is_never_appended_twice() {
    let arriving = |after, hang| Effect::LateArrival {
        applied_after: Duration::from_secs(after),
        hang: Duration::from_secs(hang),
    };
    let effects = [
        Effect::LoseReply,
        Effect::FailAfter(500),
        Effect::MalformedJson,
        Effect::Truncate(5),
        Effect::Html(502),
        // The connection breaks, and the request arrives long after: within the timeout and the delay that are promised.
        arriving(20, 1),
        arriving(85, 1),
        arriving(89, 29),
    ];
    for effect in effects {
        let (world, worker, invoices) = invoiced(1).await;
        let payment = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
        world.coupa.plan(Fault::on(Method::PUT, INVOICES, effect.clone()));
        world.settle(&worker).await;
        assert_eq!(rows(&world, invoices[0]), [("238".to_owned(), notes(&world, payment))], "{effect:?}");
        assert!(shown(&world, invoices[0]).paid, "{effect:?}");
        world.assert_clean();
    }
}

#[tokio::test]
async fn not_even_where_somebody_asks_for_it_again_at_once() {
    let (world, worker, invoices) = invoiced(1).await;
    let payment = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
    world.coupa.plan(Fault::on(Method::PUT, INVOICES, late()));
    world.sync(&worker).await;
    // Another message about the same payment, seconds later.
    world.pass(3);
    world.redrive(&worker, &key(&world, payment)).await;
    assert_eq!(rows(&world, invoices[0]), [("238".to_owned(), notes(&world, payment))]);
    world.assert_clean();
}

#[tokio::test]
async fn a_payment_that_was_taken_back_leaves_a_void_invoice_alone() {
    let (world, worker, invoices) = invoiced(2).await;
    let amount = Decimal::from(238);
    let payment = world.sap.pay(&[(invoices[0], amount), (invoices[1], amount)]).unwrap();
    world.settle(&worker).await;
    world.sap.cancel_payment(payment).unwrap();
    world.settle(&worker).await;
    world.sap.cancel(DocumentKind::Invoice, invoices[0]).unwrap();
    world.settle(&worker).await;
    assert_eq!(shown(&world, invoices[0]).status, "voided");
    let writes = world.writes();
    world.redrive(&worker, &key(&world, payment)).await;
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
    assert_eq!(world.writes(), writes);
    world.assert_clean();
}

#[tokio::test]
async fn a_payment_is_told_as_added_once() {
    let (world, worker, invoices) = invoiced(1).await;
    let first = world.sap.pay(&[(invoices[0], Decimal::from(200))]).unwrap();
    world.settle(&worker).await;
    // The rest is paid, and of the two payments it is the first that is looked at again.
    world.sap.pay(&[(invoices[0], Decimal::from(38))]).unwrap();
    world.redrive(&worker, &key(&world, first)).await;
    assert!(shown(&world, invoices[0]).paid);
    let trail = world.store.of_document(&key(&world, first)).await.unwrap();
    let told: Vec<AuditOutcome> = trail.iter().map(|entry| entry.outcome).collect();
    assert_eq!(told, [AuditOutcome::Created, AuditOutcome::Updated], "{trail:#?}");
}

/// A Coupa that takes an update and leaves its payments out without a word.
struct LeavesPaymentsOut(Arc<dyn Transport>);

#[async_trait]
impl Transport for LeavesPaymentsOut {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let (head, body) = request.into_parts();
        let body = String::from_utf8_lossy(&body).replace("\"payments\"", "\"nothing-known\"");
        self.0.send(Request::from_parts(head, body.into()), limits).await
    }
}

#[tokio::test]
async fn a_payment_that_the_reply_does_not_show_is_for_a_person() {
    let (world, _, invoices) = invoiced(1).await;
    let around: fn(Arc<dyn Transport>) -> Arc<dyn Transport> = |coupa| Arc::new(LeavesPaymentsOut(coupa));
    let worker = world.tied("one", &Ties { around_coupa: around, ..Ties::default() });
    let payment = world.sap.pay(&[(invoices[0], Decimal::from(238))]).unwrap();
    world.settle(&worker).await;
    let last = world.last(&key(&world, payment)).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Failed, Some(Code::CoupaReferenceIgnored)));
    assert!(last.message.contains(&notes(&world, payment)), "{}", last.message);
    assert!(rows(&world, invoices[0]).is_empty());
}
