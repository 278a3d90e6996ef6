use crate::client::{credentials, logged_in, parse, refusal, stranger};
use std::time::Duration;

#[test]
fn login_answers_as_sap_does() {
    for (version, member, context) in [
        ("v1", "odata.metadata", "https://sap.example:50000/b1s/v1/$metadata#B1Sessions/@Element"),
        ("v2", "@odata.context", "https://sap.example:50000/b1s/v2/$metadata#B1Sessions/$entity"),
    ] {
        let client = stranger(version);
        let response = client.post("/Login", &credentials("correct horse"));
        let json = parse(&response);
        assert_eq!(json[member], context);
        assert_eq!(json["SessionTimeout"], 30);
        let id = json["SessionId"].as_str().unwrap();
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, [format!("B1SESSION={id};HttpOnly;").as_str(), "ROUTEID=.node1; path=/b1s"]);
        assert_eq!(client.sap.logins(), 1);
    }
}

#[test]
fn headers_tell_the_version() {
    let response = stranger("v1").post("/Login", &credentials("correct horse"));
    assert_eq!(response.headers()["content-type"], "application/json;odata=minimalmetadata;charset=utf-8");
    assert_eq!(response.headers()["dataserviceversion"], "3.0");
    let response = stranger("v2").post("/Login", &credentials("correct horse"));
    assert_eq!(response.headers()["content-type"], "application/json;odata.metadata=minimal;charset=utf-8");
    assert_eq!(response.headers()["odata-version"], "4.0");
}

#[test]
fn without_a_session_nothing_is_told() {
    for path in ["/PurchaseOrders", "/login", "/NoSuchThing"] {
        let client = stranger("v1");
        let response = client.get(path);
        let json = parse(&response);
        assert_eq!(response.status(), 401);
        assert_eq!(json["error"]["code"], 301, "v1 codes are numbers");
        let text = &json["error"]["message"]["value"];
        assert_eq!(text, "Invalid session or session already timeout.");
        let response = stranger("v2").get(path);
        let json = parse(&response);
        assert_eq!(json["error"]["code"], "301", "v2 codes are text");
        assert_eq!(json["error"]["message"], "Invalid session or session already timeout.");
    }
}

#[test]
fn a_session_ends_when_idle_and_lives_while_used() {
    let client = logged_in("v2");
    for _ in 0..5 {
        client.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(client.get("/PurchaseOrders").status(), 200);
    }
    assert_eq!(client.sap.live_sessions(), 1);
    client.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(client.refusal("/PurchaseOrders"), (401, "301".to_owned()));
    assert_eq!(client.sap.live_sessions(), 0);
}

#[test]
fn logout_ends_the_session() {
    let client = logged_in("v2");
    let response = client.post("/Logout", "");
    assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
    assert_eq!(client.refusal("/PurchaseOrders"), (401, "301".to_owned()));
}

#[test]
fn wrong_passwords_lock_the_user() {
    let client = stranger("v2");
    for _ in 0..5 {
        let response = client.post("/Login", &credentials("wrong"));
        assert_eq!(refusal(&response), (401, "100000027".to_owned()));
    }
    let response = client.post("/Login", &credentials("correct horse"));
    assert_eq!(refusal(&response), (401, "100000055".to_owned()));
    client.sap.unlock_user();
    assert_eq!(client.post("/Login", &credentials("correct horse")).status(), 200);
    assert_eq!((client.sap.logins(), client.sap.refused_logins()), (1, 6));
}

#[test]
fn a_right_password_forgives_the_wrong_ones() {
    let client = stranger("v2");
    for password in ["wrong", "wrong", "wrong", "correct horse", "wrong", "wrong", "correct horse"] {
        let expected = if password == "wrong" { 401 } else { 200 };
        assert_eq!(client.post("/Login", &credentials(password)).status(), expected);
    }
}

#[test]
fn sessions_can_be_made_to_expire_at_a_request() {
    let client = logged_in("v1");
    client.sap.expire_sessions_at(3);
    assert_eq!(client.get("/PurchaseOrders").status(), 200);
    assert_eq!(client.get("/PurchaseOrders").status(), 200);
    assert_eq!(client.get("/PurchaseOrders").status(), 401);
}

#[test]
fn expect_continue_is_an_empty_500() {
    let client = logged_in("v2");
    let reply = client.request(http::Method::POST, "/BusinessPartners", &[("expect", "100-continue")], "{}");
    assert_eq!((reply.response.status().as_u16(), reply.response.body().len()), (500, 0));
}
