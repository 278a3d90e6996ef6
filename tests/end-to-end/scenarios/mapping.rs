//! `mapping.toml`, through the binary into Coupa.

use crate::{
    books::{document, line},
    world::World,
};
use simulators::{
    coupa::Kind,
    sap::{DocumentKind, Field},
};

#[test]
fn codes_numbers_segments_and_custom_fields_go_over_as_the_file_says() {
    let mut world = World::new();
    world.map(
        r#"
[payment_terms]
"Net 30" = "Thirty"
[units]
pcs = "EA"
[currencies]
"$" = "USD"
[tax_codes]
I19 = "VAT19"
[ship_to]
"02" = "LYON"
[segments]
AccountCode = "segment-1"
CostingCode = "segment-2"
[custom_fields]
Comments = "remark"
[numbers]
purchase_order = "B1-{DocNum}"
invoice = "{NumAtCard}/{DocEntry}"
"#,
    );
    let add = |kind, attributes: serde_json::Value| world.coupa.add(kind, &attributes);
    add(Kind::PaymentTerm, serde_json::json!({"code": "Thirty", "active": true}));
    add(Kind::Uom, serde_json::json!({"code": "EA", "name": "Each", "active": true}));
    add(Kind::TaxCode, serde_json::json!({"code": "VAT19", "percentage": "19.0", "active": true}));
    add(
        Kind::Address,
        serde_json::json!({"location-code": "LYON", "street1": "Quai 1", "city": "Lyon",
        "postal-code": "69001", "country": {"code": "FR"}}),
    );
    world.supplier("V1");
    let mut row = line("A1", 10, "25.50");
    row.warehouse_code = "02".to_owned();
    row.costing_code = "SALES".to_owned();
    let mut spec = document("V1", vec![row]);
    (spec.currency, spec.rate, spec.comments) = ("$".to_owned(), "0.9".parse().unwrap(), "urgent".to_owned());
    let order = world.sap.add_purchase_order(spec).unwrap();
    let invoice = world.sap.copy(
        DocumentKind::Order,
        order,
        DocumentKind::Invoice,
        simulators::sap::DocumentSpec {
            reference: "RE-7".to_owned(),
            currency: "$".to_owned(),
            rate: "0.9".parse().unwrap(),
            ..Default::default()
        },
    );
    let invoice = invoice.unwrap();
    world.sync().expect(0);

    let number = format!("B1-{}", world.number(DocumentKind::Order, order));
    let shown = world.coupa.order_by_number(&number).expect("the order by its template");
    assert_eq!(shown.currency.as_deref(), Some("USD"));
    assert_eq!(shown.payment_term.as_deref(), Some("Thirty"));
    assert_eq!(shown.ship_to_address.as_deref(), Some("LYON"));
    assert_eq!(shown.lines[0].unit.as_deref(), Some("EA"));
    assert_eq!(shown.total, "255".parse().unwrap());
    assert!(shown.lines[0].account.as_deref().unwrap_or_default().contains("SALES"), "{shown:?}");
    let json = world.coupa.json(Kind::OrderHeader, shown.id).unwrap().to_string();
    assert!(json.contains("urgent"), "{json}");
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().payment_term.as_deref(), Some("Thirty"));

    let shown = world.coupa.invoice("V1", &format!("RE-7/{invoice}")).expect("the invoice by its template");
    assert_eq!(shown.currency.as_deref(), Some("USD"));
    assert_eq!(shown.lines[0].tax_lines[0].code.as_deref(), Some("VAT19"));
    assert_eq!(shown.lines[0].po_number.as_deref(), Some(number.as_str()));
    let total = world.sap.document(DocumentKind::Invoice, invoice).unwrap().total;
    assert_eq!(shown.total.normalize(), total.in_document(true).normalize());
    world.expect_clean_requests();
}

#[test]
fn a_code_without_an_entry_fails_where_the_table_says_so_and_all_else_arrives() {
    let mut world = World::new();
    world.map("[units]\npcs = \"pcs\"\non_missing = \"fail\"\n");
    world.supplier("V1");
    let (_, good) = world.order("V1");
    let mut row = line("A1", 1, "10");
    row.unit = "box".to_owned();
    let bad = world.sap.add_purchase_order(document("V1", vec![row])).unwrap();
    let bad = world.number(DocumentKind::Order, bad);
    world.sync().expect(2);
    assert!(world.coupa.order_by_number(&good).is_some() && world.coupa.order_by_number(&bad).is_none());
    assert_eq!(world.last_attempt("purchase-order", &bad), ("failed".to_owned(), "BC-0302".to_owned()));

    world.map("[units]\npcs = \"pcs\"\nbox = \"box\"\non_missing = \"fail\"\n");
    world.run(&["dead-letters", "redrive"]).expect(0);
    world.sync().expect(0);
    assert!(world.coupa.order_by_number(&bad).is_some());
}

#[test]
fn two_documents_with_one_number_are_named_and_neither_overwrites_the_other() {
    let mut world = World::new();
    world.map("[numbers]\ninvoice = \"{NumAtCard}\"\n");
    world.supplier("V1");
    let (first, _) = world.invoice("V1");
    world.sync().expect(0);
    let (second, _) = world.invoice("V1");
    world.sync().expect(2);
    let entry = second.to_string();
    assert_eq!(world.last_attempt("invoice", &entry).1, "BC-0306");
    let last = world.attempts("invoice", &entry).pop().unwrap();
    let message = last["message"].as_str().unwrap();
    assert!(message.contains(&first.to_string()) && message.contains(&second.to_string()), "{message}");
    assert_eq!(world.coupa.invoices().len(), 1);
}

#[test]
fn a_customers_own_order_is_not_overwritten_unless_the_file_says_so() {
    let mut world = World::new();
    world.supplier("V1");
    world.sync().expect(0);
    let (entry, number) = world.order("V1");
    let own = serde_json::json!({"po-number": number, "supplier": {"number": "V1"}, "currency": {"code": "EUR"},
        "type": "ExternalOrderHeader", "ship-to-user": {"login": "buyer@acme.example"},
        "ship-to-address": {"location-code": "MAIN"},
        "order-lines": [{"line-num": "1", "type": "OrderAmountLine", "description": "ours", "price": "1",
                         "account": {"code": "140000", "account-type": {"name": "Main COA"}}}]});
    world.coupa.enter(Kind::OrderHeader, own).unwrap();
    world.sync().expect(2);
    assert_eq!(world.last_attempt("purchase-order", &number).1, "BC-0307");
    assert_eq!(world.coupa.order_by_number(&number).unwrap().lines[0].description, "ours");

    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| {
            order.set("Comments", Field::Text("mine".to_owned()));
        })
        .unwrap();
    world.sync();
    assert_eq!(world.coupa.order_by_number(&number).unwrap().lines[0].description, "ours");
    world.map("[adopt]\npurchase_orders = \"by_number\"\n");
    world.run(&["dead-letters", "redrive"]).expect(0);
    world.sync().expect(0);
    assert_eq!(world.coupa.order_by_number(&number).unwrap().total, "255".parse().unwrap());
}
