use crate::desk::{Answer, Desk, supplier};
use bytes::Bytes;
use http::Method;
use serde_json::json;
use simulators::coupa::{Effect, Fault, Kind};
use simulators::serve::Delivery;
use std::time::Duration;

fn create(desk: &Desk, number: &str) -> simulators::serve::Reply {
    desk.reply(Method::POST, "/api/suppliers", Bytes::from(supplier(number).to_string()))
}

fn plan(desk: &Desk, effect: Effect) {
    desk.coupa.plan(Fault::on(Method::POST, "/api/suppliers", effect));
}

#[test]
fn faults_before_the_commit_change_nothing() {
    let desk = Desk::new();
    plan(&desk, Effect::TooManyRequests { retry_after_seconds: Some(3) });
    let reply = create(&desk, "V1");
    assert_eq!(
        (reply.response.status().as_u16(), &reply.response.headers()["retry-after"]),
        (429, &"3".parse().expect("a value"))
    );
    plan(&desk, Effect::FailBefore(503));
    assert_eq!(create(&desk, "V1").response.status(), 503);
    plan(&desk, Effect::Html(502));
    assert!(Answer::of(create(&desk, "V1")).text.starts_with("<html>"));
    plan(&desk, Effect::DropBefore);
    assert_eq!(create(&desk, "V1").then, Delivery::DropConnection);
    plan(&desk, Effect::Refuse { object: "supplier".to_owned(), message: "Tax Id is invalid".to_owned() });
    Answer::of(create(&desk, "V1")).refused("Tax Id is invalid");
    assert_eq!(desk.coupa.count(Kind::Supplier), 0);
    assert!(desk.coupa.faults_left().is_empty());
}

#[test]
fn faults_after_the_commit_keep_what_was_done() {
    let desk = Desk::new();
    plan(&desk, Effect::LoseReply);
    assert_eq!(create(&desk, "V1").then, Delivery::DropConnection);
    plan(&desk, Effect::FailAfter(502));
    assert_eq!(create(&desk, "V2").response.status(), 502);
    plan(&desk, Effect::Truncate(10));
    assert_eq!(create(&desk, "V3").then, Delivery::Truncate(10));
    plan(&desk, Effect::MalformedJson);
    let broken = Answer::of(create(&desk, "V4"));
    assert!(broken.status == 201 && broken.json.is_null() && broken.text.starts_with('{'));
    plan(&desk, Effect::Delay(Duration::from_secs(9)));
    assert_eq!(create(&desk, "V5").delay, Duration::from_secs(9));
    assert_eq!(desk.coupa.count(Kind::Supplier), 5);
}

#[test]
fn a_fault_meets_only_the_requests_that_it_names() {
    let desk = Desk::new();
    let fault = Fault::on(Method::PUT, "/api/suppliers/", Effect::FailBefore(500)).after(1).times(2);
    desk.coupa.plan(fault.containing("\"duns\""));
    let id = desk.supplier("V1");
    let put = |body| desk.put(&format!("/api/suppliers/{id}"), &body).status;
    assert_eq!(put(json!({ "on-hold": true })), 200);
    assert_eq!(
        [put(json!({ "duns": "1" })), put(json!({ "duns": "2" })), put(json!({ "duns": "3" }))],
        [200, 500, 500]
    );
    assert_eq!(put(json!({ "duns": "4" })), 200);
    desk.coupa.plan(Fault::next(Effect::FailBefore(500)).ending("/submit"));
    assert_eq!(desk.get("/api/suppliers").status, 200);
    assert_eq!(desk.act("/api/invoices/1/submit").status, 500);
}

#[test]
fn revoked_tokens_need_a_new_one() {
    let mut desk = Desk::new();
    plan(&desk, Effect::RevokeTokens);
    assert_eq!(create(&desk, "V1").response.status(), 401);
    assert_eq!(create(&desk, "V1").response.status(), 401);
    desk.renew();
    assert_eq!(create(&desk, "V1").response.status(), 201);
    assert_eq!(desk.coupa.tokens_minted(), 2);
}

#[test]
fn a_late_request_takes_effect_after_its_sender_gave_up() {
    let desk = Desk::new();
    let late = Effect::LateArrival { applied_after: Duration::from_secs(40), hang: Duration::from_secs(30) };
    plan(&desk, late.clone());
    let reply = create(&desk, "V1");
    assert_eq!((reply.delay, reply.then), (Duration::from_secs(30), Delivery::DropConnection));
    desk.clock.advance(Duration::from_secs(39));
    assert_eq!(desk.get("/api/suppliers?number=V1").json, json!([]));
    desk.clock.advance(Duration::from_secs(5));
    let found = desk.get("/api/suppliers?number=V1").ok();
    assert_eq!(
        found.json[0]["created-at"], "2026-11-02T09:15:40-08:00",
        "when it arrived, not when it was seen"
    );
    plan(&desk, late);
    create(&desk, "V2");
    desk.coupa.let_late_requests_arrive();
    assert!(desk.coupa.supplier_by_number("V2").is_some());
}
