use crate::desk::{Desk, invoice};
use serde_json::{Value, json};

fn payment(amount: &str, notes: &str) -> Value {
    json!({ "amount-paid": amount, "notes": notes, "payment-date": "2026-11-20T00:00:00Z" })
}

#[test]
fn payments_append_and_cannot_be_told_twice() {
    let desk = Desk::new();
    let id = desk.approved_invoice("I1");
    let path = format!("/api/invoices/{id}");
    let answer = desk
        .put(
            &path,
            &json!({ "paid": true, "payment-date": "2026-11-20T00:00:00Z", "payment-notes": "SAP OVPM 9001",
                             "payments": [payment("119.76", "OVPM-9001")] }),
        )
        .ok();
    assert_eq!(answer.json["paid"], true);
    assert_eq!(answer.json["payment-date"], "2026-11-20T00:00:00-08:00");
    let held = &answer.json["payments"][0];
    assert_eq!(
        (held["amount-paid"].as_str(), held["payable-type"].as_str()),
        (Some("119.76"), Some("InvoiceHeader"))
    );
    assert_eq!(held["payable-id"].as_u64(), Some(id));
    assert!(desk.coupa.duplicates().is_empty());
    let first = held["id"].clone();
    desk.put(&path, &json!({ "payments": [{ "id": first, "amount-paid": "1", "notes": "OVPM-9001" }] })).ok();
    assert_eq!(desk.coupa.payments("V1", "I1").len(), 2, "an entry can't be changed, only added");
    assert_eq!(desk.coupa.duplicates(), ["payment OVPM-9001 on invoice I1"]);
    let read =
        desk.get(&format!("{path}?fields=[\"paid\",{{\"payments\":[\"notes\",\"amount_paid\"]}}]")).ok();
    assert_eq!(
        read.json,
        json!({ "paid": true, "payments": [
        { "notes": "OVPM-9001", "amount-paid": "119.76" }, { "notes": "OVPM-9001", "amount-paid": "1" }] })
    );
}

#[test]
fn all_documented_shapes_are_taken() {
    let desk = Desk::new();
    let id = desk.approved_invoice("I1");
    let path = format!("/api/invoices/{id}");
    for (number, payments) in [
        json!([payment("1", "a")]),
        json!({ "payment": payment("2", "b") }),
        json!({ "payment": [payment("3", "c"), payment("4", "d")] }),
        json!([{ "payment": { "amount_paid": "-4", "check-number": "e" } }]),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = desk.put(&path, &json!({ "payments": payments, "paid": "false" }));
        assert_eq!(answer.status, 200, "shape {number}: {}", answer.text);
    }
    let held = desk.coupa.payments("V1", "I1");
    assert_eq!(
        held.iter().map(|payment| payment.notes.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(held.iter().map(|payment| payment.amount).sum::<rust_decimal::Decimal>(), 6.into());
    desk.put(&path, &json!({ "payments": [{ "notes": "no amount" }] })).refused("Amount Paid can't be blank");
    assert_eq!(desk.coupa.payments("V1", "I1").len(), 5);
}

#[test]
fn only_approved_invoices_take_payments() {
    let desk = Desk::new();
    desk.supplier("V1");
    let (_, line) = desk.order("P1", "V1");
    let mut body = invoice("I1", "V1", line);
    body["payments"] = json!([payment("1", "a")]);
    desk.post("/api/invoices", &body).refused("approved");
    let id = desk.post("/api/invoices", &invoice("I1", "V1", line)).id();
    let path = format!("/api/invoices/{id}");
    for status in ["draft", "pending_approval", "rejected", "abandoned", "voided"] {
        assert!(desk.coupa.set_invoice_status("V1", "I1", status));
        desk.put(&path, &json!({ "payments": [payment("1", "a")] })).refused("approved");
        desk.put(&path, &json!({ "paid": true })).refused("approved");
    }
    assert!(desk.coupa.payments("V1", "I1").is_empty());
}

#[test]
fn the_exported_flag_travels_alone() {
    let desk = Desk::new();
    let id = desk.approved_invoice("I1");
    let answer = desk.put(
        &format!("/api/invoices/{id}?exported=true&fields=[\"id\",\"exported\"]"),
        &json!({ "internal-note": "lost" }),
    );
    assert_eq!(answer.json, json!({ "id": id, "exported": true }));
    assert_eq!(desk.coupa.invoice("V1", "I1").and_then(|invoice| invoice.internal_note), None);
    let listed = desk.get("/api/invoices?status[in]=approved,voided&exported=false").ok();
    assert_eq!(listed.json, json!([]));
}
