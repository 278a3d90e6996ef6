use crate::desk::{Answer, Desk, invoice, order, supplier};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A desk with supplier V1, its issued order P1, and that order's id and line.
fn desk() -> (Desk, u64, u64) {
    let desk = Desk::new();
    desk.supplier("V1");
    let (order, line) = desk.order("P1", "V1");
    (desk, order, line)
}

fn submit(desk: &Desk, id: u64) -> Answer {
    desk.act(&format!("/api/invoices/{id}/submit"))
}

#[test]
fn an_invoice_is_drafted_submitted_and_computes_its_total() {
    let (desk, _, line) = desk();
    let answer = desk.post("/api/invoices", &invoice("INV-2026-771", "V1", line));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let held = &answer.json;
    assert_eq!((held["status"].as_str(), held["document-type"].as_str()), (Some("draft"), Some("Invoice")));
    assert_eq!(
        (held["total-with-taxes"].as_str(), held["gross-total"].as_str()),
        (Some("119.76"), Some("119.76"))
    );
    assert_eq!(held["invoice-date"], "2026-11-02T00:00:00-08:00");
    assert_eq!(held["lock-version-key"], 0);
    let first = &held["invoice-lines"][0];
    assert_eq!((first["total"].as_str(), first["po-number"].as_str()), (Some("99.80"), Some("P1")));
    assert_eq!(first["account"]["code"], "100-IT", "taken from the order line");
    assert_eq!(first["tax-lines"][0]["tax-code"]["code"], "I19");
    assert_eq!(submit(&desk, answer.id()).ok().json["status"], "pending_approval");
    submit(&desk, answer.id()).refused("pending_approval");
    let ordered = desk.coupa.order_by_number("P1").expect("held");
    assert_eq!(ordered.lines[0].invoiced, Decimal::TWO);
    assert!(desk.coupa.unknown_attributes().is_empty() && desk.coupa.read_only_sent().is_empty());
}

#[test]
fn the_status_after_submit_is_a_switch() {
    for status in ["approved", "pending_receipt", "ap_hold"] {
        let (desk, _, line) = desk();
        desk.coupa.configure(|settings| settings.submitted_status = status);
        let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
        assert_eq!(submit(&desk, id).ok().json["status"], status);
    }
}

#[test]
fn a_number_is_unique_for_its_supplier_only() {
    let (desk, _, line) = desk();
    desk.post("/api/invoices", &invoice("I1", "V1", line)).ok();
    desk.post("/api/invoices", &invoice("I1", "V1", line)).refused("Invoice # has already been taken");
    assert_eq!(desk.coupa.duplicates().len(), 1);
    desk.supplier("V2");
    let (_, other) = desk.order("P2", "V2");
    desk.post("/api/invoices", &invoice("I1", "V2", other)).ok();
    let mut long = invoice("I1", "V1", line);
    long["invoice-number"] = json!("9".repeat(41));
    desk.post("/api/invoices", &long).refused("Invoice # is too long (maximum is 40 characters)");
}

#[test]
fn a_control_total_must_fit() {
    let (desk, _, line) = desk();
    let mut body = invoice("I1", "V1", line);
    body["supplier-total"] = json!("119.77");
    desk.post("/api/invoices", &body).refused("Supplier Total 119.77 must equal the invoice total 119.76");
    body["invoice-charges"] =
        json!([{ "type": "InvoiceShippingCharge", "total": "5", "tax-lines": [{ "amount": "1" }] }]);
    body["supplier-total"] = json!("125.76");
    desk.post("/api/invoices", &body).ok();
    body["invoice-number"] = json!("I2");
    body["invoice-charges"][0]["type"] = json!("Freight");
    desk.post("/api/invoices", &body)
        .refused("InvoiceShippingCharge, InvoiceHandlingCharge, InvoiceMiscCharge");
}

#[test]
fn header_taxation_takes_its_tax_from_the_header() {
    let (desk, _, line) = desk();
    let mut body = invoice("I1", "V1", line);
    body["line-level-taxation"] = json!(false);
    desk.post("/api/invoices", &body).refused("line level taxation");
    body["invoice-lines"][0]["tax-lines"] = json!([]);
    body["tax-amount"] = json!("19.96");
    assert_eq!(desk.post("/api/invoices", &body).ok().json["total-with-taxes"], "119.76");
}

#[test]
fn a_line_must_fit_the_order_line_that_it_bills() {
    let (desk, order_id, line) = desk();
    desk.supplier("V2");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = invoice("I1", "V1", line);
        change(&mut body);
        let answer = desk.post("/api/invoices", &body);
        assert!(answer.json["errors"]["invoice-header.invoice_lines"].is_array(), "{}", answer.text);
        answer
    };
    with(&|body| body["supplier"] = json!({ "number": "V2" }))
        .refused("order header does not belong to supplier");
    with(&|body| body["invoice-lines"][0]["order-line-id"] = json!(99_999))
        .refused("could not find order line");
    with(&|body| {
        let line = &mut body["invoice-lines"][0];
        line["order-line-id"] = Value::Null;
        line["order-header-num"] = json!("P9");
    })
    .refused("could not find order header");
    with(&|body| {
        let line = &mut body["invoice-lines"][0];
        line["type"] = json!("InvoiceAmountLine");
        line["quantity"] = Value::Null;
    })
    .refused("invoice line type differs from order line");
    with(&|body| body["invoice-lines"][0]["description"] = json!("x".repeat(1_551)))
        .refused("1550 characters");
    desk.act(&format!("/api/purchase_orders/{order_id}/close")).ok();
    with(&|_| {}).refused("status soft_closed and can't be invoiced");
}

#[test]
fn an_order_line_may_be_named_by_its_numbers() {
    let (desk, _, line) = desk();
    let mut body = invoice("I1", "V1", line);
    let first = body["invoice-lines"][0].as_object_mut().expect("an object");
    first.remove("order-line-id");
    first.insert("order-header-num".to_owned(), json!("P1"));
    first.insert("order-line-num".to_owned(), json!("1"));
    let answer = desk.post("/api/invoices", &body).ok();
    assert_eq!(answer.json["invoice-lines"][0]["order-line-id"].as_u64(), Some(line));
    assert!(desk.coupa.read_only_sent().is_empty(), "the documents show that clients send these");
}

#[test]
fn submit_checks_the_order_again_and_what_a_draft_may_lack() {
    let (desk, order_id, line) = desk();
    let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
    desk.act(&format!("/api/purchase_orders/{order_id}/close")).ok();
    submit(&desk, id).refused("can't be invoiced");
    let mut body = invoice("I2", "V1", line);
    body["currency"] = Value::Null;
    body["invoice-lines"][0]["order-line-id"] = Value::Null;
    let id = desk.post("/api/invoices", &body).id();
    submit(&desk, id).refused("Currency can't be blank");
    desk.put(&format!("/api/invoices/{id}"), &json!({ "currency": { "code": "EUR" } })).ok();
    submit(&desk, id).refused("Account can't be blank");
}

#[test]
fn what_was_submitted_is_not_edited_any_more() {
    let (desk, _, line) = desk();
    let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
    let path = format!("/api/invoices/{id}");
    let draft = desk.put(&path, &json!({ "invoice-number": "I1b" })).ok();
    assert_eq!(
        (draft.json["invoice-number"].as_str(), draft.json["lock-version-key"].as_i64()),
        (Some("I1b"), Some(1))
    );
    submit(&desk, id).ok();
    for body in [
        json!({ "invoice-number": "I1c" }),
        json!({ "supplier": { "number": "V1" } }),
        json!({ "currency": { "code": "USD" } }),
        json!({ "invoice-lines": [] }),
        json!({ "invoice-charges": [] }),
        json!({ "tax-amount": "1" }),
    ] {
        desk.put(&path, &body).refused("can't be changed on an invoice in status pending_approval");
    }
    assert_eq!(desk.put(&path, &json!({ "internal-note": "seen" })).ok().json["internal-note"], "seen");
}

#[test]
fn void_and_abandon_follow_the_status() {
    let allowed = [
        ("approved", true, false),
        ("pending_receipt", true, false),
        ("draft", true, true),
        ("pending_approval", false, true),
        ("ap_hold", false, true),
        ("disputed", false, true),
        ("rejected", false, true),
        ("voided", false, false),
        ("processing", false, false),
    ];
    for (status, void, abandon) in allowed {
        for (action, possible) in [("void", void), ("abandon", abandon)] {
            let (desk, _, line) = desk();
            let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
            assert!(desk.coupa.set_invoice_status("V1", "I1", status));
            let answer = desk.act(&format!("/api/invoices/{id}/{action}"));
            assert_eq!(answer.status == 200, possible, "{action} from {status}: {}", answer.text);
        }
    }
}

#[test]
fn a_voided_number_stays_taken_unless_configured() {
    let (desk, _, line) = desk();
    let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
    assert_eq!(desk.act(&format!("/api/invoices/{id}/void")).ok().json["status"], "voided");
    desk.post("/api/invoices", &invoice("I1", "V1", line)).refused("already been taken");
    desk.coupa.configure(|settings| settings.voided_numbers_are_free = true);
    desk.post("/api/invoices", &invoice("I1", "V1", line)).ok();
}

#[test]
fn a_credit_note_is_negative_and_names_its_original() {
    let (desk, _, _) = desk();
    let mut body = json!({
        "invoice-number": "CN-7", "invoice-date": "2026-11-05", "is-credit-note": true,
        "supplier": { "number": "V1" }, "currency": { "code": "EUR" },
        "invoice-lines": [{ "type": "InvoiceQuantityLine", "description": "Drill", "price": "49.90", "quantity": "1",
                            "account": { "segment-1": "100", "account-type": { "name": "Main COA" } } }],
    });
    let answer = desk.post("/api/invoices", &body);
    answer.refused("Original Invoice Number can't be blank");
    answer.refused("Original Invoice Date can't be blank");
    body["original-invoice-number"] = json!("INV-1");
    body["original-invoice-date"] = json!("2026-11-02");
    desk.post("/api/invoices", &body).refused("Total must be negative");
    body["invoice-lines"][0]["quantity"] = json!("-1");
    let answer = desk.post("/api/invoices", &body).ok();
    assert_eq!(answer.json["document-type"], "Credit Note");
    assert_eq!(answer.json["total-with-taxes"], "-49.90");
}

#[test]
fn three_way_matching_waits_for_a_receipt_that_nobody_posts() {
    let desk = Desk::new();
    let mut partner = supplier("V1");
    partner["invoice-matching-level"] = json!("3-way");
    desk.post("/api/suppliers", &partner).ok();
    let mut bodies = [order("P1", "V1"), order("P2", "V1")];
    bodies[1]["order-lines"][0]["match-type"] = json!("none");
    for (body, status) in bodies.iter().zip(["pending_receipt", "pending_approval"]) {
        let answer = desk.post("/api/purchase_orders", body).ok();
        desk.act(&format!("/api/purchase_orders/{}/issue_without_send", answer.id())).ok();
        let line = answer.json["order-lines"][0]["id"].as_u64().expect("an id");
        let number = format!("I-{status}");
        let id = desk.post("/api/invoices", &invoice(&number, "V1", line)).id();
        assert_eq!(submit(&desk, id).ok().json["status"], status);
    }
}

#[test]
fn a_breached_tolerance_holds_the_invoice() {
    let (desk, _, line) = desk();
    desk.coupa.configure(|settings| settings.tolerance_percent = Some(Decimal::TEN));
    let mut body = invoice("I1", "V1", line);
    body["supplier-total"] = Value::Null;
    body["invoice-lines"][0]["price"] = json!("60");
    let id = desk.post("/api/invoices", &body).id();
    let held = submit(&desk, id).ok();
    assert_eq!(held.json["status"], "ap_hold");
    assert_eq!(held.json["failed-tolerances"][0]["code"], "price");
}

#[test]
fn full_size_invoices_are_as_large_as_real_ones() {
    let (desk, _, line) = desk();
    desk.coupa.configure(|settings| settings.full_size_replies = true);
    let mut body = invoice("I1", "V1", line);
    body["supplier-total"] = Value::Null;
    let first = body["invoice-lines"][0].clone();
    body["invoice-lines"] = (1..=10)
        .map(|number| {
            let mut line = first.clone();
            line["line-num"] = json!(number);
            line
        })
        .collect();
    let answer = desk.post("/api/invoices", &body).ok();
    assert!((200_000..=250_000).contains(&answer.text.len()), "{}", answer.text.len());
    let short = desk.get(&format!("/api/invoices/{}?return_object=limited", answer.id()));
    assert_eq!(short.json, json!({ "id": answer.id() }));
}
