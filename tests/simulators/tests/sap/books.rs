//! What SAP works out by itself.

use crate::client::{Client, logged_in};
use rust_decimal::Decimal;
use simulators::sap::{DocumentKind, DocumentSpec, ExpenseSpec, LineSpec, PaymentSpec, SupplierSpec};

fn client() -> Client {
    let client = logged_in("v2");
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    client
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn line(quantity: &str, unit_price: &str) -> LineSpec {
    LineSpec {
        quantity: Some(decimal(quantity)),
        unit_price: Some(decimal(unit_price)),
        ..LineSpec::default()
    }
}

fn spec(lines: Vec<LineSpec>) -> DocumentSpec {
    DocumentSpec { supplier: "V1".to_owned(), lines, ..DocumentSpec::default() }
}

/// Members of a document as they come over the wire.
fn shown(client: &Client, path: &str, members: &str) -> String {
    let json = client.json(&format!("{path}?$select={members}"));
    members.split(',').map(|member| json[member].to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
}

#[test]
fn lines_tax_and_totals() {
    let client = client();
    let cheap = LineSpec { vat_group: "I7".to_owned(), ..line("3", "0.335") };
    let discounted = LineSpec { discount_percent: decimal("2.5"), ..line("7", "19.99") };
    client.sap.add_invoice(spec(vec![cheap, discounted])).unwrap();
    // 3 × 0.335 = 1.005 → 1.01, tax 0.0707 → 0.07; 7 × 19.49025 = 136.43175 → 136.43, tax 25.9217 → 25.92
    let json = client.json("/PurchaseInvoices(1)");
    let lines = json["DocumentLines"].as_array().unwrap();
    assert_eq!(lines[0]["LineTotal"].to_string(), "1.01");
    assert_eq!(lines[0]["TaxTotal"].to_string(), "0.07");
    assert_eq!(lines[1]["Price"].to_string(), "19.49025");
    assert_eq!(lines[1]["LineTotal"].to_string(), "136.43");
    assert_eq!(lines[1]["TaxTotal"].to_string(), "25.92");
    assert_eq!(lines[1]["RowTotalFC"].to_string(), "0.0");
    assert_eq!(shown(&client, "/PurchaseInvoices(1)", "VatSum,DocTotal,DocTotalFc"), "25.99 163.43 0.0");
}

#[test]
fn header_discount_lowers_the_tax_too() {
    let client = client();
    let spec =
        DocumentSpec { discount_percent: decimal("3"), ..spec(vec![line("1", "100"), line("1", "33.33")]) };
    client.sap.add_purchase_order(spec).unwrap();
    // Lines 133.33, discount 4.00; tax 18.43 + 6.14
    let shown = shown(&client, "/PurchaseOrders(1)", "TotalDiscount,VatSum,DocTotal");
    assert_eq!(shown, "4.0 24.57 153.9");
}

#[test]
fn freight_rounding_withholding_and_down_payments() {
    let client = client();
    let spec = DocumentSpec {
        expenses: vec![ExpenseSpec { net: decimal("15.50"), ..ExpenseSpec::default() }],
        rounding: decimal("0.04"),
        withholding: Some(("W1".to_owned(), decimal("10"))),
        down_payment: decimal("20"),
        ..spec(vec![line("1", "100")])
    };
    client.sap.add_invoice(spec).unwrap();
    // 100 + 19 + 15.50 + 2.95 (2.945) + 0.04 − 10 − 20
    let members = "VatSum,RoundingDiffAmount,WTAmount,DownPaymentAmount,DocTotal";
    assert_eq!(shown(&client, "/PurchaseInvoices(1)", members), "21.95 0.04 10.0 20.0 107.49");
    let json = client.json("/PurchaseInvoices(1)");
    assert_eq!(json["DocumentAdditionalExpenses"][0]["LineTotal"].to_string(), "15.5");
    assert_eq!(json["DocumentAdditionalExpenses"][0]["TaxSum"].to_string(), "2.95");
    assert_eq!(json["WithholdingTaxDataCollection"][0]["TaxableAmount"].to_string(), "100.0");
}

#[test]
fn foreign_currency_is_converted_amount_by_amount() {
    let client = client();
    let spec = DocumentSpec {
        currency: "USD".to_owned(),
        rate: decimal("0.9137"),
        ..spec(vec![line("3", "9.99"), line("1", "0.05")])
    };
    client.sap.add_invoice(spec).unwrap();
    let members = "DocCurrency,DocRate,DocTotalFc,VatSumFc,DocTotal,VatSum";
    // 29.97 + 5.69 and 0.05 + 0.01 in USD; 27.38 + 5.20 and 0.05 + 0.01 in EUR
    assert_eq!(shown(&client, "/PurchaseInvoices(1)", members), "USD 0.9137 35.72 5.7 32.64 5.21");
    let payment = client.sap.pay(&[(1, decimal("35.72"))]).unwrap();
    let json = client.json(&format!("/VendorPayments({payment})"));
    let row = &json["PaymentInvoices"][0];
    assert_eq!(
        (row["AppliedFC"].to_string().as_str(), row["SumApplied"].to_string().as_str()),
        ("35.72", "32.64")
    );
    assert_eq!(json["DocCurrency"], "USD");
    let paid = shown(&client, "/PurchaseInvoices(1)", "PaidToDate,PaidToDateFC,DocumentStatus");
    assert_eq!(paid, "32.64 35.72 bost_Close");
}

#[test]
fn service_documents_have_amounts_and_no_items() {
    let client = client();
    let fee = LineSpec {
        description: "Consulting".to_owned(),
        account_code: "640000".to_owned(),
        unit_price: Some(decimal("480")),
        ..LineSpec::default()
    };
    client.sap.add_invoice(DocumentSpec { service: true, ..spec(vec![fee]) }).unwrap();
    let json = client.json("/PurchaseInvoices(1)");
    let line = &json["DocumentLines"][0];
    assert_eq!(json["DocType"], "dDocument_Service");
    assert_eq!(
        (&line["ItemCode"], &line["WarehouseCode"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!((line["Quantity"].to_string(), line["LineTotal"].to_string()), ("0.0".into(), "480.0".into()));
}

#[test]
fn orders_close_when_all_is_received_or_invoiced() {
    let client = client();
    let order = client.sap.add_purchase_order(spec(vec![line("10", "5"), line("4", "1")])).unwrap();
    let part =
        LineSpec { quantity: Some(decimal("6")), ..LineSpec::copied_from(DocumentKind::Order, order, 0) };
    client.sap.add_invoice(DocumentSpec { lines: vec![part], ..DocumentSpec::default() }).unwrap();
    let line = |number: usize| {
        let line = client.json("/PurchaseOrders(1)")["DocumentLines"][number].clone();
        format!("{} {}", line["RemainingOpenQuantity"], line["LineStatus"].as_str().unwrap())
    };
    assert_eq!((line(0), line(1)), ("4.0 bost_Open".to_owned(), "4.0 bost_Open".to_owned()));
    let receipt = client.sap.add_goods_receipt(order).unwrap();
    assert_eq!((line(0), line(1)), ("0.0 bost_Close".to_owned(), "0.0 bost_Close".to_owned()));
    assert_eq!(shown(&client, "/PurchaseOrders(1)", "DocumentStatus"), "bost_Close");
    let invoice = DocumentSpec { reference: "RE-1".to_owned(), ..DocumentSpec::default() };
    let invoice = client.sap.copy(DocumentKind::Receipt, receipt, DocumentKind::Invoice, invoice).unwrap();
    let json = client.json(&format!("/PurchaseInvoices({invoice})"));
    assert_eq!(json["DocumentLines"][0]["BaseType"], 20);
    assert_eq!(json["DocumentLines"][0]["BaseEntry"], receipt);
    assert_eq!(json["DocumentLines"][1]["Quantity"].to_string(), "4.0");
    let again = client.sap.add_goods_receipt(order);
    assert_eq!(again.unwrap_err().code, -5002, "nothing is left to receive");
}

#[test]
fn payments_settle_invoices() {
    let client = client();
    for _ in 0..2 {
        client.sap.add_invoice(spec(vec![line("1", "100")])).unwrap();
    }
    let payment = client.sap.pay(&[(1, decimal("119")), (2, decimal("50"))]).unwrap();
    assert_eq!(shown(&client, "/PurchaseInvoices(1)", "PaidToDate,DocumentStatus"), "119.0 bost_Close");
    assert_eq!(shown(&client, "/PurchaseInvoices(2)", "PaidToDate,DocumentStatus"), "50.0 bost_Open");
    let json = client.json("/VendorPayments(1)");
    assert_eq!(json["TransferSum"].to_string(), "169.0");
    assert_eq!(json["PaymentInvoices"][1]["InvoiceType"], "it_PurchaseInvoice");
    assert!(json.get("UpdateDate").is_none() && json.get("@odata.etag").is_none());
    assert!(!client.get("/VendorPayments(1)").headers().contains_key("etag"));
    client.sap.cancel_payment(payment).unwrap();
    assert_eq!(shown(&client, "/PurchaseInvoices(1)", "PaidToDate,DocumentStatus"), "0.0 bost_Open");
    assert_eq!(shown(&client, "/VendorPayments(1)", "Cancelled"), "tYES");
    assert!(client.sap.cancel_payment(payment).is_err());
}

#[test]
fn payment_on_account_and_against_a_credit_note() {
    let client = client();
    client.sap.add_invoice(spec(vec![line("1", "100")])).unwrap();
    client.sap.add_credit_note(spec(vec![line("1", "10")])).unwrap();
    let rows =
        vec![(DocumentKind::Invoice, 1, decimal("119")), (DocumentKind::CreditNote, 1, decimal("11.90"))];
    let both = PaymentSpec { rows, on_account: decimal("5"), ..PaymentSpec::default() };
    client.sap.add_payment(both).unwrap();
    let json = client.json("/VendorPayments(1)");
    assert_eq!(json["PaymentInvoices"][1]["SumApplied"].to_string(), "-11.9");
    assert_eq!(json["PaymentInvoices"][1]["InvoiceType"], "it_PurchaseCreditNote");
    assert_eq!(json["TransferSum"].to_string(), "112.1");
    assert_eq!(shown(&client, "/PurchaseCreditNotes(1)", "PaidToDate,DocumentStatus"), "11.9 bost_Close");
    let on_account =
        PaymentSpec { supplier: "V1".to_owned(), on_account: decimal("70"), ..PaymentSpec::default() };
    client.sap.add_payment(on_account).unwrap();
    assert_eq!(client.json("/VendorPayments(2)")["PaymentInvoices"].as_array().unwrap().len(), 0);
}

#[test]
fn numbers_count_per_kind_and_series() {
    let client = client();
    let in_series = |series| DocumentSpec { series, ..spec(vec![line("1", "1")]) };
    for series in [None, Some(77), None, Some(77)] {
        client.sap.add_invoice(in_series(series)).unwrap();
    }
    client.sap.add_purchase_order(in_series(None)).unwrap();
    assert_eq!(client.column("/PurchaseInvoices", "DocNum"), ["300001", "300001", "300002", "300002"]);
    assert_eq!(client.column("/PurchaseInvoices", "DocEntry"), ["1", "2", "3", "4"]);
    assert_eq!(client.column("/PurchaseOrders", "DocNum"), ["400001"]);
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let client = client();
    let unknown = DocumentSpec { supplier: "nobody".to_owned(), ..DocumentSpec::default() };
    assert_eq!(client.sap.add_invoice(unknown).unwrap_err().code, -5002);
    assert_eq!(client.sap.add_invoice(spec(vec![line("1", "-1")])).unwrap_err().code, -5002);
    assert_eq!(client.sap.add_invoice(spec(vec![])).unwrap_err().code, -5002);
    client.sap.add_supplier(SupplierSpec { code: "V2".to_owned(), ..SupplierSpec::default() }).unwrap();
    client.sap.add_purchase_order(spec(vec![line("1", "1")])).unwrap();
    let other = DocumentSpec {
        supplier: "V2".to_owned(),
        ..spec(vec![LineSpec::copied_from(DocumentKind::Order, 1, 0)])
    };
    let refusal = client.sap.add_invoice(other).unwrap_err();
    assert_eq!(refusal.message, "Base document card and target document card do not match.");
    assert!(client.sap.entries(DocumentKind::Invoice).is_empty());
}
