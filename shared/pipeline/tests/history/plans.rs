//! Plans: what a sync would do, told without doing it, and done later exactly so.

use crate::{
    adoption::their_invoice,
    world::{World, document, line, supplier},
};
use jiff::{civil::date, tz::TimeZone};
use mapping::Mapping;
use model::{Clock as _, Code, DocumentKey, ObjectKind};
use pipeline::{
    Pipeline, Settings,
    plan::{Action, Planned},
};
use rust_decimal::Decimal;
use serde_json::json;
use simulators::{
    compare::differences,
    coupa::Kind,
    sap::{DocumentKind, DocumentSpec},
};
use std::collections::BTreeMap;

/// Two suppliers, an order, one that is closed, two invoices, a credit note and a payment: nothing is in Coupa yet.
fn company() -> (World, Vec<DocumentKey>) {
    let world = World::new();
    for code in ["V1", "V2"] {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let some = || document("V1", vec![line("A1", 2, "100")]);
    let orders = [(); 2].map(|()| world.sap.add_purchase_order(some()).unwrap());
    world.sap.close_order(orders[1]).unwrap();
    let invoices = [(); 2].map(|()| world.sap.add_invoice(some()).unwrap());
    let note =
        world.sap.copy(DocumentKind::Invoice, invoices[0], DocumentKind::CreditNote, document("V1", vec![]));
    let payment = world.sap.pay(&[(invoices[1], Decimal::from(238))]).unwrap();
    let entries = [
        (ObjectKind::PurchaseOrder, orders[0]),
        (ObjectKind::PurchaseOrder, orders[1]),
        (ObjectKind::Invoice, invoices[0]),
        (ObjectKind::Invoice, invoices[1]),
        (ObjectKind::CreditNote, note.unwrap()),
        (ObjectKind::Payment, payment),
    ];
    let mut documents: Vec<DocumentKey> = ["V1", "V2"].map(|code| world.supplier_key(code)).into();
    documents.extend(entries.map(|(kind, entry)| world.key(kind, entry)));
    (world, documents)
}

async fn plan(worker: &Pipeline, documents: &[DocumentKey]) -> BTreeMap<String, Planned> {
    let planned = worker.plan(documents, false).await.unwrap();
    let key = |one: &Planned| one.document.to_string().trim_start_matches("SBODEMO_ACME/").to_owned();
    planned.into_iter().map(|one| (key(&one), one)).collect()
}

fn what(planned: &BTreeMap<String, Planned>) -> Vec<(&str, Action, u32)> {
    planned.iter().map(|(key, one)| (key.as_str(), one.action, one.calls)).collect()
}

#[tokio::test]
async fn what_is_new_is_made_with_so_many_calls_and_what_is_there_is_left_alone() {
    let (world, documents) = company();
    let worker = world.worker("one");
    let before = plan(&worker, &documents).await;
    assert_eq!(
        what(&before),
        [
            ("credit_note/1", Action::Create, 2),
            ("invoice/1", Action::Create, 2),
            ("invoice/2", Action::Create, 2),
            ("payment/1", Action::NotApplicable, 0),
            ("purchase_order/1", Action::Create, 2),
            ("purchase_order/2", Action::Create, 3),
            ("supplier/V1", Action::Create, 1),
            ("supplier/V2", Action::Create, 1),
        ]
    );
    assert_eq!(before["payment/1"].reason, "its invoices are not in Coupa");
    assert_eq!(world.writes(), 0, "a plan does nothing");
    world.settle(&worker).await;
    let after = plan(&worker, &documents).await;
    assert!(after.values().all(|one| (one.action, one.calls) == (Action::Unchanged, 0)), "{after:#?}");
    let number = |kind, entry| world.sap.document(kind, entry).unwrap().number.to_string();
    assert_eq!(after["purchase_order/2"].number, number(DocumentKind::Order, 2));
    assert_eq!(after["invoice/2"].number, number(DocumentKind::Invoice, 2));
}

#[tokio::test]
async fn what_was_changed_or_cancelled_is_told_field_by_field() {
    let (world, documents) = company();
    let worker = world.worker("one");
    world.settle(&worker).await;
    world.sap.change_supplier("V2", |record| assert!(record.set_text("CardName", "Another name"))).unwrap();
    world.sap.cancel(DocumentKind::Order, 1).unwrap();
    world.sap.cancel_payment(1).unwrap();
    let planned = plan(&worker, &documents).await;
    let moved: Vec<_> = what(&planned).into_iter().filter(|one| one.1 != Action::Unchanged).collect();
    let expected = [
        ("payment/1", Action::Cancel, 1),
        ("purchase_order/1", Action::Cancel, 2),
        ("supplier/V2", Action::Update, 1),
    ];
    assert_eq!(moved, expected);
    assert_eq!(planned["supplier/V2"].changes[0].sap, "Another name");
}

#[tokio::test]
async fn what_has_no_place_in_coupa_is_left_alone_and_told_why() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let at = |day| DocumentSpec { date: Some(day), ..document("V1", vec![line("A1", 2, "100")]) };
    let early = world.sap.add_invoice(at(date(2025, 12, 31))).unwrap();
    let first = world.sap.add_invoice(at(date(2026, 1, 1))).unwrap();
    let cancelled = world.sap.add_invoice(at(date(2026, 2, 1))).unwrap();
    world.sap.cancel(DocumentKind::Invoice, cancelled).unwrap();
    let worker = world.worker("one");
    let invoice = |entry| world.key(ObjectKind::Invoice, entry);
    let documents = [invoice(early), invoice(first), invoice(cancelled), invoice(99)];
    let planned = worker.plan(&documents, false).await.unwrap();
    let told: Vec<_> = planned.iter().map(|one| (one.action, one.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            (Action::NotApplicable, "dated before the start date"),
            (Action::Create, ""),
            (Action::NotApplicable, "cancelled before it was ever sent"),
            (Action::NotApplicable, "it is not in SAP, or cancels another document"),
        ]
    );
    assert_eq!(planned[3].number, "99", "nobody knows another");
    let anyhow = worker.plan(&documents, true).await.unwrap();
    assert_eq!(anyhow[0].action, Action::Create);
}

/// Whoever renames them there, or moves the start date, must not have them made a second time.
#[tokio::test]
async fn what_is_linked_is_found_whatever_its_number_and_date() {
    let (world, documents) = company();
    let worker = world.worker("one");
    world.settle(&worker).await;
    for order in world.coupa.orders() {
        assert!(world.coupa.set(
            Kind::OrderHeader,
            order.id,
            "po-number",
            json!(format!("PO-X{}", order.id))
        ));
    }
    for invoice in world.coupa.invoices() {
        let number = json!(format!("IN-X{}", invoice.id));
        assert!(world.coupa.set(Kind::InvoiceHeader, invoice.id, "invoice-number", number));
    }
    let late = Settings { start_date: date(2027, 1, 1), ..world.settings() };
    let worker = world.worker_with("two", late, Mapping::default());
    for (document, one) in plan(&worker, &documents).await {
        assert!(!matches!(one.action, Action::Create | Action::NotApplicable), "{document}: {one:?}");
    }
}

#[tokio::test]
async fn a_payment_from_before_the_start_date_is_left_alone_unless_asked_for() {
    let (world, documents) = company();
    let payment = documents.last().unwrap().clone();
    let late = Settings { start_date: date(2027, 1, 1), ..world.settings() };
    let worker = world.worker_with("one", late, Mapping::default());
    for (whatever_date, reason) in
        [(false, "dated before the start date"), (true, "its invoices are not in Coupa")]
    {
        let planned = worker.plan(std::slice::from_ref(&payment), whatever_date).await.unwrap();
        assert_eq!((planned[0].action, planned[0].reason.as_str()), (Action::NotApplicable, reason));
    }
    let from_today =
        Settings { start_date: TimeZone::UTC.to_datetime(world.clock.now()).date(), ..world.settings() };
    let worker = world.worker_with("two", from_today, Mapping::default());
    let planned = worker.plan(&[payment], false).await.unwrap();
    assert_eq!(planned[0].reason, "its invoices are not in Coupa", "its date is the start date");
}

#[tokio::test]
async fn the_number_of_another_suppliers_invoice_is_another_number() {
    let world = World::new();
    let numbers = Mapping::parse("[numbers]\ninvoice = \"{NumAtCard}\"").unwrap();
    let worker = world.worker_with("one", world.settings(), numbers);
    let enter = |code| {
        world.sap.add_supplier(supplier(code)).unwrap();
        let spec = DocumentSpec { reference: "R-1".to_owned(), ..document(code, vec![line("A1", 1, "10")]) };
        world.key(ObjectKind::Invoice, world.sap.add_invoice(spec).unwrap())
    };
    let first = enter("V1");
    world.settle(&worker).await;
    let second = enter("V2");
    let planned = worker.plan(&[first, second], false).await.unwrap();
    let actions: Vec<Action> = planned.iter().map(|one| one.action).collect();
    assert_eq!(actions, [Action::Unchanged, Action::Create]);
}

#[tokio::test]
async fn what_has_no_link_yet_is_found_by_its_number() {
    let world = World::new();
    let worker = world.worker("one");
    world.sap.add_supplier(supplier("V1")).unwrap();
    world.settle(&worker).await;
    let entry = world.sap.add_invoice(document("V1", vec![line("A1", 1, "10")])).unwrap();
    let number = world.sap.document(DocumentKind::Invoice, entry).unwrap().number.to_string();
    world.coupa.enter(Kind::InvoiceHeader, their_invoice(&number, "10")).unwrap();
    let planned = worker.plan(&[world.key(ObjectKind::Invoice, entry)], false).await.unwrap();
    assert_eq!((planned[0].action, planned[0].number.as_str()), (Action::Update, number.as_str()));
}

#[tokio::test]
async fn what_coupa_no_longer_lets_change_is_told_and_not_applied() {
    let (world, documents) = company();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let [void, submitted, ..] = &world.coupa.invoices()[..] else { unreachable!("two invoices were sent") };
    assert!(world.coupa.set(Kind::InvoiceHeader, void.id, "status", json!("voided")));
    assert!(world.coupa.set(Kind::InvoiceHeader, submitted.id, "invoice-date", json!("2026-01-02")));
    let planned = plan(&worker, &documents).await;
    let kept: Vec<_> = planned
        .values()
        .filter(|one| one.action != Action::Unchanged)
        .map(|one| (one.action, one.calls, one.reason.as_str()))
        .collect();
    let expected = [
        (Action::NotApplied, 0, "it is void in Coupa and stays so"),
        (Action::NotApplied, 0, "Coupa lets a submitted invoice no longer change"),
    ];
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn what_would_fail_is_planned_to_fail_with_its_code() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let odd = DocumentSpec { currency: "???".to_owned(), ..document("V1", vec![line("A1", 1, "10")]) };
    let entry = world.sap.add_purchase_order(odd).unwrap();
    let worker = world.worker("one");
    let key = world.key(ObjectKind::PurchaseOrder, entry);
    let planned = worker.plan(&[key], false).await.unwrap();
    assert_eq!((planned[0].action, planned[0].code), (Action::Fail, Some(Code::CurrencyUnknown)));
    assert!(!planned[0].reason.is_empty());
}

#[tokio::test]
async fn a_plan_of_more_documents_than_one_look_up_is_whole_and_done_once() {
    let world = World::new();
    let codes: Vec<String> = (0..60).map(|number| format!("V{number:02}")).collect();
    for code in &codes {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let worker = world.worker("one");
    let documents: Vec<DocumentKey> = codes.iter().map(|code| world.supplier_key(code)).collect();
    let planned = worker.plan(&documents, false).await.unwrap();
    assert_eq!(planned.len(), 60);
    let id = worker.keep_plan(&planned).await.unwrap();
    assert_eq!(id.len(), 8);
    let applied = worker.apply_plan(&id).await.unwrap().unwrap();
    assert_eq!((applied.enqueued, applied.moved_on.len()), (60, 0));
    assert!(worker.apply_plan(&id).await.unwrap().is_none(), "it was applied");
    world.work(&worker).await;
    assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new());
}

#[tokio::test]
async fn what_has_moved_on_since_it_was_planned_is_not_touched() {
    let (world, documents) = company();
    let worker = world.worker("one");
    let planned = worker.plan(&documents[..2], false).await.unwrap();
    let id = worker.keep_plan(&planned).await.unwrap();
    world.sap.change_supplier("V2", |record| assert!(record.set_text("CardName", "Another name"))).unwrap();
    world.sap.remove_supplier("V1");
    let applied = worker.apply_plan(&id).await.unwrap().unwrap();
    let moved: Vec<_> = applied.moved_on.iter().map(|one| (one.document.to_string(), one.action)).collect();
    // Neither plan says what a supplier is made with: only that it is.
    assert_eq!(
        (applied.enqueued, moved),
        (1, vec![("SBODEMO_ACME/supplier/V1".to_owned(), Action::NotApplicable)])
    );
}

#[tokio::test]
async fn a_plan_is_kept_for_a_week() {
    for (late, there) in [(0, true), (1, false)] {
        let (world, documents) = company();
        let worker = world.worker("one");
        let planned = worker.plan(&documents[..2], false).await.unwrap();
        let id = worker.keep_plan(&planned).await.unwrap();
        assert!(worker.apply_plan("00000000").await.unwrap().is_none());
        world.pass(7 * 24 * 3_600 + late);
        assert_eq!(worker.apply_plan(&id).await.unwrap().is_some(), there);
    }
}
