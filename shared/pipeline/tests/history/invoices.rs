//! Invoices: created, submitted, and from then on only voided.

use crate::world::{World, document, late, line, supplier};
use http::Method;
use jiff::civil::date;
use mapping::Mapping;
use model::{AuditOutcome, Code, DocumentKey, ObjectKind};
use rust_decimal::Decimal;
use serde_json::json;
use simulators::{
    coupa::{Effect, Fault, Invoice, Kind},
    sap::{DocumentKind, DocumentSpec, Simulator as Sap},
};
use store::StateStore as _;

const INVOICES: &str = "/api/invoices";

fn world() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world
}

/// An invoice without an order.
fn invoice(sap: &Sap) -> i64 {
    sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap()
}

fn number(world: &World, entry: i64) -> String {
    world.sap.document(DocumentKind::Invoice, entry).unwrap().number.to_string()
}

fn shown(world: &World, entry: i64) -> Invoice {
    let number = number(world, entry);
    world.coupa.invoice("V1", &number).unwrap()
}

fn key(world: &World, entry: i64) -> DocumentKey {
    world.key(ObjectKind::Invoice, entry)
}

/// What was done to documents, oldest first: the last part of the path.
fn actions(world: &World, path: &str) -> Vec<String> {
    let exchanges = world.coupa.exchanges().into_iter();
    let puts = exchanges.filter(|one| one.method == Method::PUT && one.target.starts_with(path));
    puts.map(|one| one.target.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_old_invoice_is_left_alone() {
    let world = world();
    let spec = DocumentSpec { date: Some(date(2025, 12, 31)), ..document("V1", vec![line("A1", 1, "5")]) };
    let entry = world.sap.add_invoice(spec).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    world
        .sap
        .change_document(DocumentKind::Invoice, entry, |invoice| "x".clone_into(&mut invoice.comments))
        .unwrap();
    world.settle(&worker).await;
    assert!(world.coupa.invoices().is_empty());
    world.assert_clean();
}

#[tokio::test]
async fn what_changes_after_the_submit_is_recorded_and_not_sent() {
    let world = world();
    let entry = invoice(&world.sap);
    let worker = world.worker("one");
    world.settle(&worker).await;
    let writes = world.writes();
    world
        .sap
        .change_document(DocumentKind::Invoice, entry, |invoice| {
            "a comment".clone_into(&mut invoice.comments);
        })
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::Unchanged);
    world
        .sap
        .change_document(DocumentKind::Invoice, entry, |invoice| {
            invoice.lines[0].unit_price = Decimal::from(90);
        })
        .unwrap();
    world.settle(&worker).await;
    let last = world.last(&key(&world, entry)).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::NotApplied, None));
    assert!(last.message.contains("invoice-lines"), "{}", last.message);
    assert_eq!(world.writes(), writes);
    assert!(world.store.dead_letters().await.unwrap().is_empty());
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_invoice_is_voided_or_abandoned() {
    for (status, shown_as, actions_then) in [
        ("approved", "voided", vec!["void"]),
        ("pending_receipt", "voided", vec!["void"]),
        ("draft", "voided", vec!["void"]),
        ("pending_approval", "abandoned", vec!["abandon"]),
        ("disputed", "abandoned", vec!["abandon"]),
        ("voided", "voided", vec![]),
    ] {
        let world = world();
        let entry = invoice(&world.sap);
        let worker = world.worker("one");
        world.settle(&worker).await;
        world.coupa.set_invoice_status("V1", &number(&world, entry), status);
        world.coupa.forget_requests();
        world.sap.cancel(DocumentKind::Invoice, entry).unwrap();
        world.settle(&worker).await;
        assert_eq!(shown(&world, entry).status, shown_as, "{status}");
        assert_eq!(actions(&world, INVOICES), actions_then, "{status}");
        assert_eq!(world.coupa.invoices().len(), 1);
        world.assert_clean();
    }
}

#[tokio::test]
async fn where_neither_is_allowed_the_void_waits() {
    let world = world();
    let entry = invoice(&world.sap);
    let worker = world.worker("one");
    world.settle(&worker).await;
    world.coupa.set_invoice_status("V1", &number(&world, entry), "processing");
    world.sap.cancel(DocumentKind::Invoice, entry).unwrap();
    world.settle(&worker).await;
    let last = world.last(&key(&world, entry)).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Waiting, Some(Code::WaitingForStatus)));
    world.coupa.approve_invoice("V1", &number(&world, entry));
    world.work_through(&worker, 3).await;
    assert_eq!(shown(&world, entry).status, "voided");
    world.assert_clean();
}

#[tokio::test]
async fn what_is_first_seen_cancelled_is_not_created() {
    let world = world();
    let entry = invoice(&world.sap);
    world.sap.cancel(DocumentKind::Invoice, entry).unwrap();
    world.settle(&world.worker("one")).await;
    assert!(world.coupa.invoices().is_empty());
    assert_eq!(world.last(&key(&world, entry)).await.outcome, AuditOutcome::NotApplicable);
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_invoice_of_which_only_coupa_knows_is_voided() {
    for (note, then) in [(None, "voided"), (Some("typed in by Joe"), "approved")] {
        let mut world = world();
        let entry = invoice(&world.sap);
        world.settle(&world.worker("one")).await;
        // The store is lost, and with it the link.
        world.store = std::sync::Arc::new(store::EmbeddedStore::open_in_memory().unwrap());
        let id = shown(&world, entry).id;
        if let Some(note) = note {
            world.coupa.set(Kind::InvoiceHeader, id, "internal-note", json!(note));
        }
        world.sap.cancel(DocumentKind::Invoice, entry).unwrap();
        world.settle(&world.worker("two")).await;
        assert_eq!(shown(&world, entry).status, then, "{}", world.last(&key(&world, entry)).await.message);
        assert_eq!(world.coupa.invoices().len(), 1);
        assert_eq!(world.last(&key(&world, entry)).await.code, None);
        world.assert_clean();
    }
}

#[tokio::test]
async fn writes_that_nobody_heard_of_are_not_repeated() {
    for effect in [
        Effect::LoseReply,
        Effect::FailAfter(500),
        Effect::MalformedJson,
        Effect::Html(502),
        Effect::DropBefore,
        late(),
    ] {
        for (method, ending) in [(Method::POST, ""), (Method::PUT, "/submit"), (Method::PUT, "/void")] {
            let world = world();
            let entry = invoice(&world.sap);
            let worker = world.worker("one");
            world.coupa.plan(Fault::on(method.clone(), INVOICES, effect.clone()).ending(ending));
            world.settle(&worker).await;
            assert_eq!(shown(&world, entry).status, "approved", "{effect:?} {ending}");
            world.sap.cancel(DocumentKind::Invoice, entry).unwrap();
            world.settle(&worker).await;
            assert_eq!(shown(&world, entry).status, "voided", "{effect:?} {ending}");
            assert_eq!(world.coupa.invoices().len(), 1);
            assert_eq!(world.last(&key(&world, entry)).await.code, None);
            world.assert_clean();
        }
    }
}

#[tokio::test]
async fn approvals_are_skipped_only_where_there_are_any() {
    for (wanted, status, effect) in [
        (true, "approved", None),
        (true, "pending_approval", None),
        (true, "pending_approval", Some(Effect::FailBefore(503))),
        (true, "pending_approval", Some(Effect::TooManyRequests { retry_after_seconds: Some(900) })),
        (false, "pending_approval", None),
    ] {
        let world = world();
        world.coupa.configure(|settings| {
            settings.submitted_status = status;
            for client in settings.clients.values_mut() {
                client.scopes.insert(coupa::BYPASS_SCOPE.to_owned());
            }
        });
        let entry = invoice(&world.sap);
        if let Some(effect) = effect {
            world.coupa.plan(Fault::on(Method::PUT, INVOICES, effect).ending("/bypass_approvals"));
        }
        let settings = pipeline::Settings { bypass_approvals: wanted, ..world.settings() };
        world.settle(&world.worker_with("one", settings, Mapping::default())).await;
        assert_eq!(shown(&world, entry).status, if wanted { "approved" } else { "pending_approval" });
        assert_eq!(world.last(&key(&world, entry)).await.code, None);
        world.assert_clean();
    }
}

#[tokio::test]
async fn the_mark_and_the_suppliers_own_number_stand_in_the_note() {
    let world = world();
    let spec = DocumentSpec { reference: "RE-77".to_owned(), ..document("V1", vec![line("A1", 1, "5")]) };
    let entry = world.sap.add_invoice(spec).unwrap();
    world.settle(&world.worker("one")).await;
    let note = shown(&world, entry).internal_note.unwrap();
    assert!(
        note.starts_with(&format!("SAP SBODEMO_ACME/invoice/{entry}")) && note.contains("RE-77"),
        "{note}"
    );
    world.assert_clean();
}

#[tokio::test]
async fn references_that_coupa_ignored_keep_an_invoice_from_being_submitted() {
    for (table, field, kind, added) in [
        (
            "[payment_terms]\n\"3\" = \"Net 99\"",
            "payment-term.code",
            Kind::PaymentTerm,
            json!({"code": "Net 99"}),
        ),
        (
            "[tax_codes]\n\"I19\" = \"VAT19\"",
            "invoice-lines[1].tax-lines[1].tax-code.code",
            Kind::TaxCode,
            json!({"code": "VAT19"}),
        ),
        (
            "[units]\n\"pcs\" = \"EACH\"",
            "invoice-lines[1].uom.code",
            Kind::Uom,
            json!({"code": "EACH", "name": "Each"}),
        ),
    ] {
        let world = world();
        // The supplier and its terms are there already.
        world.settle(&world.worker("one")).await;
        let entry = invoice(&world.sap);
        let worker = world.worker_with("two", world.settings(), Mapping::parse(table).unwrap());
        world.settle(&worker).await;
        let failed = world.last(&key(&world, entry)).await;
        assert_eq!(
            (failed.outcome, failed.code),
            (AuditOutcome::Failed, Some(Code::CoupaReferenceIgnored)),
            "{field}: {}",
            failed.message
        );
        assert!(failed.message.contains(field), "{}", failed.message);
        assert_eq!(shown(&world, entry).status, "draft");

        world.coupa.add(kind, &added);
        world.coupa.forget_requests();
        world.redrive(&worker, &key(&world, entry)).await;
        let held = shown(&world, entry);
        assert_eq!(held.status, "approved", "{}", world.last(&key(&world, entry)).await.message);
        assert_eq!(
            (world.writes(), world.coupa.invoices().len(), held.lines.len()),
            (2, 1, 1),
            "one update and the submit"
        );
        assert_eq!(held.total, Decimal::from(238));
        world.assert_clean();
    }
}

#[tokio::test]
async fn withholding_and_down_payments_fail_by_default_and_say_so() {
    for (spec, word, table) in [
        (
            DocumentSpec {
                withholding: Some(("WT".to_owned(), Decimal::from(10))),
                ..document("V1", vec![line("A1", 2, "100")])
            },
            "withholding",
            "[differences]\nwithholding = \"line\"",
        ),
        (
            DocumentSpec { down_payment: Decimal::from(50), ..document("V1", vec![line("A1", 2, "100")]) },
            "down_payment",
            "[differences]\ndown_payment = \"charge\"",
        ),
    ] {
        let world = world();
        let entry = world.sap.add_invoice(spec).unwrap();
        world.settle(&world.worker("one")).await;
        let failed = world.last(&key(&world, entry)).await;
        assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::TotalsDiffer)));
        assert!(failed.message.contains(word), "{}", failed.message);
        assert!(world.coupa.invoices().is_empty());

        let worker = world.worker_with("two", world.settings(), Mapping::parse(table).unwrap());
        world.redrive(&worker, &key(&world, entry)).await;
        assert_eq!(
            shown(&world, entry).total,
            world.sap.document(DocumentKind::Invoice, entry).unwrap().total.local
        );
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_unreadable_document_stops_nobody_else() {
    let world = world();
    let (bad, good) = (invoice(&world.sap), invoice(&world.sap));
    world.sap.plant(DocumentKind::Invoice, bad, "TaxDate", "\"neither\"").unwrap();
    world.settle(&world.worker("one")).await;
    let failed = world.last(&key(&world, bad)).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::SapFieldUnreadable)));
    assert_eq!(shown(&world, good).status, "approved");
    assert_eq!(world.coupa.invoices().len(), 1);
    world.assert_clean();
}
