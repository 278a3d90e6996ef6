//! What is no longer in SAP: never a silent delete, and what becomes of it is for the config to say.

use crate::world::{World, document, line, supplier};
use mapping::Mapping;
use model::{AuditOutcome, Cause, Code, DocumentKey, Lane, ObjectKind};
use pipeline::{Pipeline, Settings, WhenGone};
use simulators::sap::DocumentKind;

struct Gone {
    world: World,
    worker: Pipeline,
    order: (DocumentKey, String),
    invoice: (DocumentKey, String),
    supplier: DocumentKey,
}

/// An order, an invoice and a supplier that were in step, and are taken away in SAP.
async fn gone(when_gone: WhenGone) -> Gone {
    let world = World::new();
    for code in ["V1", "V2"] {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let worker = world.worker_with("one", Settings { when_gone, ..world.settings() }, Mapping::default());
    let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 2, "10")])).unwrap();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 2, "10")])).unwrap();
    world.settle(&worker).await;
    let number = |kind, entry| world.sap.document(kind, entry).unwrap().number.to_string();
    let order = (world.key(ObjectKind::PurchaseOrder, order), number(DocumentKind::Order, order));
    let invoice = (world.key(ObjectKind::Invoice, invoice), number(DocumentKind::Invoice, invoice));
    assert!(world.sap.remove(DocumentKind::Order, order.0.doc_entry().unwrap()));
    assert!(world.sap.remove(DocumentKind::Invoice, invoice.0.doc_entry().unwrap()));
    assert!(world.sap.remove_supplier("V2"));
    let supplier = world.supplier_key("V2");
    // SAP tells of a deletion.
    for document in [&order.0, &invoice.0, &supplier] {
        world.enqueue(document.clone(), Cause::Webhook, Lane::Live).await;
    }
    world.work_through(&worker, 3).await;
    Gone { world, worker, order, invoice, supplier }
}

impl Gone {
    fn in_coupa(&self) -> (String, String, String) {
        let coupa = &self.world.coupa;
        (
            coupa.order_by_number(&self.order.1).unwrap().status,
            coupa.invoice("V1", &self.invoice.1).unwrap().status,
            coupa.supplier_by_number("V2").unwrap().status,
        )
    }

    async fn expect(&self, outcome: AuditOutcome, code: Option<Code>) {
        for document in [&self.order.0, &self.invoice.0, &self.supplier] {
            let last = self.world.last(document).await;
            assert_eq!((last.outcome, last.code), (outcome, code), "{document}: {}", last.message);
        }
    }
}

#[tokio::test]
async fn a_person_decides_unless_the_config_does() {
    let gone = gone(WhenGone::Report).await;
    gone.expect(AuditOutcome::Failed, Some(Code::SapDocumentGone)).await;
    assert_eq!(gone.in_coupa(), ("issued".to_owned(), "approved".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn a_payment_that_sap_does_not_have_is_looked_at_and_told() {
    let world = World::new();
    let worker = world.worker("one");
    let payment = world.key(ObjectKind::Payment, 99);
    world.enqueue(payment.clone(), Cause::Reconcile, Lane::Live).await;
    world.work(&worker).await;
    let last = world.last(&payment).await;
    assert_eq!((last.outcome, last.message.as_str()), (AuditOutcome::NotApplicable, "it is not in SAP"));
}

#[tokio::test]
async fn it_is_left_alone_and_that_is_recorded() {
    let gone = gone(WhenGone::Leave).await;
    gone.expect(AuditOutcome::NotApplied, None).await;
    assert_eq!(gone.in_coupa(), ("issued".to_owned(), "approved".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn it_is_cancelled_voided_or_made_inactive_once() {
    let gone = gone(WhenGone::Cancel).await;
    gone.expect(AuditOutcome::Updated, None).await;
    assert_eq!(gone.in_coupa(), ("cancelled".to_owned(), "voided".to_owned(), "inactive".to_owned()));
    let writes = gone.world.writes();
    for document in [&gone.order.0, &gone.invoice.0, &gone.supplier] {
        gone.world.enqueue(document.clone(), Cause::Webhook, Lane::Live).await;
    }
    gone.world.work_through(&gone.worker, 3).await;
    assert_eq!(gone.world.writes(), writes);
    gone.world.assert_clean();
}
