use crate::client::{Client, logged_in};
use simulators::sap::{DocumentKind, DocumentSpec, MetadataVersion, SupplierSpec};

/// A company with one supplier and that many orders.
fn with_orders(version: &'static str, count: usize) -> Client {
    let client = logged_in(version);
    let supplier = client.sap.add_supplier(SupplierSpec::default()).unwrap();
    for _ in 0..count {
        let spec = DocumentSpec { supplier: supplier.clone(), ..DocumentSpec::default() };
        client.sap.add_purchase_order(spec).unwrap();
    }
    client
}

#[test]
fn entities_are_whole_without_select() {
    let client = with_orders("v2", 1);
    let json = client.json("/PurchaseOrders(1)");
    // Two members belong to the protocol.
    assert_eq!(json.as_object().unwrap().len(), 268 + 5 + 7 + 2);
    assert_eq!(json["DocumentLines"][0].as_object().unwrap().len(), 206 + 1);
    assert_eq!(json["@odata.context"], "https://sap.example:50000/b1s/v2/$metadata#PurchaseOrders/$entity");
    assert_eq!(json["DocDate"], "2026-11-23T00:00:00Z");
    assert_eq!(json["UpdateTime"], "10:41:27", "company time is an hour ahead");
    assert_eq!(json["DocTotal"].to_string(), "11.9");
    assert_eq!(json["VatSumFc"].to_string(), "0.0");
    assert_eq!(json["CardName"], "Acme Associates");
    assert!(json["Project"].is_null());
}

#[test]
fn select_leaves_out_the_rest_but_not_of_lines() {
    let client = with_orders("v1", 1);
    let json = client.json("/PurchaseOrders(1)?$select=DocEntry,DocumentLines");
    let members: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["DocEntry", "DocumentLines", "odata.etag", "odata.metadata"]);
    assert_eq!(json["DocumentLines"][0].as_object().unwrap().len(), 207);
}

#[test]
fn what_does_not_exist() {
    let client = with_orders("v1", 1);
    assert_eq!(client.refusal("/PurchaseOrders(2)"), (404, "-2028".to_owned()));
    assert_eq!(client.refusal("/BusinessPartners('nobody')"), (404, "-2028".to_owned()));
    assert_eq!(client.refusal("/NoSuchThings"), (400, "200".to_owned()));
    assert_eq!(client.refusal("/purchaseorders"), (400, "200".to_owned()));
    assert_eq!(client.refusal("/PurchaseOrders('1')"), (400, "-1000".to_owned()));
    for option in ["$select=Nothing", "$filter=Nothing eq 1", "$orderby=Nothing", "$expand=DocumentLines"] {
        assert_eq!(
            client.refusal(&format!("/PurchaseOrders?{option}")),
            (400, "-1000".to_owned()),
            "{option}"
        );
    }
}

#[test]
fn older_metadata_knows_less() {
    let client = with_orders("v1", 1);
    client.sap.configure(|settings| settings.metadata = MetadataVersion::Older);
    let response = client.get("/PurchaseOrders(1)");
    assert!(!response.headers().contains_key("etag"));
    let json = client.json("/PurchaseOrders(1)");
    assert!(json.get("PaidToDate").is_none() && json.get("DataVersion").is_none());
    assert_eq!(client.refusal("/PurchaseOrders?$select=PaidToDate"), (400, "-1000".to_owned()));
    assert_eq!(
        client.refusal("/VendorPayments?$filter=UpdateDate gt '2026-01-01'"),
        (400, "-1000".to_owned())
    );
}

#[test]
fn partners_go_by_quoted_keys() {
    let client = logged_in("v2");
    let code = "A#B/C d'e".to_owned();
    client.sap.add_supplier(SupplierSpec { code: code.clone(), ..SupplierSpec::default() }).unwrap();
    let json = client.json("/BusinessPartners('A%23B%2FC%20d''e')");
    assert_eq!(json["CardCode"], code.as_str());
    assert_eq!(client.json("/BusinessPartners(CardCode='A%23B%2FC%20d''e')")["CardCode"], code.as_str());
    assert_eq!(json["BPAddresses"][0]["AddressType"], "bo_BillTo");
    assert_eq!(json["BPAddresses"][0]["BPCode"], code.as_str());
    assert_eq!((&json["City"], &json["Address"]), (&"Berlin".into(), &"Main Street".into()));
}

#[test]
fn counting() {
    for (version, option, expected) in [("v1", "$inlinecount=allpages", "\"7\""), ("v2", "$count=true", "7")]
    {
        let client = with_orders(version, 9);
        let json = client.json(&format!("/PurchaseOrders?$filter=DocEntry gt 2&$top=3&{option}"));
        let member = if version == "v1" { "odata.count" } else { "@odata.count" };
        assert_eq!(json[member].to_string(), expected);
        assert_eq!(client.get("/PurchaseOrders/$count").body(), "9");
        assert_eq!(client.get("/PurchaseOrders/$count?$filter=DocEntry lt 3").body(), "2");
    }
    let client = with_orders("v1", 1);
    assert_eq!(client.refusal("/PurchaseOrders?$inlinecount=yes"), (400, "-1000".to_owned()));
}

#[test]
fn sorting() {
    let client = with_orders("v2", 4);
    client.sap.pretend(Some("2026-11-25T08:00:00".parse().unwrap()));
    client.sap.change_document(DocumentKind::Order, 2, |order| order.comments = "later".to_owned()).unwrap();
    client.sap.pretend(Some("2026-11-24T20:00:00".parse().unwrap()));
    client.sap.change_document(DocumentKind::Order, 4, |order| order.comments = "late".to_owned()).unwrap();
    let order = |by: &str| client.column(&format!("/PurchaseOrders?$orderby={by}"), "DocEntry").join(" ");
    assert_eq!(order("DocEntry desc"), "4 3 2 1");
    assert_eq!(order("UpdateDate,UpdateTime,DocEntry"), "1 3 4 2");
    assert_eq!(order("UpdateDate desc,DocEntry desc"), "2 4 3 1");
    assert_eq!(order("Comments desc,DocEntry asc"), "2 4 1 3");
    assert_eq!(client.column("/PurchaseOrders?$orderby=DocEntry&$skip=1&$top=2", "DocEntry"), ["2", "3"]);
}

#[test]
fn master_data_is_there() {
    let client = logged_in("v2");
    assert_eq!(client.json("/PaymentTermsTypes(3)")["PaymentTermsGroupName"], "Net 30");
    assert_eq!(client.json("/Currencies('EUR')")["DocumentsCode"], "EUR");
    assert_eq!(client.json("/UnitOfMeasurements(1)")["Code"], "pcs");
    assert_eq!(client.json("/Warehouses('01')")["WarehouseName"], "Hamburg Main");
    assert_eq!(client.json("/ChartOfAccounts('100000')")["ActiveAccount"], "tNO");
    assert_eq!(client.json("/VatGroups('I19')")["VatGroups_Lines"][0]["Rate"].to_string(), "19.0");
    let admin = client.post("/CompanyService_GetAdminInfo", "");
    assert_eq!(crate::client::parse(&admin)["LocalCurrency"], "EUR");
    assert_eq!(client.post("/CompanyService_GetCompanyInfo", "").status(), 200);
}
