//! A small company, once from the beginning and once more.

use crate::world::World;
use rust_decimal::Decimal;
use simulators::sap::{AddressSpec, DocumentKind, DocumentSpec, LineSpec, SupplierSpec};

pub fn supplier(code: &str) -> SupplierSpec {
    SupplierSpec {
        code: code.to_owned(),
        name: format!("Supplier {code}"),
        currency: "EUR".to_owned(),
        payment_terms: 3,
        federal_tax_id: "DE123456789".to_owned(),
        email: "ap@supplier.example".to_owned(),
        addresses: vec![AddressSpec {
            name: "HQ".to_owned(),
            street: "Main 1".to_owned(),
            city: "Berlin".to_owned(),
            zip_code: "10115".to_owned(),
            country: "DE".to_owned(),
            ..AddressSpec::default()
        }],
        valid: true,
        ..SupplierSpec::default()
    }
}

pub fn line(item: &str, quantity: i64, price: &str) -> LineSpec {
    LineSpec {
        item_code: item.to_owned(),
        description: format!("Item {item}"),
        quantity: Some(Decimal::from(quantity)),
        unit_price: Some(price.parse().unwrap()),
        vat_group: "I19".to_owned(),
        account_code: "140000".to_owned(),
        warehouse_code: "01".to_owned(),
        unit: "pcs".to_owned(),
        ..LineSpec::default()
    }
}

pub fn document(supplier: &str, lines: Vec<LineSpec>) -> DocumentSpec {
    DocumentSpec {
        supplier: supplier.to_owned(),
        currency: "EUR".to_owned(),
        payment_terms: Some(3),
        reference: format!("their-{supplier}"),
        lines,
        ..DocumentSpec::default()
    }
}

#[test]
fn everything_arrives_once_and_a_second_sync_writes_nothing() {
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
    let total = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
    world.sap.pay(&[(invoice, total)]).unwrap();

    let first = world.sync().expect(0);
    assert_eq!(first.count("suppliers", "created"), 1);
    assert_eq!(first.count("purchase_orders", "created"), 1);
    assert_eq!(first.count("invoices", "created"), 1);
    assert_eq!(first.count("payments", "created"), 1);

    let writes = world.coupa.writes();
    world.sync().expect(0);
    assert_eq!(world.coupa.writes(), writes);
    assert!(world.coupa.unknown_attributes().is_empty(), "{:?}", world.coupa.unknown_attributes());
    assert!(world.coupa.read_only_sent().is_empty(), "{:?}", world.coupa.read_only_sent());
}
