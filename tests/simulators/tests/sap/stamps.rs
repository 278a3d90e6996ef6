use crate::client::{Client, logged_in};
use rust_decimal::Decimal;
use simulators::sap::{DateStyle, DocumentKind, DocumentSpec, SupplierSpec};
use std::time::Duration;

fn client() -> Client {
    let client = logged_in("v2");
    // These tests let days go by.
    client.sap.configure(|settings| settings.session_timeout = Duration::from_secs(7 * 86_400));
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    client
}

fn order(client: &Client) {
    let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
    client.sap.add_purchase_order(spec).unwrap();
}

fn stamp(client: &Client, path: &str) -> String {
    let json = client.json(path);
    format!("{} {}", json["UpdateDate"], json["UpdateTime"]).replace('"', "")
}

#[test]
fn every_change_moves_stamp_and_version() {
    let client = client();
    order(&client);
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-23T00:00:00Z 10:41:27");
    assert_eq!(client.json("/PurchaseOrders(1)")["DocTime"], "10:41:00");
    client.clock.advance(Duration::from_secs(86_400));
    client.sap.change_document(DocumentKind::Order, 1, |order| order.comments = "new".to_owned()).unwrap();
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-24T00:00:00Z 10:41:27");
    assert_eq!(client.json("/PurchaseOrders(1)")["DataVersion"], 2);
    assert_eq!(client.json("/PurchaseOrders(1)")["CreationDate"], "2026-11-23T00:00:00Z");
    client.clock.advance(Duration::from_secs(86_400));
    client
        .sap
        .change_document_unseen(DocumentKind::Order, 1, |order| order.comments = "secret".to_owned())
        .unwrap();
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-24T00:00:00Z 10:41:27");
    assert_eq!(client.json("/PurchaseOrders(1)")["Comments"], "secret");
}

#[test]
fn creation_may_leave_no_stamp() {
    let client = client();
    client.sap.configure(|settings| settings.stamp_on_create = false);
    order(&client);
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "null null");
    assert_eq!(client.column("/PurchaseOrders?$filter=UpdateDate ge '2000-01-01'", "DocEntry").len(), 0);
    assert_eq!(client.column("/PurchaseOrders?$filter=UpdateDate eq null", "DocEntry"), ["1"]);
    assert_eq!(client.column("/PurchaseOrders?$filter=CreationDate ge '2026-11-23'", "DocEntry"), ["1"]);
    client.sap.close_order(1).unwrap();
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-23T00:00:00Z 10:41:27");
}

#[test]
fn dates_and_times_come_in_two_styles() {
    let client = client();
    order(&client);
    client.sap.configure(|settings| {
        settings.dates = DateStyle::DateOnly;
        settings.times_with_seconds = false;
    });
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-23 10:41");
}

#[test]
fn the_company_has_its_own_time() {
    let client = client();
    client.sap.configure(|settings| settings.utc_offset_minutes = -11 * 60);
    order(&client);
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-22T00:00:00Z 22:41:27");
}

#[test]
fn payments_may_leave_the_invoice_stamp_alone() {
    let client = client();
    let invoice = || {
        let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
        client.sap.add_invoice(spec).unwrap()
    };
    let (first, second) = (invoice(), invoice());
    client.clock.advance(Duration::from_secs(86_400));
    client.sap.pay(&[(first, Decimal::ONE)]).unwrap();
    assert_eq!(stamp(&client, "/PurchaseInvoices(1)"), "2026-11-23T00:00:00Z 10:41:27");
    client.sap.configure(|settings| settings.payment_stamps_invoice = true);
    client.sap.pay(&[(second, Decimal::ONE)]).unwrap();
    assert_eq!(stamp(&client, "/PurchaseInvoices(2)"), "2026-11-24T00:00:00Z 10:41:27");
}

#[test]
fn copying_may_leave_the_order_stamp_alone() {
    let client = client();
    order(&client);
    order(&client);
    client.clock.advance(Duration::from_secs(86_400));
    client.sap.add_goods_receipt(1).unwrap();
    assert_eq!(stamp(&client, "/PurchaseOrders(1)"), "2026-11-24T00:00:00Z 10:41:27");
    client.sap.configure(|settings| settings.copy_stamps_base = false);
    client.sap.add_goods_receipt(2).unwrap();
    assert_eq!(stamp(&client, "/PurchaseOrders(2)"), "2026-11-23T00:00:00Z 10:41:27");
}

#[test]
fn suppliers_are_stamped_too() {
    let client = client();
    let json = client.json("/BusinessPartners('V1')");
    assert_eq!(json["CreateTime"], "10:41:27");
    client.clock.advance(Duration::from_secs(60));
    client
        .sap
        .change_supplier("V1", |partner| {
            partner.set_text("Phone1", "+49 1");
        })
        .unwrap();
    assert_eq!(stamp(&client, "/BusinessPartners('V1')"), "2026-11-23T00:00:00Z 10:42:27");
}
