use crate::desk::{Desk, order};
use serde_json::json;
use simulators::coupa::{ErrorShape, Kind};

#[test]
fn the_companys_reference_data_is_there() {
    let mut desk = Desk::new();
    desk.coupa.configure(|settings| {
        for client in settings.clients.values_mut() {
            client.scopes.insert("core.user.read".to_owned());
        }
    });
    desk.renew();
    for (target, expected) in [
        (
            "/api/payment_terms?code=Net+30&fields=[\"days_for_net_payment\"]",
            json!([{ "days-for-net-payment": 30 }]),
        ),
        ("/api/currencies?code=EUR&fields=[\"code\"]", json!([{ "code": "EUR" }])),
        ("/api/uoms?code=pcs&fields=[\"name\"]", json!([{ "name": "Piece" }])),
        ("/api/addresses?location_code=01&fields=[\"name\"]", json!([{ "name": "Hamburg Main" }])),
        ("/api/account_types?name=Main+COA&fields=[\"id\"]", json!([{ "id": 1 }])),
        (
            "/api/accounts?segment_1=610000&account_type[name]=Main+COA&fields=[\"code\"]",
            json!([{ "code": "610000" }]),
        ),
        ("/api/tax_codes?code=I19&fields=[\"percentage\"]", json!([{ "percentage": "19.00" }])),
        (
            "/api/users?email=buyer@acme.example&fields=[\"login\"]",
            json!([{ "login": "buyer@acme.example" }]),
        ),
        ("/api/departments", json!([])),
    ] {
        assert_eq!(desk.get(target).json, expected, "{target}");
    }
}

#[test]
fn an_accounts_code_is_computed() {
    let desk = Desk::new();
    let chart = json!({ "name": "Main COA" });
    desk.post("/api/accounts", &json!({ "account-type": chart }))
        .refused("Segment 1 - Account can't be blank");
    let made = desk
        .post(
            "/api/accounts",
            &json!({ "account-type": chart, "segment-1": "7", "segment-2": "B", "code": "X" }),
        )
        .ok();
    assert_eq!(made.json["code"], "7-B");
    let path = format!("/api/accounts/{}", made.id());
    assert_eq!(desk.put(&path, &json!({ "code": "Y" })).ok().json["code"], "7-B");
    desk.post("/api/accounts", &json!({ "account-type": chart, "segment-1": "7", "segment-2": "B" }))
        .refused("taken");
    desk.post("/api/accounts", &json!({ "account-type": { "name": "X" }, "segment-1": "7" }))
        .refused("AccountType");
}

#[test]
fn accounts_are_made_on_demand_only_in_a_dynamic_chart() {
    let desk = Desk::new();
    desk.supplier("V1");
    let before = desk.coupa.count(Kind::Account);
    desk.order("P1", "V1");
    desk.order("P2", "V1");
    assert_eq!(desk.coupa.count(Kind::Account), before + 1);
    desk.coupa.configure(|settings| settings.dynamic_accounts = false);
    desk.order("P3", "V1");
    let mut body = order("P4", "V1");
    body["order-lines"][0]["account"]["segment-2"] = json!("HR");
    desk.post("/api/purchase_orders", &body).refused("Unable to find valid Account record for account");
    body["order-lines"][0]["account"] = json!({ "code": "100000" });
    desk.post("/api/purchase_orders", &body).refused("Unable to find valid Account");
}

#[test]
fn lookup_values_point_at_a_lookup() {
    let desk = Desk::new();
    let body = json!({ "name": "Line A", "external-ref-num": "LOB-A", "lookup": { "name": "x" } });
    desk.post("/api/lookup_values", &body).refused("Unable to find valid Lookup record for lookup with keys {\\\"name\\\"=>\\\"x\\\"}. Possible keys are [\\\"id\\\", \\\"name\\\"]. Please verify your xml.");
    desk.coupa.add(Kind::Lookup, &json!({ "name": "x" }));
    let made = desk.post("/api/lookup_values", &body).ok();
    assert_eq!((made.status, made.json["external-ref-code"].as_str()), (201, Some("LOB-A")));
}

#[test]
fn a_written_address_is_answered_with_underscores() {
    let desk = Desk::new();
    let answer = desk
        .post(
            "/api/addresses",
            &json!({ "location-code": "W9", "street1": "1", "city": "Ulm", "postal-code": "1",
                                         "country": { "code": "DE" } }),
        )
        .ok();
    assert_eq!(
        (answer.json["location_code"].as_str(), answer.json["country"].as_str()),
        (Some("W9"), Some("DE"))
    );
    assert!(answer.json["country_id"].is_u64());
    assert_eq!(desk.post("/api/currencies", &json!({ "code": "SEK" })).status, 405);
}

#[test]
fn runs_and_errors_report_back() {
    let desk = Desk::new();
    desk.post("/api/integration_runs", &json!({ "integration": { "code": "X" } }))
        .refused("Integration record");
    let run = desk.post("/api/integration_runs", &json!({ "integration": { "code": "SAPB1" } })).ok();
    assert_eq!(run.json["status"], "pending");
    let path = format!("/api/integration_runs/{}", run.id());
    let started = desk.put(&format!("{path}/run"), &json!({ "total_records": 12 })).ok();
    assert_eq!(
        (started.json["status"].as_str(), started.json["total-records"].as_i64()),
        (Some("started"), Some(12))
    );
    assert_eq!(desk.act(&format!("{path}/success")).ok().json["status"], "successful");
    let mut body = json!({ "integration-run-id": run.id(), "document-type": "InvoiceHeader", "document-id": 4835,
        "document-status": "approved", "contact-alert-type": "Functional", "status": "Error",
        "responses": [{ "response-code": "B1-5002", "response-message": "Posting period closed" }] });
    let error = desk.post("/api/integration_errors/create_alert", &body).ok();
    assert_eq!((error.status, error.json["resolved"].as_bool()), (201, Some(false)));
    let open =
        "/api/integration_errors?resolved=false&document-type=InvoiceHeader&document-id=4835&fields=[\"id\"]";
    assert_eq!(desk.get(open).json, json!([{ "id": error.id() }]));
    desk.coupa.configure(|settings| settings.resolve_answers_list = true);
    assert!(desk.act(&format!("/api/integration_errors/{}/resolve", error.id())).ok().json.is_array());
    assert_eq!(desk.get(open).json, json!([]));
    body["contact-alert-type"] = json!("Loud");
    desk.post("/api/integration_history_records", &body).refused("Contact Alert Type");
    assert!(desk.coupa.unknown_attributes().is_empty() && desk.coupa.read_only_sent().is_empty());
}

#[test]
fn errors_come_in_all_shapes_that_clients_have_met() {
    let desk = Desk::new();
    let ask = |shape| {
        desk.coupa.configure(|settings| settings.error_shape = shape);
        let answer = desk.post("/api/payment_terms", &json!({}));
        assert_eq!(answer.status, 400);
        answer
    };
    let message = "Code can't be blank";
    assert_eq!(ask(ErrorShape::Object).json, json!({ "errors": { "payment_term": [message] } }));
    assert_eq!(ask(ErrorShape::List).json, json!({ "errors": [message] }));
    assert_eq!(ask(ErrorShape::Text).json, json!({ "errors": message }));
    assert_eq!(
        ask(ErrorShape::Wrapped).json,
        json!({ "errors": { "request": [{ "errors": { "payment_term": [message] } }] } })
    );
    assert!(ask(ErrorShape::Xml).text.ends_with("<errors><error>Code can't be blank</error></errors>"));
    assert!(ask(ErrorShape::XmlWithCdata).text.contains("<error><![CDATA[Code can't be blank]]></error>"));
}
