use crate::client::{Client, logged_in, refusal};
use rust_decimal::Decimal;
use simulators::sap::{DocumentKind, DocumentSpec, LineSpec, SupplierSpec};

fn client() -> Client {
    let client = logged_in("v2");
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
    client.sap.add_purchase_order(spec).unwrap();
    client
}

fn status(client: &Client, path: &str) -> String {
    let json = client.json(path);
    ["Cancelled", "CancelStatus", "DocumentStatus"]
        .map(|member| json[member].as_str().unwrap().to_owned())
        .join(" ")
}

#[test]
fn an_order_is_marked() {
    let client = client();
    assert_eq!(status(&client, "/PurchaseOrders(1)"), "tNO csNo bost_Open");
    assert_eq!(client.post("/PurchaseOrders(1)/Cancel", "").status(), 204);
    assert_eq!(status(&client, "/PurchaseOrders(1)"), "tYES csYes bost_Close");
    let json = client.json("/PurchaseOrders(1)");
    assert_eq!(json["DocumentLines"][0]["LineStatus"], "bost_Close");
    assert_eq!(json["DocumentLines"][0]["RemainingOpenQuantity"].to_string(), "0.0");
    assert_eq!(client.sap.entries(DocumentKind::Order), [1]);
    assert_eq!(refusal(&client.post("/PurchaseOrders(1)/Cancel", "")), (400, "-5002".to_owned()));
}

#[test]
fn an_invoice_is_cancelled_by_a_second_one() {
    let client = client();
    let invoice =
        client.sap.copy(DocumentKind::Order, 1, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
    assert_eq!(status(&client, "/PurchaseOrders(1)"), "tNO csNo bost_Close");
    let second = client.sap.cancel(DocumentKind::Invoice, invoice).unwrap().unwrap();
    assert_eq!(status(&client, "/PurchaseInvoices(1)"), "tYES csYes bost_Close");
    assert_eq!(status(&client, &format!("/PurchaseInvoices({second})")), "tNO csCancellation bost_Close");
    let json = client.json(&format!("/PurchaseInvoices({second})"));
    let line = &json["DocumentLines"][0];
    assert_eq!(
        (&line["BaseType"], &line["BaseEntry"], &line["BaseLine"]),
        (&18.into(), &1.into(), &0.into())
    );
    assert_eq!(json["DocTotal"].to_string(), "11.9");
    assert_ne!(json["DocNum"], client.json("/PurchaseInvoices(1)")["DocNum"]);
    assert_eq!(
        status(&client, "/PurchaseOrders(1)"),
        "tNO csNo bost_Open",
        "the order can be invoiced again"
    );
    assert_eq!(client.column("/PurchaseInvoices?$filter=CancelStatus eq 'csNo'", "DocEntry").len(), 0);
}

#[test]
fn cancellations_may_show_as_cancelled() {
    let client = client();
    client.sap.configure(|settings| settings.cancellation_shows_cancelled = true);
    client.sap.copy(DocumentKind::Order, 1, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
    client.sap.cancel(DocumentKind::Invoice, 1).unwrap();
    assert_eq!(status(&client, "/PurchaseInvoices(2)"), "tYES csCancellation bost_Close");
}

#[test]
fn a_paid_invoice_cannot_be_cancelled() {
    let client = client();
    client.sap.copy(DocumentKind::Order, 1, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
    let payment = client.sap.pay(&[(1, Decimal::ONE)]).unwrap();
    assert_eq!(client.sap.cancel(DocumentKind::Invoice, 1).unwrap_err().code, -5002);
    assert_eq!(client.post(&format!("/VendorPayments({payment})/Cancel"), "").status(), 204);
    assert!(client.sap.cancel(DocumentKind::Invoice, 1).is_ok());
}

#[test]
fn a_credit_note_settles_its_invoice_until_it_is_cancelled() {
    let client = client();
    client.sap.copy(DocumentKind::Order, 1, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
    let copied = client.sap.copy(DocumentKind::Invoice, 1, DocumentKind::CreditNote, DocumentSpec::default());
    let credit_note = copied.unwrap();
    let json = client.json("/PurchaseCreditNotes(1)");
    assert_eq!(
        (&json["DocumentLines"][0]["BaseType"], &json["DocumentLines"][0]["BaseEntry"]),
        (&18.into(), &1.into())
    );
    assert_eq!(client.json("/PurchaseInvoices(1)")["PaidToDate"].to_string(), "11.9");
    assert_eq!(status(&client, "/PurchaseInvoices(1)"), "tNO csNo bost_Close");
    assert_eq!(status(&client, "/PurchaseCreditNotes(1)"), "tNO csNo bost_Close");
    let twice = client.sap.copy(DocumentKind::Invoice, 1, DocumentKind::CreditNote, DocumentSpec::default());
    assert_eq!(twice.unwrap_err().code, -5002, "all of it has been credited");
    client.sap.cancel(DocumentKind::CreditNote, credit_note).unwrap();
    assert_eq!(client.json("/PurchaseInvoices(1)")["PaidToDate"].to_string(), "0.0");
    assert_eq!(status(&client, "/PurchaseInvoices(1)"), "tNO csNo bost_Open");
    assert!(
        client.sap.copy(DocumentKind::Invoice, 1, DocumentKind::CreditNote, DocumentSpec::default()).is_ok()
    );
}

#[test]
fn closing_and_reopening() {
    let client = client();
    let line =
        LineSpec { quantity: Some(Decimal::new(5, 1)), ..LineSpec::copied_from(DocumentKind::Order, 1, 0) };
    client.sap.add_invoice(DocumentSpec { lines: vec![line], ..DocumentSpec::default() }).unwrap();
    assert_eq!(client.post("/PurchaseOrders(1)/Close", "").status(), 204);
    assert_eq!(status(&client, "/PurchaseOrders(1)"), "tNO csNo bost_Close");
    assert_eq!(refusal(&client.post("/PurchaseOrders(1)/Close", "")), (400, "-5002".to_owned()));
    assert_eq!(client.post("/PurchaseOrders(1)/Reopen", "").status(), 204);
    let json = client.json("/PurchaseOrders(1)");
    assert_eq!(json["DocumentStatus"], "bost_Open");
    assert_eq!(
        json["DocumentLines"][0]["RemainingOpenQuantity"].to_string(),
        "0.5",
        "what was invoiced stays so"
    );
    client.sap.cancel(DocumentKind::Order, 1).unwrap();
    assert_eq!(refusal(&client.post("/PurchaseOrders(1)/Reopen", "")), (400, "-5002".to_owned()));
    assert_eq!(refusal(&client.post("/PurchaseInvoices(1)/Close", "")), (400, "-5006".to_owned()));
    assert_eq!(refusal(&client.post("/PurchaseOrders(9)/Close", "")), (404, "-2028".to_owned()));
    assert_eq!(refusal(&client.post("/PurchaseOrders(1)/Explode", "")), (400, "200".to_owned()));
}
