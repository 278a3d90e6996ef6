use crate::desk::{Answer, Desk};
use bytes::Bytes;
use http::{Method, Request};
use simulators::coupa::Negotiation;
use simulators::serve::Handler;
use std::time::Duration;

const GOOD: &str = "client_id=coupa-client&client_secret=coupa-secret&grant_type=client_credentials";

#[test]
fn a_token_is_long_lives_a_day_and_then_expires() {
    let desk = Desk::new();
    let answer = desk.ask_token(&format!("{GOOD}&scope=core.supplier.read+core.supplier.write")).ok();
    assert_eq!(answer.json["expires_in"], 86_399);
    assert_eq!(answer.json["token_type"], "bearer");
    assert_eq!(answer.json["scope"], "core.supplier.read core.supplier.write");
    let token = answer.json["access_token"].as_str().expect("text");
    assert!(token.len() > 1_000 && token.split('.').count() == 3, "{token}");
    desk.get("/api/suppliers").ok();
    desk.clock.advance(Duration::from_secs(86_399));
    assert_eq!(desk.get("/api/suppliers").status, 401);
}

#[test]
fn wrong_scopes_secrets_and_grants_are_refused() {
    let desk = Desk::new();
    let answer = desk.ask_token(&format!("{GOOD}&scope=core.supplier.read+core.pay.payments.write"));
    assert_eq!((answer.status, answer.json["error"].as_str()), (400, Some("invalid_scope")));
    let answer = desk.ask_token("client_id=coupa-client&client_secret=no&grant_type=client_credentials");
    assert_eq!((answer.status, answer.json["error"].as_str()), (401, Some("invalid_client")));
    desk.coupa.configure(|settings| settings.invalid_client_status = 400);
    assert_eq!(desk.ask_token("client_id=x&client_secret=no&grant_type=client_credentials").status, 400);
    let answer = desk.ask_token("client_id=coupa-client&client_secret=coupa-secret");
    assert_eq!(answer.json["error"], "unsupported_grant_type");
}

#[test]
fn basic_credentials_and_the_swagger_path_work_too() {
    let desk = Desk::new();
    let request = Request::post("/oauth2/access_tokens")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Basic Y291cGEtY2xpZW50OmNvdXBhLXNlY3JldA==")
        .body(Bytes::from("grant_type=client_credentials"))
        .expect("a request");
    Answer::of(desk.coupa.handle(request)).ok();
}

#[test]
fn a_fresh_token_is_not_live_at_once() {
    let mut desk = Desk::new();
    desk.coupa.configure(|settings| settings.token_warm_up = Duration::from_secs(5));
    desk.renew();
    assert_eq!(desk.get("/api/suppliers").status, 401);
    desk.clock.advance(Duration::from_secs(5));
    desk.get("/api/suppliers").ok();
    desk.coupa.revoke_tokens();
    assert_eq!(desk.get("/api/suppliers").status, 401);
}

#[test]
fn a_call_needs_its_scope() {
    let mut desk = Desk::new();
    let answer = desk.ask_token(&format!("{GOOD}&scope=core.invoice.read+core.invoice.create")).ok();
    answer.json["access_token"].as_str().expect("text").clone_into(&mut desk.token);
    desk.get("/api/invoices").ok();
    assert_eq!(desk.get("/api/suppliers").status, 403);
    assert_eq!(desk.act("/api/invoices/1/submit").status, 404, "create covers submit");
    assert_eq!(desk.act("/api/invoices/1/void").status, 403, "void needs delete");
}

#[test]
fn without_accept_the_answer_is_xml_and_nothing_found_is_404() {
    let desk = Desk::new();
    let ask = |target: &str, accept: Option<&str>, content: Option<&str>| {
        let mut request = Request::get(target).header("authorization", format!("Bearer {}", desk.token));
        for (name, value) in [("accept", accept), ("content-type", content)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        Answer::of(desk.coupa.handle(request.body(Bytes::new()).expect("a request")))
    };
    let json = Some("application/json");
    let answer = ask("/api/suppliers", None, json);
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("<errors><error>No results match your search criteria.</error></errors>"));
    let answer = ask("/api/currencies", None, json);
    assert!(answer.text.contains("<code>EUR</code>"), "{}", answer.text);
    assert_eq!(ask("/api/suppliers", json, json).text, "[]");
    assert_eq!(ask("/api/suppliers", json, None).status, 400);
    desk.coupa.configure(|settings| settings.negotiation = Negotiation::Lenient);
    assert_eq!(ask("/api/suppliers", None, None).text, "[]");
}

#[test]
fn over_the_limit_requests_are_held_then_refused() {
    let desk = Desk::with(|_| {});
    let ask = || desk.reply(Method::GET, "/api/suppliers", Bytes::new());
    for _ in 0..25 {
        assert_eq!(ask().delay, Duration::ZERO);
    }
    for _ in 0..20 {
        assert_eq!(ask().delay, Duration::from_secs(1));
    }
    let refused = ask();
    assert_eq!(refused.response.status(), 429);
    assert!(refused.response.headers().get("retry-after").is_none());
    desk.coupa.configure(|settings| settings.retry_after_seconds = Some(2));
    assert_eq!(ask().response.headers()["retry-after"], "2");
    assert_eq!(desk.coupa.answered(429), 2);
    assert_eq!(desk.coupa.most_requests_within(Duration::from_secs(1)), 47);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().response.status(), 200);
    desk.coupa.configure(|settings| settings.requests_per_second = None);
    for _ in 0..100 {
        assert_eq!(ask().response.status(), 200);
    }
}

#[test]
fn the_log_keeps_what_was_asked_but_no_secret() {
    let desk = Desk::new();
    desk.get("/api/suppliers?number=V1").ok();
    let log = desk.coupa.exchanges();
    assert_eq!(log.len(), 2, "the token and the question");
    assert!(log[0].body.is_empty());
    assert_eq!((log[1].target.as_str(), log[1].status), ("/api/suppliers?number=V1", 200));
    assert_eq!(log[1].headers["accept"], "application/json");
}
