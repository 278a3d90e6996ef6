use crate::desk::{Desk, supplier};
use serde_json::{Value, json};
use std::time::Duration;

/// Suppliers V0 to V59, a minute apart.
fn desk() -> Desk {
    let desk = Desk::new();
    for number in 0..60 {
        let mut body = supplier(&format!("V{number}"));
        body["on-hold"] = json!(number % 2 == 0);
        desk.post("/api/suppliers", &body).ok();
        desk.clock.advance(Duration::from_secs(60));
    }
    desk
}

fn numbers(desk: &Desk, query: &str) -> Vec<String> {
    let answer = desk.get(&format!("/api/suppliers?{query}&fields=[\"number\"]")).ok();
    let list = answer.json.as_array().expect("a list").clone();
    list.iter().map(|one| one["number"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn pages_hold_fifty_lowest_id_first() {
    let desk = desk();
    let first = numbers(&desk, "limit=500");
    assert_eq!((first.len(), first[0].as_str(), first[49].as_str()), (50, "V0", "V49"));
    assert_eq!(numbers(&desk, "offset=50").len(), 10);
    assert_eq!(numbers(&desk, "limit=2&offset=3"), ["V3", "V4"]);
    assert_eq!(numbers(&desk, "id[gt]=58&order_by=id&dir=asc"), ["V58", "V59"]);
    assert_eq!(numbers(&desk, "order_by=updated_at&dir=desc&limit=2"), ["V59", "V58"]);
    assert_eq!(numbers(&desk, "order_by=number&limit=3"), ["V0", "V1", "V10"]);
}

#[test]
fn operators_compare_as_documented() {
    let desk = desk();
    assert_eq!(numbers(&desk, "number=V7"), ["V7"]);
    assert_eq!(numbers(&desk, "number[in]=V7,V3,V99"), ["V3", "V7"]);
    assert_eq!(numbers(&desk, "id[in]=2,1"), ["V0", "V1"]);
    assert_eq!(numbers(&desk, "id=5"), ["V4"]);
    assert_eq!(numbers(&desk, "number[starts_with]=V5&limit=2"), ["V5", "V50"]);
    assert_eq!(numbers(&desk, "number[ends_with]=9&limit=2"), ["V9", "V19"]);
    assert_eq!(numbers(&desk, "name[contains]=Tools%20V59"), ["V59"]);
    assert_eq!(numbers(&desk, "number[not_in]=V0,V1,V2&limit=1"), ["V3"]);
    assert_eq!(numbers(&desk, "number[not_eq]=V0&limit=1"), ["V1"]);
    assert_eq!(numbers(&desk, "on-hold=true&limit=2"), ["V0", "V2"]);
    assert_eq!(numbers(&desk, "duns[blank]=true&limit=1"), ["V0"]);
    assert!(numbers(&desk, "duns[blank]=false").is_empty());
    assert_eq!(numbers(&desk, "payment_term[code]=Net+30&limit=1"), ["V0"]);
    assert!(numbers(&desk, "payment-term[code]=Net+60").is_empty());
    assert_eq!(numbers(&desk, "primary_address[country][code]=GB&limit=1"), ["V0"]);
    assert!(numbers(&desk, "number=v7").is_empty());
    desk.coupa.configure(|settings| settings.filters_ignore_case = true);
    assert_eq!(numbers(&desk, "number=v7"), ["V7"]);
}

#[test]
fn moments_compare_with_their_zone_and_know_no_contains() {
    let desk = desk();
    assert_eq!(numbers(&desk, "updated-at[gt]=2026-11-02T18:12:30%2B00:00"), ["V58", "V59"]);
    assert_eq!(numbers(&desk, "updated_at[gt_or_eq]=2026-11-02T10:13:00-08:00"), ["V58", "V59"]);
    assert_eq!(numbers(&desk, "updated_at[lt_or_eq]=2026-11-02T17:15:00Z"), ["V0"]);
    desk.get("/api/suppliers?updated_at[contains]=2026").refused("not supported for dates");
    desk.get("/api/suppliers?updated_at[gt]=yesterday").refused("not a valid value");
}

#[test]
fn a_bad_query_is_explained() {
    let desk = Desk::new();
    for (query, words) in [
        ("colour=red", "unknown attribute colour for Supplier"),
        ("number[id]=1", "unknown attribute number[id]"),
        ("number[like]=1", "unknown attribute number[like]"),
        ("supplier_id=1", "unknown attribute supplier_id"),
        ("payment_term=5", "is an object"),
        ("limit=many", "limit many is not a number"),
        ("dir=up", "asc, desc"),
        ("order_by=colour", "order_by"),
        ("id=five", "not a valid value"),
        ("return_object=none", "only available for PUT and POST"),
        ("return_object=everything", "none, limited, shallow"),
        ("fields=id", "not valid JSON"),
        ("fields=[\"created-at\"]", "unknown attribute created-at"),
        ("fields=[\"colour\"]", "unknown attribute colour"),
        ("fields=[{\"name\":[\"id\"]}]", "has no fields of its own"),
    ] {
        desk.get(&format!("/api/suppliers?{query}")).refused(words);
    }
}

#[test]
fn fields_shape_every_reply() {
    let desk = Desk::new();
    let fields = "fields=[\"number\",\"tax_code\",{\"payment_term\":[\"code\"]},{\"primary_address\":[\"city\",{\"country\":[\"code\"]}]},{\"remit_to_addresses\":[\"id\"]},{\"custom_fields\":{}}]";
    let shown = json!({ "number": "V1", "tax-code": null, "payment-term": { "code": "Net 30" },
        "primary-address": { "city": "Leeds", "country": { "code": "GB" } }, "remit-to-addresses": [],
        "custom-fields": null });
    let target = format!("/api/suppliers?{fields}");
    let answer = desk.post(&target, &supplier("V1")).ok();
    assert_eq!(answer.json, shown);
    assert_eq!(desk.get(&target).json, json!([shown]));
    let one = target.replace("suppliers?", "suppliers/1?");
    assert_eq!(desk.put(&one, &json!({ "on-hold": true })).json, shown);
}

#[test]
fn return_object_shapes_the_reply() {
    let desk = Desk::new();
    let answer = desk.post("/api/suppliers?return_object=none", &supplier("V1"));
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(
        desk.put("/api/suppliers/1?return_object=limited", &json!({ "duns": "1" })).json,
        json!({ "id": 1 })
    );
    let shallow = desk.get("/api/suppliers/1?return_object=shallow").ok();
    assert_eq!(shallow.json["payment-term"], json!({ "id": 4, "code": "Net 30" }));
    assert_eq!(shallow.json["duns"], "1");
}

#[test]
fn nested_and_foreign_key_conditions_reach_through_lists() {
    let desk = Desk::new();
    let id = desk.supplier("V1");
    desk.supplier("V2");
    desk.order("P1", "V1");
    desk.order("P2", "V2");
    let found = |query: &str| {
        let answer = desk.get(&format!("/api/purchase_orders?{query}&fields=[\"po_number\"]")).ok();
        answer.json
    };
    let only = json!([{ "po-number": "P1" }]);
    assert_eq!(found("supplier[number]=V1"), only);
    assert_eq!(found(&format!("supplier_id={id}")), only);
    assert_eq!(found("supplier[number][in]=V1,V9"), only);
    assert_eq!(found("po_number[in]=P1,P9&order_lines[account][code]=100-IT"), only);
    assert_eq!(found("order_lines[price][gt]=50"), json!([]));
    assert_eq!(found("order-lines[external_reference_number]=SBODEMOUS/812/0&po-number=P1"), only);
    assert_eq!(found("status[in]=buyer_hold,issued,canceled&limit=1"), only);
    assert_eq!(desk.get("/api/purchase_orders/77").status, 404);
    assert_eq!(desk.get("/api/unicorns").status, 404);
    assert_eq!(
        desk.get("/api/suppliers/1/unicorns").json["errors"]["request"][0],
        Value::from("The requested record was not found.")
    );
}
