use crate::desk::{Desk, order};
use serde_json::{Value, json};
use simulators::coupa::{Kind, Reissue};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.supplier("V1");
    desk
}

#[test]
fn an_external_order_is_created_as_a_draft_and_issued() {
    let desk = desk();
    let answer = desk.post("/api/purchase_orders", &order("SAP-4500012", "V1"));
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json["status"], "draft");
    assert_eq!(answer.json["version"], 1);
    let line = &answer.json["order-lines"][0];
    assert_eq!(line["total"], "99.80");
    assert_eq!(line["account"]["code"], "100-IT");
    assert_eq!(line["need-by-date"], "2026-11-29T16:00:00-08:00");
    let path = format!("/api/purchase_orders/{}", answer.id());
    let issued = desk.act(&format!("{path}/issue_without_send?return_object=limited"));
    assert_eq!(issued.json, json!({ "id": answer.id() }));
    let found = desk.get("/api/purchase_orders?po-number=SAP-4500012&fields=[\"id\",\"status\",\"version\",{\"order_lines\":[\"id\",\"line_num\"]}]");
    assert_eq!(
        found.json,
        json!([{ "id": answer.id(), "status": "issued", "version": 1,
                                    "order-lines": [{ "id": line["id"], "line-num": "1" }] }])
    );
    assert!(desk.coupa.unknown_attributes().is_empty() && desk.coupa.read_only_sent().is_empty());
}

#[test]
fn an_order_needs_the_external_type_a_number_and_what_it_points_at() {
    let desk = desk();
    let with = |name: &str, value: Value| {
        let mut body = order("P1", "V1");
        body[name] = value;
        desk.post("/api/purchase_orders", &body)
    };
    with("type", Value::Null).refused("ExternalOrderHeader");
    with("po-number", json!("x".repeat(21))).refused("PO Number is too long (maximum is 20 characters)");
    with("po-number", Value::Null).refused("PO Number can't be blank");
    with("supplier", json!({ "number": "V9" }))
        .refused("Unable to find valid Supplier record for supplier with keys {\\\"number\\\"=>\\\"V9\\\"}. Possible keys are [\\\"id\\\", \\\"number\\\", \\\"name\\\"]");
    with("ship-to-user", json!({ "login": "x" }))
        .refused("Unable to find valid User record for ship_to_user");
    with("ship-to-address", json!({ "location-code": "X" })).refused("for ship_to_address");
    with("ship-to-address", Value::Null).refused("Invalid Ship-To Address");
    with("currency", json!({ "code": "$" })).refused("Unable to find valid Currency record");
    with("order-lines", json!([])).refused("Order Lines can't be blank");
    assert_eq!(desk.coupa.count(Kind::OrderHeader), 0);
    desk.post("/api/purchase_orders", &order("P1", "V1")).ok();
    desk.post("/api/purchase_orders", &order("P1", "V1")).refused("PO Number has already been taken");
    assert_eq!(desk.coupa.duplicates(), ["purchase order P1"]);
}

#[test]
fn lines_are_checked() {
    let desk = desk();
    let with = |name: &str, value: Value| {
        let mut body = order("P1", "V1");
        body["order-lines"][0][name] = value;
        desk.post("/api/purchase_orders", &body)
    };
    with("description", json!("x".repeat(256)))
        .refused("Description is too long (maximum is 255 characters)");
    with("price", Value::Null).refused("Price can't be blank");
    with("price", json!("ten")).refused("Price is not a number");
    with("quantity", Value::Null).refused("Quantity can't be blank");
    with("type", json!("OrderAmountLine")).refused("Quantity must be blank");
    with("account", Value::Null).refused("Account can't be blank");
    with("account", json!({ "code": "nowhere" })).refused("Unable to find valid Account record for account");
    with("match-type", json!("4-way")).refused("Match Type");
    let mut body = order("P1", "V1");
    body["order-lines"] = json!([body["order-lines"][0], body["order-lines"][0]]);
    desk.post("/api/purchase_orders", &body).refused("Line Num has already been taken");
}

#[test]
fn the_version_never_goes_back_and_moves_with_the_content() {
    let desk = desk();
    let (id, line) = desk.order("P1", "V1");
    let path = format!("/api/purchase_orders/{id}");
    desk.act(&format!("{path}?exported=true")).ok();
    let put = |body: Value| desk.put(&path, &body);
    let changed = put(json!({ "version": 1, "order-lines": [{ "id": line, "quantity": "3" }] })).ok();
    assert_eq!(
        (changed.json["version"].as_i64(), changed.json["exported"].as_bool()),
        (Some(2), Some(false))
    );
    put(json!({ "version": 1, "ship-to-attention": "Dock 3" })).refused("current version 2");
    let same = put(json!({ "version": 2, "ship-to-attention": "Dock 3" })).ok();
    assert_eq!(same.json["version"], 2);
    let added = put(json!({ "version": 2, "order-lines": [{
        "type": "OrderAmountLine", "description": "Freight", "price": "15", "account": { "segment-1": "610000" } }] })).ok();
    assert_eq!(added.json["version"], 3);
    assert_eq!(added.json["order-lines"][1]["line-num"], "2");
    let removed = put(json!({ "version": 3, "order-lines": [{ "id": line, "_delete": true }] })).ok();
    assert_eq!(removed.json["order-lines"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        desk.get(&format!("{path}?show_deleted_lines=true")).json["order-lines"].as_array().map(Vec::len),
        Some(2)
    );
    put(json!({ "version": 4, "order-lines": [{ "id": line, "quantity": "1" }] })).refused("OrderLine");
    let held = desk.coupa.order_by_number("P1").expect("held");
    assert_eq!((held.deleted_lines, held.total.to_string()), (1, "15.00".to_owned()));
}

#[test]
fn the_account_of_an_issued_line_stays() {
    let desk = desk();
    let (id, line) = desk.order("P1", "V1");
    let body = |cost_centre: &str| {
        json!({ "version": 1, "order-lines": [{ "id": line,
        "account": { "segment-1": "100", "segment-2": cost_centre, "account-type": { "name": "Main COA" } } }] })
    };
    desk.put(&format!("/api/purchase_orders/{id}"), &body("HR")).refused("Account can't be changed");
    desk.put(&format!("/api/purchase_orders/{id}"), &body("IT")).ok();
}

#[test]
fn close_is_soft_once_and_hard_twice_and_reopen_needs_a_known_reason() {
    let desk = desk();
    let (id, _) = desk.order("P1", "V1");
    let path = format!("/api/purchase_orders/{id}");
    let act = |action: &str| desk.act(&format!("{path}/{action}"));
    assert_eq!(act("close").ok().json["status"], "soft_closed");
    desk.put(&path, &json!({ "version": 1 })).refused("soft_closed");
    act("cancel").refused("soft_closed");
    act("reopen").refused("Reason Insight can't be blank");
    desk.put(&format!("{path}/reopen"), &json!({ "reason-insight-code": "NOPE" })).refused("ReasonInsight");
    let reopened =
        desk.put(&format!("{path}/reopen"), &json!({ "reason-insight-code": "ERP_REOPENED" })).ok();
    assert_eq!(reopened.json["status"], "issued");
    act("close").ok();
    assert!(desk.coupa.hard_closed_orders().is_empty());
    assert_eq!(act("close").ok().json["status"], "closed");
    assert_eq!(desk.coupa.hard_closed_orders(), ["P1"]);
    desk.put(&format!("{path}/reopen"), &json!({ "reason-insight-code": "ERP_REOPENED" })).refused("closed");
    act("close").refused("closed");
}

#[test]
fn cancel_and_issue_follow_the_status() {
    let desk = desk();
    let id = desk.post("/api/purchase_orders", &order("P1", "V1")).id();
    let act = |action: &str| desk.act(&format!("/api/purchase_orders/{id}/{action}"));
    act("close").refused("draft");
    act("issue").ok();
    act("issue").ok();
    desk.coupa.configure(|settings| settings.reissue = Reissue::Refused);
    act("issue").refused("issued");
    assert_eq!(
        desk.put(&format!("/api/purchase_orders/{id}"), &json!({ "_cancel": true })).ok().json["status"],
        "cancelled"
    );
    let listed = desk.get("/api/purchase_orders?status[in]=canceled,closed&fields=[\"id\"]");
    assert_eq!(listed.json, json!([{ "id": id }]), "both spellings find it");
    act("cancel").refused("cancelled");
    act("issue").refused("cancelled");
    assert_eq!(act("fly").status, 404);
    assert_eq!(desk.act("/api/purchase_orders/999/issue").status, 404);
}

#[test]
fn a_customers_own_order_does_not_count_as_sent_by_us() {
    let desk = desk();
    let mut body = order("OWN-1", "V1");
    body["requisition"] = json!(1);
    let id = desk.coupa.enter(Kind::OrderHeader, body).expect("entered");
    assert_eq!(desk.coupa.order_by_number("OWN-1").map(|order| order.status), Some("issued".to_owned()));
    assert!(desk.coupa.unknown_attributes().is_empty());
    assert!(desk.coupa.set(Kind::OrderHeader, id, "po-number", json!("OWN-2")));
    assert!(desk.coupa.order_by_number("OWN-2").is_some());
    assert!(desk.coupa.delete(Kind::OrderHeader, id));
    assert!(desk.coupa.order_by_number("OWN-2").is_none());
    assert_eq!(desk.get(&format!("/api/purchase_orders/{id}")).status, 404);
}

#[test]
fn open_points_are_switches() {
    let desk = desk();
    desk.coupa.configure(|settings| {
        settings.created_order_status = "issued";
        settings.soft_closed_status = "closed";
        settings.cancelled_status = "canceled";
        settings.reopen_needs_reason = false;
        settings.refuse_inactive_suppliers = true;
    });
    let created = desk.post("/api/purchase_orders", &order("P1", "V1")).ok();
    assert_eq!(created.json["status"], "issued");
    let act = |action: &str| desk.act(&format!("/api/purchase_orders/{}/{action}", created.id()));
    assert_eq!(act("close").ok().json["status"], "closed");
    assert!(desk.coupa.hard_closed_orders().is_empty(), "the first close is soft whatever it is called");
    assert_eq!(act("reopen").ok().json["status"], "issued");
    assert_eq!(act("cancel").ok().json["status"], "canceled");
    desk.put("/api/suppliers/1", &json!({ "status": "inactive" })).ok();
    desk.post("/api/purchase_orders", &order("P2", "V1")).refused("Supplier is not active");
}
