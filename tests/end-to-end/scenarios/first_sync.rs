//! One document of each kind, once from the beginning and once more.

use crate::{
    books::{document, line},
    world::World,
};
use simulators::sap::{DocumentKind, LineSpec};

#[test]
fn everything_arrives_once_and_a_second_sync_writes_nothing() {
    let world = World::new();
    world.supplier("V1");
    let lines = vec![line("A1", 10, "25.5"), line("A2", 3, "9.99")];
    let order = world.sap.add_purchase_order(document("V1", lines)).unwrap();
    let invoice = world
        .sap
        .add_invoice(document("V1", vec![LineSpec::copied_from(DocumentKind::Order, order, 0)]))
        .unwrap();
    world.payment(invoice);

    let first = world.sync().expect(0);
    for object in ["suppliers", "purchase_orders", "invoices", "payments"] {
        assert_eq!(first.count(object, "created"), 1, "{object}");
    }
    assert_eq!(first.count("credit_notes", "created"), 0);
    world.expect_in_step();

    let writes = world.writes();
    world.sync().expect(0);
    assert_eq!(world.writes(), writes);
}
