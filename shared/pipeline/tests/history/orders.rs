//! Purchase orders: created and issued, kept in step while open, closed once, opened again, cancelled.

use crate::world::{World, document, late, line, supplier};
use http::Method;
use mapping::Mapping;
use model::{AuditOutcome, Cause, Code, DocumentKey, Lane, ObjectKind};
use pipeline::Pipeline;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulators::{
    coupa::{Effect, Fault, Kind, Order},
    sap::{CancelStatus, DocumentKind, LineSpec, Simulator as Sap},
};

const ORDERS: &str = "/api/purchase_orders";

/// A world with one supplier and one order of two lines, everything in Coupa.
async fn ordered() -> (World, Pipeline, i64) {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let order = order(&world.sap);
    let worker = world.worker("one");
    world.settle(&worker).await;
    world.coupa.forget_requests();
    (world, worker, order)
}

fn order(sap: &Sap) -> i64 {
    sap.add_purchase_order(document("V1", vec![line("A1", 10, "25.5"), line("A2", 3, "9.99")])).unwrap()
}

fn shown(world: &World, entry: i64) -> Order {
    let number = world.sap.document(DocumentKind::Order, entry).unwrap().number;
    world.coupa.order_by_number(&number.to_string()).expect("the order is in Coupa")
}

fn key(world: &World, entry: i64) -> DocumentKey {
    world.key(ObjectKind::PurchaseOrder, entry)
}

/// The actions that took effect on orders or were refused, oldest first.
fn actions(world: &World) -> Vec<String> {
    let exchanges = world.coupa.exchanges().into_iter();
    let actions = exchanges
        .filter(|one| one.method == Method::PUT && one.status != 0 && one.target.starts_with(ORDERS));
    let name = |target: &str| target.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    actions
        .map(|one| name(&one.target))
        .map(|name| if name.parse::<u64>().is_ok() { "update".to_owned() } else { name })
        .collect()
}

#[tokio::test]
async fn a_new_order_is_created_and_issued() {
    let (world, _, entry) = ordered().await;
    let held = shown(&world, entry);
    assert_eq!((held.status.as_str(), held.supplier.as_str()), ("issued", "V1"));
    assert_eq!(held.total, "284.97".parse().unwrap());
    let lines: Vec<_> = held
        .lines
        .iter()
        .map(|line| (line.line_num.as_str(), line.external_reference_number.clone().unwrap()))
        .collect();
    assert_eq!(lines, [("1", format!("SBODEMO_ACME/{entry}/0")), ("2", format!("SBODEMO_ACME/{entry}/1"))]);
    assert!(held.lines.iter().all(|line| line.match_type.as_deref() == Some("none")));
    // The supplier has the order from SAP, and is not to get it once more from Coupa.
    let sent = world.last(&key(&world, entry)).await.sent;
    assert_eq!(sent[0]["body"]["transmission-method-override"], "do_not_transmit");
    assert_eq!(sent[1]["path"], format!("/api/purchase_orders/{}/issue_without_send", held.id));
    assert_eq!(sent.len(), 2, "{sent:#?}");
    world.assert_clean();
}

#[tokio::test]
async fn lines_are_changed_added_and_removed_under_the_stored_version() {
    let (world, worker, entry) = ordered().await;
    let before = shown(&world, entry);
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| {
            let mut third = order.lines[0].clone();
            (third.number, third.visual_order) = (2, 0);
            "Third".clone_into(&mut third.description);
            order.lines[0].quantity = Decimal::from(12);
            // Coupa lets an issued line keep its account only.
            "620000".clone_into(&mut order.lines[0].account_code);
            order.lines[0].visual_order = 1;
            order.lines.remove(1);
            order.lines.push(third);
        })
        .unwrap();
    world.settle(&worker).await;
    let sent = world.last(&key(&world, entry)).await.sent;
    let (first, second) = (before.lines[0].id, before.lines[1].id);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0]["body"]["version"], json!(1));
    let lines = sent[0]["body"]["order-lines"].as_array().unwrap();
    assert_eq!(lines[0], json!({"id": first, "quantity": "12"}));
    assert_eq!((&lines[1]["id"], &lines[1]["line-num"]), (&Value::Null, &json!("3")));
    assert_eq!(lines[2], json!({"id": second, "_delete": true}));
    assert!(sent[0]["body"].get("supplier").is_none(), "only what changed: {sent:#?}");

    let held = shown(&world, entry);
    let lines: Vec<_> = held.lines.iter().map(|line| (line.id == first, line.line_num.as_str())).collect();
    assert_eq!(lines, [(true, "1"), (false, "3")], "the number of a line stays");
    assert_eq!((held.version, held.deleted_lines), (2, 1));

    // The next update carries the version that this one made.
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(13))
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(world.last(&key(&world, entry)).await.sent[0]["body"]["version"], json!(2));
    assert_eq!(shown(&world, entry).lines[0].quantity, Some(Decimal::from(13)));
    world.assert_clean();
}

#[tokio::test]
async fn an_order_that_somebody_else_changed_is_updated_from_its_new_version() {
    let (world, worker, entry) = ordered().await;
    world.coupa.set(Kind::OrderHeader, shown(&world, entry).id, "version", json!(5));
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(12))
        .unwrap();
    world.settle(&worker).await;
    let last = world.last(&key(&world, entry)).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Updated, None), "{}", last.message);
    let held = shown(&world, entry);
    assert_eq!((held.version, held.lines[0].quantity), (6, Some(Decimal::from(12))));
    assert_eq!(actions(&world), ["update", "update"], "one refused, one taken");
    world.assert_clean();
}

#[tokio::test]
async fn an_account_alone_is_no_change_of_an_issued_order() {
    let (world, worker, entry) = ordered().await;
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| {
            "620000".clone_into(&mut order.lines[0].account_code);
        })
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(world.writes(), 0);
    assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::Unchanged);
    world.assert_clean();
}

#[tokio::test]
async fn an_update_that_nobody_heard_of_is_not_applied_twice() {
    for effect in [Effect::LoseReply, Effect::FailAfter(500), Effect::FailBefore(503), late()] {
        let (world, worker, entry) = ordered().await;
        world
            .sap
            .change_document(DocumentKind::Order, entry, |order| {
                // The numbers in Coupa are 1 and, for the new line, 3: renumbering would clash.
                let mut third = order.lines[1].clone();
                third.number = 2;
                order.lines.remove(0);
                order.lines.push(third);
            })
            .unwrap();
        world.coupa.plan(Fault::on(Method::PUT, ORDERS, effect.clone()));
        world.settle(&worker).await;
        world
            .sap
            .change_document(DocumentKind::Order, entry, |order| {
                let mut fourth = order.lines[1].clone();
                fourth.number = 3;
                order.lines.push(fourth);
            })
            .unwrap();
        world.settle(&worker).await;
        let held = shown(&world, entry);
        let lines: Vec<_> =
            held.lines.iter().map(|line| line.external_reference_number.clone().unwrap()).collect();
        assert_eq!(lines, [1, 2, 3].map(|line| format!("SBODEMO_ACME/{entry}/{line}")), "{effect:?}");
        assert_eq!(world.last(&key(&world, entry)).await.code, None, "{effect:?}");
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_closed_order_gets_one_soft_close_after_the_invoices_of_its_run() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let entry = order(&world.sap);
    // All of it is invoiced, so SAP closes it before anything was ever sent.
    world.sap.copy(DocumentKind::Order, entry, DocumentKind::Invoice, document("V1", vec![])).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    assert_eq!(shown(&world, entry).status, "soft_closed");
    assert_eq!(actions(&world), ["issue_without_send", "close"]);
    assert_eq!(world.coupa.invoices()[0].status, "approved");
    // Whatever comes later, nothing more is sent to it.
    for _ in 0..2 {
        world.redrive(&worker, &key(&world, entry)).await;
        world.settle(&worker).await;
    }
    assert_eq!(actions(&world), ["issue_without_send", "close"]);
    world.assert_clean();
}

#[tokio::test]
async fn a_close_that_nobody_heard_of_is_asked_about_before_another_one() {
    for effect in [Effect::LoseReply, Effect::FailAfter(502), Effect::MalformedJson, late()] {
        let (world, worker, entry) = ordered().await;
        world.sap.close_order(entry).unwrap();
        world.coupa.plan(Fault::on(Method::PUT, ORDERS, effect.clone()).ending("/close"));
        world.settle(&worker).await;
        assert_eq!(shown(&world, entry).status, "soft_closed", "{effect:?}");
        assert_eq!(actions(&world), ["close"], "{effect:?}");
        // That nobody knows what was last sent is no change in SAP.
        world.redrive(&worker, &key(&world, entry)).await;
        let last = world.last(&key(&world, entry)).await;
        assert_eq!(last.outcome, AuditOutcome::Unchanged, "{effect:?}: {}", last.message);
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_order_that_somebody_closed_in_coupa_is_not_closed_again() {
    let (world, worker, entry) = ordered().await;
    world.coupa.set_order_status(&shown(&world, entry).po_number, "soft_closed");
    world.sap.close_order(entry).unwrap();
    world.settle(&worker).await;
    assert_eq!(actions(&world), Vec::<String>::new());
    world.assert_clean();
}

#[tokio::test]
async fn a_change_and_the_close_after_it_arrive_in_this_order() {
    let (world, worker, entry) = ordered().await;
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(4))
        .unwrap();
    world.sap.close_order(entry).unwrap();
    world.settle(&worker).await;
    assert_eq!(actions(&world), ["update", "close"]);
    let held = shown(&world, entry);
    assert_eq!((held.status.as_str(), held.lines[0].quantity), ("soft_closed", Some(Decimal::from(4))));
    // From here on, what changes in SAP is only recorded.
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(5))
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(actions(&world), ["update", "close"]);
    assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::NotApplied);
    world.assert_clean();
}

/// Whoever has both sides compared gets the truth, although what was last sent is forgotten then.
#[tokio::test]
async fn a_closed_order_that_changed_is_told_so_by_every_look() {
    let (world, worker, entry) = ordered().await;
    world.sap.close_order(entry).unwrap();
    world.settle(&worker).await;
    let quantity = |to: i64| {
        let set = |order: &mut simulators::sap::Document| order.lines[0].quantity = Decimal::from(to);
        world.sap.change_document(DocumentKind::Order, entry, set).unwrap();
    };
    let look = async |cause| {
        world.enqueue(key(&world, entry), cause, Lane::Live).await;
        world.work(&worker).await;
        world.pass(1);
        world.last(&key(&world, entry)).await.outcome
    };
    assert_eq!(look(Cause::Reconcile).await, AuditOutcome::Unchanged);
    quantity(11);
    assert_eq!(look(Cause::Poll).await, AuditOutcome::NotApplied, "what Coupa showed is what was last sent");
    for cause in [Cause::Reconcile, Cause::Poll, Cause::Reconcile] {
        assert_eq!(look(cause).await, AuditOutcome::NotApplied);
    }
    quantity(10);
    assert_eq!(look(Cause::Poll).await, AuditOutcome::Unchanged, "it is as it was");
    assert_eq!(actions(&world), ["close"]);
}

#[tokio::test]
async fn an_order_is_opened_again_with_a_reason() {
    let (world, worker, entry) = ordered().await;
    world.sap.close_order(entry).unwrap();
    world.settle(&worker).await;
    world.sap.reopen_order(entry).unwrap();
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(4))
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(actions(&world), ["close", "reopen", "update"]);
    let held = shown(&world, entry);
    assert_eq!((held.status.as_str(), held.lines[0].quantity), ("issued", Some(Decimal::from(4))));
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_order_is_cancelled_and_left_alone_from_then_on() {
    for spelling in ["cancelled", "canceled"] {
        let (world, worker, entry) = ordered().await;
        world.coupa.configure(|settings| settings.cancelled_status = spelling);
        world.sap.cancel(DocumentKind::Order, entry).unwrap();
        world.coupa.plan(Fault::on(Method::PUT, ORDERS, Effect::LoseReply).ending("/cancel"));
        world.settle(&worker).await;
        assert_eq!(shown(&world, entry).status, spelling);
        world
            .sap
            .change_document(DocumentKind::Order, entry, |order| order.lines[0].quantity = Decimal::from(4))
            .unwrap();
        world.settle(&worker).await;
        assert_eq!(actions(&world), ["cancel"]);
        // Not even if SAP had it open again: in Coupa there is no way back.
        world
            .sap
            .change_document(DocumentKind::Order, entry, |order| {
                (order.cancel, order.closed) = (CancelStatus::No, false);
                order.lines[0].quantity = Decimal::from(5);
            })
            .unwrap();
        world.settle(&worker).await;
        assert_eq!(actions(&world), ["cancel"]);
        assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::NotApplied);
        world.assert_clean();
    }
}

#[tokio::test]
async fn what_is_first_seen_cancelled_is_not_created() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let entry = order(&world.sap);
    world.sap.cancel(DocumentKind::Order, entry).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    assert!(world.coupa.orders().is_empty());
    assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::NotApplicable);
    world.assert_clean();
}

#[tokio::test]
async fn writes_that_nobody_heard_of_are_not_repeated() {
    for effect in [Effect::LoseReply, Effect::FailAfter(500), Effect::Truncate(9), Effect::DropBefore, late()]
    {
        for (method, ending) in [(Method::POST, ""), (Method::PUT, "/issue_without_send")] {
            let world = World::new();
            // A second issue is refused here.
            world.coupa.configure(|settings| settings.reissue = simulators::coupa::Reissue::Refused);
            world.sap.add_supplier(supplier("V1")).unwrap();
            let entry = order(&world.sap);
            world.coupa.plan(Fault::on(method.clone(), ORDERS, effect.clone()).ending(ending));
            let worker = world.worker("one");
            world.settle(&worker).await;
            assert_eq!(shown(&world, entry).status, "issued", "{effect:?} {ending}");
            assert_eq!(world.coupa.orders().len(), 1);
            let last = world.last(&key(&world, entry)).await;
            assert_eq!(last.code, None, "{effect:?} {ending}: {}", last.message);
            world.assert_clean();
        }
    }
}

#[tokio::test]
async fn an_order_waits_for_its_supplier() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let entry = order(&world.sap);
    // Down for suppliers only, and long enough for the order to come to its turn.
    world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", Effect::FailBefore(503)).times(2));
    let worker = world.worker("one");
    world.settle(&worker).await;
    assert_eq!(shown(&world, entry).status, "issued");
    world.assert_clean();
}

#[tokio::test]
async fn a_reference_that_coupa_ignored_keeps_an_order_from_being_issued() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let unit = LineSpec { unit: "crate".to_owned(), ..line("A1", 2, "5") };
    let entry = world.sap.add_purchase_order(document("V1", vec![line("A2", 1, "3"), unit])).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let failed = world.last(&key(&world, entry)).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::CoupaReferenceIgnored)));
    assert!(failed.message.contains("order-lines[2].uom.code was sent as `crate`"), "{}", failed.message);
    assert_eq!(shown(&world, entry).status, "draft");

    world.coupa.add(Kind::Uom, &json!({"code": "crate", "name": "Crate"}));
    world.coupa.forget_requests();
    world.redrive(&worker, &key(&world, entry)).await;
    assert_eq!(actions(&world), ["update", "issue_without_send"]);
    assert_eq!(shown(&world, entry).lines[1].unit.as_deref(), Some("crate"));
    assert_eq!(world.coupa.orders().len(), 1);
    world.assert_clean();
}

#[tokio::test]
async fn a_reference_that_an_update_lost_does_not_add_the_new_lines_twice() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let entry = order(&world.sap);
    let terms = Mapping::parse("[payment_terms]\n\"4\" = \"Net 99\"").unwrap();
    let worker = world.worker_with("one", world.settings(), terms);
    world.settle(&worker).await;
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| {
            let mut third = order.lines[1].clone();
            third.number = 2;
            order.lines.push(third);
            order.payment_terms = 4;
        })
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(world.last(&key(&world, entry)).await.code, Some(Code::CoupaReferenceIgnored));
    world.coupa.add(Kind::PaymentTerm, &json!({"code": "Net 99"}));
    world.redrive(&worker, &key(&world, entry)).await;
    let held = shown(&world, entry);
    assert_eq!((held.lines.len(), held.payment_term.as_deref()), (3, Some("Net 99")));
    world.assert_clean();
}

#[tokio::test]
async fn a_close_that_is_no_longer_wanted_leaves_nothing_to_be_sent_later() {
    let (world, worker, order) = ordered().await;
    world.sap.close_order(order).unwrap();
    world.coupa.plan(Fault::on(Method::PUT, ORDERS, Effect::FailBefore(502)).ending("/close"));
    world.sync(&worker).await;
    // Open again in SAP before the close of unknown outcome is tried once more, and nobody polls.
    world.sap.reopen_order(order).unwrap();
    world.work_through(&worker, 3).await;
    assert_eq!(shown(&world, order).status, "issued");
    let writes = world.writes();
    world.enqueue(key(&world, order), Cause::Replay, Lane::Live).await;
    world.work_through(&worker, 3).await;
    assert_eq!(world.writes(), writes, "a replay writes nothing");
    world.assert_clean();
}
