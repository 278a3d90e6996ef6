use crate::desk::{Desk, supplier};
use serde_json::{Value, json};
use simulators::coupa::Kind;

#[test]
fn a_supplier_is_created_and_read_back_as_documented() {
    let desk = Desk::new();
    let answer = desk.post("/api/suppliers", &supplier("V10000"));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let held = &answer.json;
    assert_eq!(held["created-at"], "2026-11-02T09:15:00-08:00");
    assert_eq!(held["payment-term"]["code"], "Net 30");
    assert_eq!(held["primary-address"]["country"]["code"], "GB");
    assert_eq!(held["savings-pct"], Value::Null);
    assert_eq!(held["remit-to-addresses"], json!([]));
    assert!(held.get("introduced-in-a-later-release").is_some_and(Value::is_null));
    assert!(held.get("currency").is_none());
    assert!(desk.coupa.unknown_attributes().is_empty() && desk.coupa.read_only_sent().is_empty());
}

#[test]
fn number_and_name_are_unique() {
    let desk = Desk::new();
    desk.supplier("V1");
    let answer = desk.post("/api/suppliers", &supplier("V1"));
    answer.refused("Number has already been taken");
    answer.refused("Name has already been taken");
    assert_eq!(desk.coupa.duplicates().len(), 2);
    desk.supplier(" V1");
    desk.supplier("v1");
    let second = desk.supplier("V2");
    desk.put(&format!("/api/suppliers/{second}"), &json!({ "number": "V1" })).refused("already been taken");
    desk.put(&format!("/api/suppliers/{second}"), &json!({ "number": "V3" })).ok();
    assert!(desk.coupa.supplier_by_number("V2").is_none());
    desk.supplier("V2-again");
}

#[test]
fn bad_values_are_refused_in_coupas_words() {
    let desk = Desk::new();
    let with = |name: &str, value: Value| {
        let mut body = supplier("V1");
        body[name] = value;
        desk.post("/api/suppliers", &body)
    };
    with("status", json!("closed")).refused("Supplier status must be one of active, inactive, onboarding.");
    with("po-method", json!("fax")).refused("PO method must be one of cxml, xml, email");
    with("primary-contact", json!({ "email": "joe" }))
        .refused("Supplier email is not a valid email address.");
    with("name", json!("x".repeat(101))).refused("Name is too long (maximum is 100 characters)");
    with("name", Value::Null).refused("Name can't be blank");
    with("primary-contact", Value::Null).refused("Primary Contact can't be blank");
    with(
        "primary-address",
        json!({ "street1": "1", "city": "L", "postal-code": "1", "country": { "code": "XX" } }),
    )
    .refused("Country can't be blank");
    assert_eq!(desk.coupa.count(Kind::Supplier), 0);
}

#[test]
fn an_optional_reference_that_leads_nowhere_is_left_out_unless_configured() {
    let desk = Desk::new();
    let mut body = supplier("V1");
    body["payment-term"] = json!({ "code": "Net 99" });
    let answer = desk.post("/api/suppliers", &body).ok();
    assert_eq!(answer.json["payment-term"], Value::Null);
    assert!(desk.coupa.ignored_references().iter().any(|text| text.contains("Net 99")));
    desk.coupa.configure(|settings| {
        settings.hard_references.insert("payment-term".to_owned());
    });
    desk.put(&format!("/api/suppliers/{}", answer.id()), &json!({ "payment-term": { "code": "Net 99" } }))
        .refused("Unable to find valid PaymentTerm record for payment_term with keys");
}

#[test]
fn contact_and_address_are_edited_in_place() {
    let desk = Desk::new();
    let before = desk.post("/api/suppliers", &supplier("V1")).ok();
    let after = desk
        .put(
            &format!("/api/suppliers/{}", before.id()),
            &json!({ "primary_contact": { "name_given": "Jane" }, "primary-address": { "city": "York" } }),
        )
        .ok();
    assert_eq!(after.json["primary-contact"]["id"], before.json["primary-contact"]["id"]);
    assert_eq!(after.json["primary-contact"]["name-given"], "Jane");
    assert_eq!(after.json["primary-contact"]["email"], "joe@acme.test");
    assert_eq!(after.json["primary-address"]["street1"], "1 High St");
    assert_eq!(after.json["primary-address"]["city"], "York");
}

#[test]
fn remit_to_addresses_come_inline_or_one_by_one_with_unique_codes() {
    let desk = Desk::new();
    let remit_to = |code: &str| {
        json!({ "remit-to-code": code, "street1": "2 Bank St", "city": "Leeds", "postal-code": "LS1",
                "country": { "code": "GB" } })
    };
    let mut body = supplier("V1");
    body["remit-to-addresses"] = json!([remit_to("V1-A")]);
    let id = desk.post("/api/suppliers", &body).id();
    let path = format!("/api/suppliers/{id}/addresses");
    let second = desk.post(&path, &remit_to("V1-B"));
    assert_eq!(second.status, 201);
    desk.post(&path, &remit_to("V1-B")).refused("Remit To Code has already been taken");
    let other = desk.supplier("V2");
    desk.post(&format!("/api/suppliers/{other}/addresses"), &remit_to("V1-A")).refused("already been taken");
    desk.put(&format!("{path}/{}", second.id()), &json!({ "city": "Hull" })).ok();
    let list = desk.get(&format!("{path}?fields=[\"remit_to_code\",\"city\"]")).ok();
    assert_eq!(
        list.json,
        json!([{ "remit-to-code": "V1-A", "city": "Leeds" }, { "remit-to-code": "V1-B", "city": "Hull" }])
    );
}

#[test]
fn unknown_and_read_only_attributes_are_ignored_and_noted() {
    let desk = Desk::new();
    let mut body = supplier("V1");
    body["currency"] = json!({ "code": "EUR" });
    body["created_at"] = json!("2020-01-01");
    body["custom-fields"] = json!({ "cf-erp-number": "771" });
    let answer = desk.post("/api/suppliers", &body).ok();
    assert_eq!(answer.json["custom-fields"]["cf-erp-number"], "771");
    assert_eq!(answer.json["created-at"], "2026-11-02T09:15:00-08:00");
    assert_eq!(desk.coupa.unknown_attributes().into_iter().collect::<Vec<_>>(), ["Supplier.currency"]);
    assert_eq!(desk.coupa.read_only_sent().into_iter().collect::<Vec<_>>(), ["Supplier.created-at"]);
}

#[test]
fn full_size_replies_are_as_large_as_real_ones() {
    let desk = Desk::with(|settings| {
        settings.requests_per_second = None;
        settings.full_size_replies = true;
    });
    let answer = desk.post("/api/suppliers", &supplier("V1")).ok();
    assert!((16_000..24_000).contains(&answer.text.len()), "{}", answer.text.len());
    let id = answer.id();
    assert!(answer.json["content-groups"].as_array().is_some_and(|list| list.len() > 10));
    assert!(desk.get(&format!("/api/suppliers/{id}?fields=[\"id\"]")).text.len() < 20);
}
