use super::*;
use sap::entities::Payment;

fn transfer(rows: &Value) -> Value {
    json!({
        "DocEntry": 95, "DocNum": 600_095, "DocDate": "2026-11-20T00:00:00Z", "Cancelled": "tNO", "CardCode": "V10000",
        "PaymentInvoices": rows,
    })
}

fn paid(entry: i64, local: f64, foreign: f64) -> Value {
    json!({"DocEntry": entry, "InvoiceType": "it_PurchaseInvoice", "SumApplied": local, "AppliedFC": foreign})
}

fn map(payment_json: &Value) -> Result<PaymentImage, Failure> {
    let foreign = with(&printers(), json!({"DocEntry": 2, "DocTotalFc": 300.0}));
    let invoices: BTreeMap<i64, Document> = BTreeMap::from([(1, read(&printers())), (2, read(&foreign))]);
    payment(&World::new().context(), &read::<Payment>(payment_json), &invoices)
}

#[test]
fn a_payment_is_known_by_its_notes() {
    let image = map(&transfer(&json!([paid(1, 303.45, 0.0)]))).unwrap();
    assert_eq!(image.notes, "SAP payment 600095 entry 95");
    assert_eq!(image.reversal_notes, "SAP payment 600095 entry 95 reversed");
    assert_eq!(image.date, date(2026, 11, 20));
    assert!(!image.cancelled);
    assert_eq!(image.on_invoices, BTreeMap::from([(1, number("303.45"))]));
    assert!(map(&with(&transfer(&json!([])), json!({"Cancelled": "tYES"}))).unwrap().cancelled);
}

#[test]
fn rows_on_one_invoice_are_summed_in_its_own_currency() {
    let rows = json!([
        paid(1, 100.0, 0.0),
        paid(1, 3.45, 3.9),
        paid(2, 90.0, 100.0),
        paid(3, 90.0, 99.0),
        paid(4, 90.0, 0.0),
        paid(5, 7.0, 0.0),
        paid(5, -7.0, 0.0),
    ]);
    let image = map(&transfer(&rows)).unwrap();
    let expected = [(1, "103.45"), (2, "100"), (3, "99"), (4, "90")];
    assert_eq!(image.on_invoices, expected.map(|(entry, amount)| (entry, number(amount))).into());
    assert_eq!(image.not_applicable_rows, 0);
}

#[test]
fn rows_on_anything_but_an_invoice_are_counted_as_not_applicable() {
    let on = |kind: &str| with(&paid(1, 5.0, 0.0), json!({"InvoiceType": kind}));
    let rows =
        json!([on("it_PurchaseCreditNote"), on("it_JournalEntry"), on("it_PurchaseDownPayment"), on("18")]);
    let image = map(&transfer(&rows)).unwrap();
    assert_eq!(image.not_applicable_rows, 3);
    assert_eq!(image.on_invoices, BTreeMap::from([(1, number("5"))]));
    let on_account = map(&transfer(&json!([]))).unwrap();
    assert!(on_account.on_invoices.is_empty() && on_account.not_applicable_rows == 0);
}

#[test]
fn what_a_payment_lacks_is_named() {
    fails(map(&with(&transfer(&json!([])), json!({"DocNum": null}))), "BC-0305", &["95", "DocNum"]);
    fails(map(&with(&transfer(&json!([])), json!({"DocDate": null}))), "BC-0305", &["95", "DocDate"]);
    let rows = json!([with(&paid(1, 5.0, 0.0), json!({"DocEntry": null}))]);
    fails(map(&transfer(&rows)), "BC-0305", &["95", "row 1", "DocEntry"]);
    let rows = json!([with(&paid(1, 5.0, 0.0), json!({"SumApplied": "7e27"}))]);
    fails(map(&transfer(&rows)), "BC-0107", &["95", "row 1", "SumApplied"]);
}
