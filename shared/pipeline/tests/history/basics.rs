//! The way of each document when nothing goes wrong.

use crate::world::{World, document, line, supplier};
use model::{AuditOutcome, ObjectKind};
use simulators::sap::{DocumentKind, LineSpec};
use store::AuditTrail as _;

#[tokio::test]
async fn every_kind_arrives_and_nothing_is_written_twice() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let order = world
        .sap
        .add_purchase_order(document("V1", vec![line("A1", 10, "25.5"), line("A2", 3, "9.99")]))
        .unwrap();
    let invoice = world
        .sap
        .add_invoice(document("V1", vec![LineSpec::copied_from(DocumentKind::Order, order, 0)]))
        .unwrap();
    let paid = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
    let payment = world.sap.pay(&[(invoice, paid)]).unwrap();

    let worker = world.worker("one");
    let ended = world.sync(&worker).await;
    for (kind, entry) in
        [(ObjectKind::PurchaseOrder, order), (ObjectKind::Invoice, invoice), (ObjectKind::Payment, payment)]
    {
        let key = world.key(kind, entry);
        let trail = world.store.of_document(&key).await.unwrap();
        assert_eq!(trail[0].outcome, AuditOutcome::Created, "{trail:#?}");
    }
    assert!(ended.iter().all(|ended| ended.code.is_none()), "{ended:#?}");
    assert_eq!(world.coupa.orders().len(), 1);
    assert_eq!(world.coupa.invoices().len(), 1);
    assert_eq!(world.coupa.invoices()[0].payments.len(), 1);

    let writes = world.coupa.writes();
    for _ in 0..3 {
        world.pass(600);
        world.sync(&worker).await;
    }
    assert_eq!(world.coupa.writes(), writes);
    assert!(world.coupa.unknown_attributes().is_empty(), "{:?}", world.coupa.unknown_attributes());
    assert!(world.coupa.read_only_sent().is_empty(), "{:?}", world.coupa.read_only_sent());
}
