//! Both sides compared: what drifted is named, certified and mended.

use crate::{
    process::Ended,
    world::{World, wait_until},
};
use serde_json::{Value, json};
use simulators::{coupa::Kind, sap::DocumentKind};

fn reconcile(world: &World, args: &[&str]) -> Ended {
    world.run(&[&["reconcile", "--json"], args].concat())
}

/// Each difference as `object number kind fields`.
fn told(found: &Value) -> Vec<String> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let differences = found["differences"].as_array().unwrap_or_else(|| panic!("no differences: {found}"));
    let line = |one: &Value| {
        let fields: Vec<&str> = one["fields"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let what = ["object", "supplier", "number", "kind"].map(|name| text(one, name)).join(" ");
        format!("{what} {}", fields.join(","))
    };
    differences.iter().map(line).collect()
}

#[test]
fn a_company_in_step_is_in_balance_to_the_cent() {
    let world = World::with_documents(7, 120);
    world.sync_waiting("20s").expect(0);
    world.expect_in_step();
    let stranger = json!({"name": "Not ours", "number": "X-1", "status": "active", "payment-method": "invoice",
        "primary-contact": {"email": "a@b.example"}, "primary-address": {"street1": "Way 1", "city": "Ulm", "postal-code": "89073", "country": {"code": "DE"}}});
    world.coupa.enter(Kind::Supplier, stranger).unwrap();
    let found = reconcile(&world, &[]).expect(0).json();
    assert_eq!(told(&found), [""; 0]);
    assert_eq!(found["objects"]["suppliers"]["not_ours"], 1);
    for object in ["suppliers", "purchase_orders", "invoices", "credit_notes", "payments"] {
        let sides = &found["objects"][object];
        assert_eq!(sides["sap"], sides["coupa"], "{object}");
        assert!(sides["sap"][0]["count"].as_u64().unwrap() > 0, "{object}: {sides}");
    }
    // As SAP itself adds it up.
    let mut sums: std::collections::BTreeMap<String, rust_decimal::Decimal> =
        std::collections::BTreeMap::new();
    for invoice in world.coupa.invoices().iter().filter(|one| !one.is_credit_note && one.status != "voided") {
        *sums.entry(invoice.currency.clone().unwrap()).or_default() += invoice.total;
    }
    for bucket in found["objects"]["invoices"]["coupa"].as_array().unwrap() {
        if bucket["status"] == "posted" {
            let sum: rust_decimal::Decimal = bucket["sum"].as_str().unwrap().parse().unwrap();
            assert_eq!(sum, sums[bucket["currency"].as_str().unwrap()]);
        }
    }
}

#[test]
fn what_drifted_is_named_and_mended() {
    let world = World::new();
    for code in ["V1", "V2", "V3"] {
        world.supplier(code);
    }
    let (_, gone_order) = world.order("V1");
    let (_, dear_order) = world.order("V1");
    let (_, twice_order) = world.order("V1");
    let (_, shut_order) = world.order("V1");
    let (_, gone_invoice) = world.invoice("V2");
    let (paid_entry, paid_invoice) = world.invoice("V2");
    world.payment(paid_entry);
    world.sync().expect(0);
    let found = reconcile(&world, &[]).expect(0).json();
    assert_eq!(told(&found), [""; 0]);

    let order = |number: &str| world.coupa.order_by_number(number).unwrap();
    assert!(world.coupa.delete(Kind::OrderHeader, order(&gone_order).id));
    let dear = order(&dear_order);
    let body = json!({"version": dear.version, "order-lines": [{"id": dear.lines[0].id, "price": "26.5"}]});
    world.coupa.edit_order(dear.id, body).unwrap();
    let twice = order(&twice_order);
    let mut copy = copy_of(&world, &twice);
    copy["po-number"] = json!("again");
    world.coupa.enter(Kind::OrderHeader, copy.clone()).unwrap();
    let mark = twice.lines[0].external_reference_number.clone().unwrap();
    let company = mark.split('/').next().unwrap().to_owned();
    copy["po-number"] = json!("extra");
    copy["order-lines"][0]["external-reference-number"] = json!(format!("{company}/987654/0"));
    world.coupa.enter(Kind::OrderHeader, copy).unwrap();
    assert!(world.coupa.set_order_status(&shut_order, "soft_closed"));
    let invoice = world.coupa.invoice("V2", &gone_invoice).unwrap();
    assert!(world.coupa.delete(Kind::InvoiceHeader, invoice.id));
    let supplier = world.coupa.supplier_by_number("V3").unwrap();
    assert!(world.coupa.delete(Kind::Supplier, supplier.id));

    let found = reconcile(&world, &["--repair"]).expect(2).json();
    let mut expected = vec![
        "suppliers V3 V3 missing ".to_owned(),
        format!("purchase_orders V1 {gone_order} missing "),
        format!("purchase_orders V1 {dear_order} different order-lines[1].price"),
        format!("purchase_orders V1 {twice_order} doubled "),
        format!("purchase_orders V1 {shut_order} different status"),
        "purchase_orders V1 extra extra ".to_owned(),
        format!("invoices V2 {gone_invoice} missing "),
    ];
    let mut differences = told(&found);
    differences.sort();
    expected.sort();
    assert_eq!(differences, expected);
    assert_eq!(found["enqueued"], 7);

    world.sync().expect(0);
    let found = reconcile(&world, &[]).expect(0).json();
    assert_eq!(told(&found), [""; 0]);
    assert_eq!(world.coupa.payments("V2", &paid_invoice).len(), 1);
    world.expect_clean_requests();
    // And a second sync leaves everything as it is.
    world.coupa.forget_requests();
    world.sync().expect(0);
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_payment_that_is_missing_is_named_and_made_and_so_are_those_of_a_missing_invoice() {
    let world = World::new();
    world.supplier("V1");
    let (entry, number) = world.invoice("V1");
    let (_, payment) = world.payment(entry);
    world.sync().expect(0);
    let id = world.coupa.invoice("V1", &number).unwrap().id;
    assert!(world.coupa.delete(Kind::InvoiceHeader, id));
    let found = reconcile(&world, &["--repair"]).expect(2).json();
    assert_eq!(told(&found), [format!("invoices V1 {number} missing ")]);
    world.sync().expect(0);
    assert_eq!(world.coupa.payments("V1", &number).len(), 1, "payment {payment} hangs on it");
    reconcile(&world, &[]).expect(0);
}

#[test]
fn a_wrong_amount_that_coupa_does_not_let_change_is_for_a_person() {
    let world = World::new();
    world.supplier("V1");
    let (_, number) = world.invoice("V1");
    world.sync().expect(0);
    let id = world.coupa.invoice("V1", &number).unwrap().id;
    assert!(world.coupa.set(Kind::InvoiceHeader, id, "total-with-taxes", json!("77.70")));
    let found = reconcile(&world, &["--repair"]).expect(2).json();
    assert_eq!(told(&found), [format!("invoices V1 {number} different total-with-taxes")]);
    assert_eq!(found["differences"][0]["values"][0]["coupa"], "77.7");
    world.sync_what_fails();
    let letters = || world.run(&["dead-letters", "list", "--json"]).expect(0).stdout;
    wait_until("it is a dead letter", || letters().contains("77.7"));
    // It stays one, however often a poll shows the invoice again, until Coupa is right.
    world.sync();
    assert!(letters().contains("77.7"), "{}", letters());
    let total = found["differences"][0]["values"][0]["sap"].clone();
    assert!(world.coupa.set(Kind::InvoiceHeader, id, "total-with-taxes", total));
    world.sync().expect(0);
    wait_until("it is closed", || !letters().contains("77.7"));
}

#[test]
fn a_month_and_an_object_are_compared_alone() {
    let world = World::new();
    world.supplier("V1");
    let (entry, number) = world.invoice("V1");
    world.order("V1");
    world.sync().expect(0);
    let id = world.coupa.invoice("V1", &number).unwrap().id;
    assert!(world.coupa.delete(Kind::InvoiceHeader, id));
    let date = world.sap.document(DocumentKind::Invoice, entry).unwrap().date;
    let month = date.strftime("%Y-%m").to_string();
    let found = reconcile(&world, &["--object", "invoices", "--month", &month]).expect(2).json();
    assert_eq!(told(&found), [format!("invoices V1 {number} missing ")]);
    assert_eq!(found["objects"].as_object().unwrap().len(), 1);
    reconcile(&world, &["--object", "invoices", "--month", "2026-01"]).expect(0);
    reconcile(&world, &["--object", "purchase-orders"]).expect(0);
    let wrong = world.run(&["reconcile", "--month", "October"]).expect(1);
    assert!(wrong.stderr.contains("2026-10"), "{}", wrong.stderr);
}

#[test]
fn the_certificate_is_genuine_until_somebody_alters_it() {
    let world = World::new();
    world.supplier("V1");
    world.invoice("V1");
    world.sync().expect(0);
    let found = reconcile(&world, &[]).expect(0).json();
    for form in ["json", "html"] {
        let file = found["certificate"][form].as_str().unwrap();
        let verdict = world.run(&["reconcile", "verify", file, "--json"]).expect(0).json();
        assert_eq!((&verdict["genuine"], &verdict["own_key"]), (&json!(true), &json!(true)), "{verdict}");
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(file, text.replacen("SBODEMO_ACME", "SBODEMO_ACNE", 1)).unwrap();
        world.run(&["reconcile", "verify", file]).expect(2);
    }
    world.run(&["reconcile", "verify", "no-such-file"]).expect(1);
}

fn copy_of(world: &World, order: &simulators::coupa::Order) -> Value {
    let shown = world.coupa.json(Kind::OrderHeader, order.id).unwrap();
    let line = &shown["order-lines"][0];
    json!({
        "type": "ExternalOrderHeader", "version": 1, "currency": {"code": shown["currency"]["code"]},
        "supplier": {"number": "V1"}, "ship-to-user": {"email": "buyer@acme.example"},
        "ship-to-address": {"location-code": "01"},
        "order-lines": [{
            "type": line["type"], "line-num": "1", "description": line["description"], "price": line["price"],
            "quantity": line["quantity"], "uom": {"code": line["uom"]["code"]},
            "external-reference-number": line["external-reference-number"],
            "account": {"code": line["account"]["code"], "account-type": {"name": "Main COA"}},
        }],
    })
}
