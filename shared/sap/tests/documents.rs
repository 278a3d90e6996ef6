//! Whole documents by key: as few requests as fit, and one bad document costs only itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use model::{
    Code,
    ObjectKind::{CreditNote, Invoice, PurchaseOrder},
};
use sap::{
    Error, Unreadable,
    entities::{AddressType, PaymentInvoice, RowStatus, YesNo},
};
use simulators::sap::{DocumentKind, DocumentSpec};
use support::{Company, PASSWORD, Scripted, client, clock, company, refuse, reply, settings};

fn orders(company: &Company, count: usize) -> Vec<i64> {
    let supplier = company.supplier("V10000");
    (0..count).map(|_| company.order(&supplier, 2)).collect()
}

#[tokio::test]
async fn documents_come_in_batches_and_missing_ones_have_no_entry() {
    let company = company(|_, _| {});
    let entries = orders(&company, 120);
    let mut asked = entries.clone();
    asked.extend([900_000, entries[0]]);
    let found = company.client.documents(PurchaseOrder, &asked).await.unwrap();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), entries);
    let first = found[&entries[0]].as_ref().unwrap();
    assert_eq!((first.card_code.as_str(), first.document_lines.len()), ("V10000", 2));
    assert_eq!(first.document_lines[0].price, 10.into());
    let reads = company.reads();
    assert_eq!(reads.len(), 3, "{reads:?}");
    assert!(reads.iter().all(|url| url.len() < 2_000));
}

#[tokio::test]
async fn scattered_keys_stay_within_the_length_of_a_url() {
    let company = company(|_, _| {});
    let entries = orders(&company, 120);
    let scattered: Vec<_> = entries.iter().copied().step_by(2).collect();
    let found = company.client.documents(PurchaseOrder, &scattered).await.unwrap();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), scattered);
    let reads = company.reads();
    assert!(reads.iter().all(|url| url.len() < 2_000));
    assert!(reads.len() <= 3, "{}", reads.len());
}

#[tokio::test]
async fn every_kind_is_read_from_its_own_set() {
    let company = company(|_, _| {});
    let supplier = company.supplier("V10000");
    let order = company.order(&supplier, 2);
    let receipt = company.sim.add_goods_receipt(order).unwrap();
    let invoice = company
        .sim
        .copy(DocumentKind::Receipt, receipt, DocumentKind::Invoice, DocumentSpec::default())
        .unwrap();
    let payment = company.sim.pay(&[(invoice, 5.into())]).unwrap();
    let credit = company
        .sim
        .copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, DocumentSpec::default())
        .unwrap();

    let invoices = company.client.documents(Invoice, &[invoice]).await.unwrap();
    let line = &invoices[&invoice].as_ref().unwrap().document_lines[0];
    assert_eq!((line.base_type, line.base_entry), (Some(20), Some(receipt)));
    let receipts = company.client.goods_receipts(&[receipt]).await.unwrap();
    let line = &receipts[&receipt].as_ref().unwrap().document_lines[0];
    assert_eq!((line.base_type, line.base_entry), (Some(22), Some(order)));
    let credits = company.client.documents(CreditNote, &[credit]).await.unwrap();
    assert!(credits[&credit].is_ok());
    let payments = company.client.payments(&[payment]).await.unwrap();
    let row = &payments[&payment].as_ref().unwrap().payment_invoices[0];
    assert!(row.is_invoice());
    assert_eq!((row.doc_entry, row.sum_applied), (Some(invoice), 5.into()));
}

#[tokio::test]
async fn suppliers_are_found_by_codes_of_every_kind() {
    let company = company(|settings, _| settings.extra_supplier_members = vec!["AliasName".to_owned()]);
    let codes: Vec<_> = ["A'B/C d", "#1", "00017", "Zürich & Söhne", "x%41+y"].map(str::to_owned).into();
    for code in &codes {
        company.supplier(code);
    }
    let found = company.client.suppliers(&codes).await.unwrap();
    assert_eq!(found.len(), codes.len(), "{:?}", found.keys());
    let supplier = found["A'B/C d"].as_ref().unwrap();
    assert!(supplier.is_supplier());
    assert_eq!(supplier.bp_addresses[0].city, "Berlin");
    assert_eq!(supplier.extra["AliasName"], "");
}

#[tokio::test]
async fn one_bad_date_costs_one_document_and_is_named() {
    let company = company(|_, _| {});
    let entries = orders(&company, 3);
    company.sim.plant(DocumentKind::Order, entries[1], "DocDueDate", "\"31.02.2026\"").unwrap();
    let found = company.client.documents(PurchaseOrder, &entries).await.unwrap();
    assert!(found[&entries[0]].is_ok() && found[&entries[2]].is_ok());
    let error = found[&entries[1]].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "DocDueDate: `31.02.2026` is no date");
    assert_eq!(error.failure().code, Code::SapFieldUnreadable);
    assert_eq!(company.reads().len(), 1);
}

#[tokio::test]
async fn a_partner_that_can_not_be_read_is_named_by_its_code() {
    let body = r#"{"value":[{"CardCode":"V1"},{"CardCode":"V2","BPAddresses":"none"}]}"#;
    let client = client(settings(), Scripted::of([reply(200, body)]), &clock(), PASSWORD);
    let found = client.suppliers(&["V1".to_owned(), "V2".to_owned()]).await.unwrap();
    assert!(found["V1"].is_ok());
    assert!(found["V2"].is_err());
}

#[tokio::test]
async fn numbers_and_unset_members_come_in_every_shape() {
    let row = r#"{"DocEntry":"7","DocNum":400812,"DocTotal":1660.0,"VatSum":"100","RoundingDiffAmount":1e-05,"DocType":null,
        "DocumentStatus":null,"CancelStatus":"","Cancelled":null,"DocDate":"","Comments":null,
        "DocumentAdditionalExpenses":null,"UpdateDate":null,"UpdateTime":null,
        "DocumentLines":[{"LineNum":0,"LineStatus":"","Quantity":"2.50","Price":null,"ShipDate":null,"BaseEntry":null}]}"#;
    let body = format!(r#"{{"value":[{row}]}}"#);
    let client = client(settings(), Scripted::of([reply(200, &body)]), &clock(), PASSWORD);
    let found = client.documents(PurchaseOrder, &[7]).await.unwrap();
    let document = found[&7].as_ref().unwrap();
    assert_eq!(document.doc_total.to_string(), "1660.0");
    assert_eq!(document.vat_sum.to_string(), "100");
    assert_eq!(document.rounding_diff_amount.to_string(), "0.00001");
    assert_eq!(document.document_lines[0].quantity.to_string(), "2.50");
    assert!(!document.is_cancelled() && !document.is_cancellation());
    assert_eq!((document.stamp(), document.doc_date), (None, None));
}

#[tokio::test]
async fn statuses_and_types_may_come_as_the_databases_values() {
    let order = |entry: i64, members: &str| format!(r#"{{"DocEntry":{entry},{members}}}"#);
    let rows = [
        order(1, r#""DocType":"S","DocumentStatus":"C","CancelStatus":"N","Cancelled":"N""#),
        order(2, r#""DocType":"I","DocumentStatus":"O","CancelStatus":"Y","Cancelled":"N""#),
        order(3, r#""DocumentStatus":"D","CancelStatus":"C","Cancelled":"Y""#),
    ];
    let body = format!(r#"{{"value":[{}]}}"#, rows.join(","));
    let client = client(settings(), Scripted::of([reply(200, &body)]), &clock(), PASSWORD);
    let found = client.documents(PurchaseOrder, &[1, 2, 3]).await.unwrap();
    let shown: Vec<_> = found
        .values()
        .map(|row| row.as_ref().unwrap())
        .map(|one| (one.is_service(), one.document_status, one.is_cancelled(), one.is_cancellation()))
        .collect();
    let expected = [
        (true, RowStatus::Closed, false, false),
        (false, RowStatus::Open, true, false),
        (false, RowStatus::Closed, false, true),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn partners_and_payments_may_come_as_the_databases_values_too() {
    let partner = r#"{"value":[{"CardCode":"V1","CardType":"S","Valid":"Y","Frozen":"N","BPAddresses":
        [{"AddressType":"S"},{"AddressType":"B"}]}]}"#;
    let payment = r#"{"value":[{"DocEntry":1,"Cancelled":"Y","PaymentInvoices":
        [{"InvoiceType":"18"},{"InvoiceType":"19"}]}]}"#;
    let scripted = Scripted::of([reply(200, partner), reply(200, payment)]);
    let client = client(settings(), scripted, &clock(), PASSWORD);

    let found = client.suppliers(&["V1".to_owned()]).await.unwrap();
    let partner = found["V1"].as_ref().unwrap();
    assert!(partner.is_supplier() && partner.valid == YesNo::Yes && partner.frozen == YesNo::No);
    let types: Vec<_> = partner.bp_addresses.iter().map(|row| row.address_type).collect();
    assert_eq!(types, [AddressType::ShipTo, AddressType::BillTo]);

    let found = client.payments(&[1]).await.unwrap();
    let payment = found[&1].as_ref().unwrap();
    assert_eq!(payment.cancelled, YesNo::Yes);
    let invoices: Vec<_> = payment.payment_invoices.iter().map(PaymentInvoice::is_invoice).collect();
    assert_eq!(invoices, [true, false]);
}

#[tokio::test]
async fn a_reply_that_is_too_large_is_asked_for_in_halves() {
    let company = company(|settings, _| settings.max_body_bytes = 60_000);
    let entries = orders(&company, 40);
    let found = company.client.documents(PurchaseOrder, &entries).await.unwrap();
    assert_eq!(found.values().filter(|document| document.is_ok()).count(), 40);

    let before = company.reads().len();
    company.client.documents(PurchaseOrder, &entries).await.unwrap();
    assert!(company.reads().len() - before < before, "what fitted is remembered");
}

#[tokio::test]
async fn a_single_document_that_is_too_large_costs_only_itself() {
    let company = company(|settings, _| settings.max_body_bytes = 40_000);
    let supplier = company.supplier("V10000");
    let entries = [company.order(&supplier, 1), company.order(&supplier, 60), company.order(&supplier, 1)];
    let found = company.client.documents(PurchaseOrder, &entries).await.unwrap();
    assert!(found[&entries[0]].is_ok() && found[&entries[2]].is_ok());
    let error = found[&entries[1]].as_ref().unwrap_err();
    assert_eq!(error, &Unreadable::TooLarge { limit_bytes: 160_000 });
    assert_eq!(error.failure().code, Code::SapBodyTooLarge);
}

#[tokio::test]
async fn a_server_that_cuts_the_batch_is_followed_to_its_end() {
    let company = company(|_, _| {});
    let entries = orders(&company, 3);
    let rows: Vec<_> = entries.iter().map(|entry| format!(r#"{{"DocEntry":{entry}}}"#)).collect();
    let first = format!(r#"{{"value":[{},{}],"odata.nextLink":"PurchaseOrders?$skip=2"}}"#, rows[0], rows[1]);
    let second = format!(r#"{{"value":[{},{{"DocEntry":999}}]}}"#, rows[2]);
    let scripted = Scripted::of([reply(200, &first), reply(200, &second)]);
    let client = client(settings(), scripted.clone(), &clock(), PASSWORD);
    let found = client.documents(PurchaseOrder, &entries).await.unwrap();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), entries, "and what wasn't asked for is left out");
    assert_eq!(scripted.asked()[1], "https://sap.example:50000/b1s/v2/PurchaseOrders?$skip=2");
    let asked = scripted.asked.lock().unwrap();
    assert_eq!(asked[1].headers()["prefer"], "odata.maxpagesize=3", "a link doesn't carry the page size");
}

#[tokio::test]
async fn a_link_elsewhere_ends_the_batch_with_an_error() {
    let body =
        r#"{"value":[{"DocEntry":1}],"odata.nextLink":"https://evil.example/b1s/v2/PurchaseOrders?$skip=1"}"#;
    let scripted = Scripted::of([reply(200, body)]);
    let client = client(settings(), scripted.clone(), &clock(), PASSWORD);
    let error = client.documents(PurchaseOrder, &[1, 2]).await.unwrap_err();
    assert!(matches!(error, Error::ForeignLink(_)), "{error}");
    assert_eq!(scripted.asked().len(), 1);
}

#[tokio::test]
async fn a_link_that_leads_in_a_circle_ends() {
    let body = r#"{"value":[{"DocEntry":1}],"odata.nextLink":"PurchaseOrders?$skip=1"}"#;
    let scripted = Scripted::of(vec![reply(200, body); 9]);
    let client = client(settings(), scripted.clone(), &clock(), PASSWORD);
    client.documents(PurchaseOrder, &[1, 2]).await.unwrap();
    assert_eq!(scripted.asked().len(), 2);
}

#[tokio::test]
async fn members_of_the_mapping_file_are_read_as_text() {
    let members = ["U_Buyer", "Series", "DocCurrency", "Confirmed"].map(str::to_owned);
    let row = r#"{"DocEntry":1,"Series":11,"U_Buyer":"A \"B\"","DocCurrency":"EUR","Confirmed":null}"#;
    let scripted = Scripted::of([reply(200, &format!(r#"{{"value":[{row}]}}"#))]);
    let settings = sap::Settings { extra_document_members: members.into(), ..settings() };
    let client = client(settings, scripted.clone(), &clock(), PASSWORD);
    let found = client.documents(Invoice, &[1]).await.unwrap();
    let extra = &found[&1].as_ref().unwrap().extra;
    let values = ["U_Buyer", "Series", "DocCurrency", "Confirmed"].map(|name| extra[name].as_str());
    assert_eq!(values, ["A \"B\"", "11", "EUR", ""]);
    let url = &scripted.asked()[0];
    assert_eq!(url.matches("Series").count(), 1, "nothing is asked for twice: {url}");
    assert!(url.contains("U_Buyer"), "{url}");
}

#[tokio::test]
async fn a_property_that_this_service_layer_lacks_is_named() {
    let company = company(|settings, _| settings.extra_document_members = vec!["U_Missing".to_owned()]);
    let entries = orders(&company, 1);
    let error = company.client.documents(PurchaseOrder, &entries).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 400, .. }), "{error}");
    assert!(error.to_string().contains("has no PurchaseOrders.U_Missing"), "{error}");

    let vague = refuse(400, -1000, "Query string error");
    company.sim.inject(vague.at("/PurchaseOrders"));
    let error = company.client.documents(PurchaseOrder, &entries).await.unwrap_err();
    assert!(error.to_string().contains("U_Missing"), "{error}");
}

#[tokio::test]
async fn nothing_asked_for_is_nothing_sent() {
    let company = company(|_, _| {});
    assert!(company.client.documents(PurchaseOrder, &[]).await.unwrap().is_empty());
    assert!(company.client.suppliers(&[]).await.unwrap().is_empty());
    assert_eq!(company.sim.request_count(), 0);
}
