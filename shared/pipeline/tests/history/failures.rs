//! What an attempt's failure leads to, class by class.

use crate::{
    rig::Ties,
    world::{World, document, line, supplier},
};
use http::Method;
use jiff::{SignedDuration, Timestamp, civil::date};
use mapping::Mapping;
use model::{AuditOutcome, Clock as _, Code, Direction, ErrorClass, ObjectKind};
use pipeline::{Pipeline, Settings, SupplierSettings};
use simulators::{
    compare::differences,
    coupa::{Effect, Fault},
    sap::{DocumentKind, LineSpec},
};
use std::{sync::atomic::Ordering, time::Duration};
use store::{AuditTrail as _, Queue as _, StateStore as _};

/// A supplier in Coupa, and an order, an invoice and its payment on the way.
async fn company() -> (World, Pipeline) {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let order = world
        .sap
        .add_purchase_order(document("V1", vec![line("A1", 10, "25.5"), line("A2", 1, "9")]))
        .unwrap();
    let part = LineSpec::copied_from(DocumentKind::Order, order, 0);
    let invoice = world.sap.add_invoice(document("V1", vec![part])).unwrap();
    let total = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
    world.sap.pay(&[(invoice, total)]).unwrap();
    (world, worker)
}

async fn right(world: &World, when: &str) {
    let found = differences(&world.sap, &world.coupa, date(2026, 1, 1));
    assert!(found.is_empty(), "{when}: {found:#?}");
    assert_eq!(world.store.dead_letters().await.unwrap(), [], "{when}");
    assert!(world.coupa.faults_left().is_empty(), "{when}: never met");
}

/// The writes of the company above, in their order.
fn writes() -> Vec<(&'static str, Fault)> {
    let on = |method, path: &str, ending: &str| Fault::on(method, path, Effect::LoseReply).ending(ending);
    vec![
        ("order", on(Method::POST, "/api/purchase_orders", "")),
        ("issue", on(Method::PUT, "/api/purchase_orders", "issue_without_send")),
        ("invoice", on(Method::POST, "/api/invoices", "")),
        ("submit", on(Method::PUT, "/api/invoices", "submit")),
        ("payment", on(Method::PUT, "/api/invoices", "").containing("amount-paid")),
    ]
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_is_asked_about_and_never_done_twice() {
    let late = Effect::LateArrival { applied_after: Duration::from_secs(89), hang: Duration::from_secs(30) };
    let at_once = Effect::LateArrival { applied_after: Duration::from_secs(59), hang: Duration::ZERO };
    let effects = [
        ("reply lost", Effect::LoseReply),
        ("5xx after the commit", Effect::FailAfter(503)),
        ("5xx before", Effect::FailBefore(500)),
        ("gateway's page", Effect::Html(502)),
        ("broken JSON", Effect::MalformedJson),
        ("cut off", Effect::Truncate(10)),
        ("dropped before", Effect::DropBefore),
        ("late, after a time-out", late),
        ("late, after a lost connection", at_once),
        ("too slow", Effect::Delay(Duration::from_secs(40))),
    ];
    for (what, effect) in effects {
        for (which, fault) in writes() {
            let when = format!("{which}: {what}");
            let (world, worker) = company().await;
            world.coupa.plan(Fault { effect: effect.clone(), ..fault });
            world.sync(&worker).await;
            let began = now(&world);
            let ended = world.work_through(&worker, 3).await;
            right(&world, &when).await;
            if which == "payment" {
                // Nobody asked before the request could have arrived for the last time.
                let exchanges = world.coupa.exchanges();
                let asked = exchanges.iter().find(|one| one.at > began && one.method == Method::GET);
                let pause = asked.unwrap().at.duration_since(began);
                assert!(pause >= SignedDuration::from_secs(60), "{when}: {pause}");
            }
            let trail =
                world.store.list(&store::AuditFilter { limit: 99, ..Default::default() }).await.unwrap();
            let unknown: Vec<_> = trail.iter().filter(|one| one.outcome == AuditOutcome::Unknown).collect();
            assert_eq!(unknown.len(), 1, "{when}: {ended:#?}");
            assert_eq!(unknown[0].code, Some(Code::CoupaOutcomeUnknown));
            assert!(!unknown[0].sent.is_empty(), "{when}: what was sent is in the trail");
            let last = trail.iter().rfind(|one| one.document == unknown[0].document).unwrap();
            assert_ne!(last.outcome, AuditOutcome::Unknown, "{when}: the trail ends in the open");
            world.settle(&worker).await;
            right(&world, &when).await;
        }
    }
}

/// Another message about the same document does not wait for the first one's turn.
#[tokio::test]
async fn nobody_asks_about_a_write_while_it_may_still_arrive() {
    let (world, worker) = company().await;
    let hang = Duration::from_secs(30);
    let late = Effect::LateArrival { applied_after: Duration::from_secs(85), hang };
    world.coupa.plan(Fault::on(Method::PUT, "/api/invoices", late).containing("amount-paid"));
    world.sync(&worker).await;
    for second in 0..20 {
        world.redrive(&world.worker("other"), &world.key(ObjectKind::Payment, 1)).await;
        world.pass(second);
        assert!(world.coupa.invoices()[0].payments.len() < 2);
    }
    world.work_through(&worker, 1).await;
    right(&world, "late payment").await;
}

/// A line is added and the reply is lost, then SAP is down, and only then comes the second look.
#[tokio::test]
async fn an_unknown_outcome_outlives_other_failures() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "5")])).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let key = world.key(ObjectKind::PurchaseOrder, 1);
    let add = |order: &mut simulators::sap::Document| {
        let more = simulators::sap::Line { number: 1, visual_order: 1, ..order.lines[0].clone() };
        order.lines.push(more);
    };
    world.sap.change_document(DocumentKind::Order, 1, add).unwrap();
    world.coupa.plan(Fault::on(Method::PUT, "/api/purchase_orders", Effect::LoseReply));
    world.sync(&worker).await;
    let down = now(&world) + SignedDuration::from_mins(10);
    world.sap.inject(simulators::sap::Fault::bad_gateway().until(down));
    world.pass(100);
    world.work(&worker).await;
    assert_eq!(world.last(&key).await.code, Some(Code::SapUnreachable));
    let item = world.store.items(std::slice::from_ref(&key)).await.unwrap().remove(0).unwrap();
    assert!(item.unknown.is_some(), "nobody has asked yet");
    world.work_through(&worker, 3).await;
    right(&world, "after both").await;
    assert_eq!(world.coupa.orders()[0].lines.len(), 2);
}

/// What an attempt writes besides its own document is as unknown as that.
#[tokio::test]
async fn an_unknown_outcome_goes_for_all_that_the_attempt_writes() {
    let (world, worker) = company().await;
    world.coupa.plan(Fault::on(Method::PUT, "/api/invoices", Effect::LoseReply).containing("amount-paid"));
    world.sync(&worker).await;
    let keys = [ObjectKind::Payment, ObjectKind::Invoice].map(|kind| world.key(kind, 1));
    for item in world.store.items(&keys).await.unwrap() {
        assert!(item.unwrap().unknown.is_some());
    }
    world.work_through(&worker, 3).await;
    right(&world, "asked").await;
}

#[tokio::test]
async fn transient_failures_are_tried_again_without_a_limit() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "5")])).unwrap();
    let order = Fault::on(Method::GET, "/api/purchase_orders", Effect::FailBefore(503));
    world.coupa.plan(order.times(4 * 12));
    world.sync(&worker).await;
    world.work_through(&worker, 12).await;
    right(&world, "after 12 failures").await;
    let trail = world.store.of_document(&world.key(ObjectKind::PurchaseOrder, 1)).await.unwrap();
    let retries: Vec<_> = trail.iter().filter(|one| one.outcome == AuditOutcome::Retry).collect();
    assert_eq!(retries.len(), 12, "{trail:#?}");
    assert!(retries.iter().all(|one| one.class == Some(ErrorClass::Transient)));
    let pauses: Vec<_> = retries.windows(2).map(|two| two[1].at.duration_since(two[0].at)).collect();
    assert!(pauses[0] < SignedDuration::from_secs(30), "{pauses:?}");
    assert!(pauses[10] > SignedDuration::from_mins(20), "{pauses:?}");
    assert_eq!(retries.last().map(|one| one.attempt), Some(12));
}

#[tokio::test]
async fn a_429_slows_down_and_loses_nothing() {
    for retry_after_seconds in [None, Some(3), Some(40)] {
        let (world, worker) = company().await;
        let effect = Effect::TooManyRequests { retry_after_seconds };
        world.coupa.plan(Fault::next(effect).times(7));
        world.sync(&worker).await;
        world.work_through(&worker, 3).await;
        right(&world, &format!("Retry-After {retry_after_seconds:?}")).await;
        let exchanges = world.coupa.exchanges();
        for pair in exchanges.windows(2).filter(|pair| pair[0].status == 429) {
            let pause = pair[1].at.duration_since(pair[0].at);
            let asked = SignedDuration::from_secs(retry_after_seconds.unwrap_or(1).into());
            assert!(pause >= asked, "{retry_after_seconds:?}: {pause}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_taken_back_is_renewed() {
    let (world, worker) = company().await;
    world.coupa.plan(Fault::next(Effect::RevokeTokens).after(3));
    world.sync(&worker).await;
    world.work_through(&worker, 1).await;
    right(&world, "revoked").await;
    assert_eq!(world.coupa.tokens_minted(), 2);
}

#[tokio::test]
async fn a_session_that_ends_at_any_request_is_renewed() {
    for n in 1..12 {
        let (world, worker) = company().await;
        let logins = world.sap.logins();
        world.sap.expire_sessions_at(n);
        world.sync(&worker).await;
        world.work_through(&worker, 1).await;
        right(&world, &format!("ended at request {n}")).await;
        assert_eq!(world.sap.logins(), logins + 1, "request {n}");
    }
}

#[tokio::test]
async fn a_refused_password_is_tried_once_and_the_work_waits() {
    let (world, worker) = company().await;
    world.poll(&worker).await;
    let wrong = world.tied("two", &Ties { sap_password: "changed", ..Ties::default() });
    for _ in 0..20 {
        world.work(&wrong).await;
        world.pass(20);
    }
    assert_eq!(world.sap.refused_logins(), 1, "each more could lock the user");
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
    let entry = world.last(&world.key(ObjectKind::PurchaseOrder, 1)).await;
    assert_eq!((entry.code, entry.class), (Some(Code::SapLoginRefused), Some(ErrorClass::Auth)));
    // With the right one everything goes on by itself.
    world.work_through(&worker, 3).await;
    right(&world, "with the right password").await;
}

#[tokio::test]
async fn a_refused_document_is_a_dead_letter_until_it_is_redriven() {
    let (world, worker) = company().await;
    let refuse = Effect::Refuse { object: "order_header".to_owned(), message: "Needs a blessing".to_owned() };
    world.coupa.plan(Fault::on(Method::POST, "/api/purchase_orders", refuse).times(2));
    world.sync(&worker).await;
    world.work_through(&worker, 24).await;
    let trail = world.store.of_document(&world.key(ObjectKind::PurchaseOrder, 1)).await.unwrap();
    assert!(trail.len() <= 2, "the invoice that waits for it has it tried for ever: {trail:#?}");
    let letters = world.store.dead_letters().await.unwrap();
    let key = world.key(ObjectKind::PurchaseOrder, 1);
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!((&letters[0].document, letters[0].letter.code), (&key, Code::CoupaRefused));
    assert!(letters[0].letter.message.contains("Needs a blessing"));
    assert_eq!(world.last(&key).await.outcome, AuditOutcome::Failed);

    world.redrive(&worker, &key).await;
    world.work_through(&worker, 2).await;
    right(&world, "redriven").await;
    assert_eq!(world.last(&key).await.outcome, AuditOutcome::Created);
}

/// One of them may be what Coupa can't bear: each is looked up alone, and goes through.
#[tokio::test]
async fn a_look_up_that_coupa_refuses_is_done_for_each_alone() {
    let world = World::new();
    for code in ["V1", "V2"] {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let worker = world.worker("one");
    let refusal = Effect::Refuse { object: "base".to_owned(), message: "number is odd".to_owned() };
    world.coupa.plan(Fault::on(Method::GET, "/api/suppliers", refusal));
    world.sync(&worker).await;
    right(&world, "looked up alone").await;
}

#[tokio::test]
async fn stopping_gives_back_what_has_not_begun() {
    let (world, worker) = company().await;
    world.poll(&worker).await;
    worker.stopping.store(true, Ordering::Relaxed);
    let calls = world.coupa.api_requests();
    let report = worker.work(50).await.unwrap();
    assert_eq!((report.ended.len(), report.held), (0, report.received));
    assert_eq!(world.coupa.api_requests(), calls);
    worker.stopping.store(false, Ordering::Relaxed);
    assert!(world.store.next_due().await.unwrap().unwrap() <= now(&world) + SignedDuration::from_secs(1));
    world.pass(1);
    world.work(&worker).await;
    right(&world, "begun again").await;
    let item =
        world.store.items(&[world.key(ObjectKind::PurchaseOrder, 1)]).await.unwrap().remove(0).unwrap();
    assert_eq!((item.unfinished, item.tries), (0, 0));
    assert_eq!(
        world.store.of_document(&world.key(ObjectKind::PurchaseOrder, 1)).await.unwrap()[0].attempt,
        1
    );
}

#[tokio::test]
async fn no_secret_is_in_the_trail() {
    let (world, worker) = company().await;
    world.coupa.plan(Fault::next(Effect::RevokeTokens));
    world.sap.expire_sessions_at(2);
    world.coupa.plan(Fault::on(Method::POST, "/api/invoices", Effect::LoseReply));
    world.sync(&worker).await;
    world.work_through(&worker, 1).await;
    let trail = world.store.list(&store::AuditFilter { limit: 99, ..Default::default() }).await.unwrap();
    assert!(trail.len() > 4);
    let text = serde_json::to_string(&trail).unwrap();
    for secret in ["correct horse", "coupa-secret", "B1SESSION", "Bearer", "access_token"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let created = trail.iter().find(|one| one.document.kind == ObjectKind::PurchaseOrder).unwrap();
    assert!(created.sap_stamp.is_some() && created.number.is_some());
    assert_eq!(created.coupa_calls as usize, created.sent.len());
    assert!(created.sent.iter().all(|one| one.get("method").is_some() && one.get("path").is_some()));
}

#[tokio::test]
async fn what_was_answered_and_where_each_field_came_from_stand_with_what_was_sent() {
    let (world, worker) = company().await;
    world.coupa.plan(Fault::on(Method::POST, "/api/invoices", Effect::LoseReply));
    world.sync(&worker).await;
    world.work_through(&worker, 1).await;
    let trail = world.store.list(&store::AuditFilter { limit: 99, ..Default::default() }).await.unwrap();
    assert!(trail.iter().all(|entry| entry.direction == Some(Direction::SapToCoupa)));
    let sent: Vec<_> = trail.iter().flat_map(|entry| &entry.sent).collect();
    let lost = sent.iter().filter(|note| note["reply"]["lost"].is_string()).count();
    assert_eq!(lost, 1, "{sent:#?}");
    for note in sent.iter().filter(|note| note["reply"]["lost"].is_null()) {
        assert!(
            note["reply"]["status"].as_u64().is_some_and(|status| (200..300).contains(&status)),
            "{note:#?}"
        );
        assert!(note["reply"]["body"]["id"].is_u64(), "{note:#?}");
    }
    for note in &sent {
        for field in note["body"].as_object().into_iter().flat_map(|body| body.keys()) {
            assert!(note["sources"][field].is_string(), "{field} of {}", note["path"]);
        }
    }
    let invoice = sent.iter().find(|note| note["path"] == "/api/invoices").unwrap();
    assert_eq!(
        invoice["sources"]["currency"],
        "DocCurrency: [currencies] of the mapping file, else as it is"
    );
}

fn now(world: &World) -> Timestamp {
    world.clock.now()
}

#[tokio::test]
async fn a_number_that_is_taken_leads_to_what_an_unheard_write_made() {
    for (path, from_coupa) in [
        ("/api/suppliers", false),
        ("/api/suppliers", true),
        ("/api/purchase_orders", false),
        ("/api/invoices", false),
    ] {
        let world = World::new();
        world.sap.add_supplier(supplier("V1")).unwrap();
        world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "5")])).unwrap();
        world.sap.add_invoice(document("V1", vec![line("A1", 1, "7")])).unwrap();
        world.coupa.plan(Fault::on(Method::POST, path, Effect::LoseReply).ending(path));
        // Asked again, Coupa finds nothing yet: its search lags behind.
        let looks = if from_coupa { 2 } else { 1 };
        world.coupa.plan(Fault::on(Method::GET, path, Effect::FailBefore(404)).ending(path).after(looks));
        let suppliers = SupplierSettings { from_coupa, ..SupplierSettings::default() };
        let settings = Settings { suppliers, ..world.settings() };
        world.settle(&world.worker_with("one", settings, Mapping::default())).await;
        assert!(!world.coupa.duplicates().is_empty(), "{path}: it was asked for one more, and refused");
        assert_eq!(world.store.dead_letters().await.unwrap(), [], "{path}");
        let trail = world.store.list(&store::AuditFilter { limit: 99, ..Default::default() }).await.unwrap();
        assert!(trail.iter().all(|entry| entry.outcome != AuditOutcome::Failed), "{path}: {trail:#?}");
        let (orders, invoices) = (world.coupa.orders(), world.coupa.invoices());
        assert_eq!((world.coupa.suppliers().len(), orders.len(), invoices.len()), (1, 1, 1), "{path}");
        assert_eq!(
            (orders[0].status.as_str(), invoices[0].status.as_str()),
            ("issued", "approved"),
            "{path}"
        );
        assert!(world.coupa.faults_left().is_empty(), "{:?}", world.coupa.faults_left());
    }
}
