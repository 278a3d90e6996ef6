//! Writes of business partners: on the condition that nobody was quicker, and never twice unless SAP did not run them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what it expects by failing, in its helpers too"
)]

#[path = "support/mod.rs"]
mod support;

use http::Method;
use sap::{Error, PartnerBy, WriteCall};
use serde_json::{Map, Value, json};
use simulators::sap::{Fault, FaultKind, SupplierSpec};
use std::{sync::Mutex, time::Duration};
use support::{Company, company, refuse};

const TIMEOUT: Duration = Duration::from_secs(30);

fn body(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn rename(company: &Company, name: &str, sent: &Mutex<Vec<Value>>) -> Result<(), Error> {
    let read = company.client.whole_partner("V'1").await?.unwrap();
    let call = WriteCall { may_send: &|| true, sent, timeout: TIMEOUT };
    company.client.patch_partner(&call, "V'1", &body(&json!({"CardName": name})), read.etag.as_ref()).await
}

fn name(company: &Company) -> String {
    company.sim.supplier("V'1").unwrap().text("CardName").to_owned()
}

fn patches(company: &Company) -> usize {
    company.sim.requests().iter().filter(|one| one.method == Method::PATCH).count()
}

fn with_v1() -> Company {
    let company = company(|settings, world| {
        settings.page_size = 20;
        // Whoever trusts the state of a selected read is refused.
        world.select_breaks_etag = true;
    });
    company.supplier("V'1");
    company
}

#[tokio::test]
async fn a_partner_is_changed_only_as_it_was_read() {
    let company = with_v1();
    let sent = Mutex::default();
    rename(&company, "One", &sent).await.unwrap();
    assert_eq!(name(&company), "One");
    assert_eq!(sent.lock().unwrap()[0]["body"], json!({"CardName": "One"}));

    company.sim.after_request(1, |sim| {
        sim.change_supplier("V'1", |partner| assert!(partner.set_text("CardName", "Quicker"))).unwrap();
    });
    let error = rename(&company, "Two", &sent).await.unwrap_err();
    assert!(matches!(error, Error::Changed(_)), "{error}");
    assert_eq!(name(&company), "Quicker");
    assert_eq!(company.client.whole_partner("V2").await.unwrap(), None);
}

#[tokio::test]
async fn what_sap_has_not_run_is_sent_once_more_and_nothing_else() {
    let company = with_v1();
    let sent = Mutex::default();
    company.client.whole_partner("V'1").await.unwrap();
    company.sim.inject(Fault::new(FaultKind::ExpireSessions).on(Method::PATCH));
    rename(&company, "After the session", &sent).await.unwrap();
    company.sim.inject(Fault::switch_company().on(Method::PATCH));
    rename(&company, "After the switch", &sent).await.unwrap();
    assert_eq!((name(&company).as_str(), patches(&company)), ("After the switch", 4));
    assert_eq!(sent.lock().unwrap().len(), 2, "each is told once, however often it was sent");

    company.sim.clear_requests();
    for fault in [Fault::bad_gateway(), Fault::empty_error(), Fault::new(FaultKind::DropAfterWork)] {
        company.sim.inject(fault.on(Method::PATCH));
        let error = rename(&company, "Lost", &sent).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error}");
    }
    assert_eq!(patches(&company), 3);
    company.sim.inject(refuse(400, -5002, "no").on(Method::PATCH));
    let error = rename(&company, "No", &sent).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_without_leave() {
    let company = with_v1();
    let sent = Mutex::default();
    let call = WriteCall { may_send: &|| false, sent: &sent, timeout: TIMEOUT };
    let error = company.client.create_partner(&call, &body(&json!({"CardCode": "V2"}))).await.unwrap_err();
    assert_eq!(error, Error::TooLate);
    assert!(sent.lock().unwrap().is_empty());
    assert_eq!(company.sim.supplier_codes(), ["V'1"]);
}

#[tokio::test]
async fn a_partner_is_created_and_found_by_what_is_ours() {
    let company = with_v1();
    let sent = Mutex::default();
    let call = WriteCall { may_send: &|| true, sent: &sent, timeout: TIMEOUT };
    let new = json!({"Series": 71, "CardName": "New", "CardType": "cSupplier", "U_CoupaId": "7"});
    let code = company.client.create_partner(&call, &body(&new)).await.unwrap();
    assert!(company.client.has_member("U_CoupaId").await.unwrap());
    let found = company.client.partners_by(PartnerBy::Own("U_CoupaId", "7")).await.unwrap();
    assert_eq!(found.iter().map(|one| &one.card_code).collect::<Vec<_>>(), [&code]);
    let marks = company.client.own_member("U_CoupaId", &["V'1".to_owned(), code.clone()]).await.unwrap();
    assert_eq!(marks.into_iter().collect::<Vec<_>>(), [(code, "7".to_owned())]);
    company.sim.configure(|settings| settings.partners_have_coupa_id = false);
    assert!(!company.client.has_member("U_CoupaId").await.unwrap());
    for at in 0..50 {
        let spec = SupplierSpec { code: format!("S{at}"), ..SupplierSpec::default() };
        company.sim.add_supplier(spec).unwrap();
    }
    assert_eq!(company.client.supplier_cards().await.unwrap().len(), 52);
}
