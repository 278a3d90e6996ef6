use crate::client::{Client, credentials, logged_in, refusal};
use http::Method;
use simulators::sap::{DocumentKind, DocumentSpec, Fault, FaultKind, Refusal, SupplierSpec};
use simulators::serve::Delivery;
use std::time::Duration;

fn client(version: &'static str) -> Client {
    let client = logged_in(version);
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    client
}

#[test]
fn errors_of_every_kind() {
    for (version, code) in [("v1", "\"code\" : 305"), ("v2", "\"code\" : \"305\"")] {
        let client = client(version);
        client.sap.inject(Fault::switch_company());
        let response = client.get("/PurchaseOrders");
        assert_eq!(response.status(), 500);
        assert!(String::from_utf8_lossy(response.body()).contains(code));
        assert_eq!(client.get("/PurchaseOrders").status(), 200, "once");
    }
    let client = client("v2");
    client.sap.inject(Fault::bad_gateway());
    let response = client.get("/PurchaseOrders");
    assert_eq!(response.status(), 502);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    client.sap.inject(Fault::empty_error());
    let response = client.get("/PurchaseOrders");
    assert_eq!((response.status().as_u16(), response.body().len()), (500, 0));
}

#[test]
fn faults_meet_only_what_they_name() {
    let client = client("v2");
    client.sap.inject(Fault::bad_gateway().on(Method::GET).at("/PurchaseOrders").after(1).times(2));
    let statuses = |path: &str| client.get(path).status().as_u16();
    assert_eq!(statuses("/PurchaseInvoices"), 200);
    assert_eq!(client.post("/PurchaseOrders(1)/Close", "").status(), 404);
    let seen: Vec<_> = (0..4).map(|_| statuses("/PurchaseOrders")).collect();
    assert_eq!(seen, [200, 502, 502, 200]);
}

#[test]
fn logins_are_refused_for_a_while() {
    let client = client("v2");
    let end = "2026-11-23T10:00:00Z".parse().unwrap();
    let down = FaultKind::Refuse(Refusal { status: 401, code: 100_000_027, message: "no".to_owned() });
    client.sap.inject(Fault::new(down).at("/Login").until(end));
    for _ in 0..3 {
        assert_eq!(client.post("/Login", &credentials("correct horse")).status(), 401);
    }
    client.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(client.post("/Login", &credentials("correct horse")).status(), 200);
}

#[test]
fn the_work_is_done_though_the_reply_is_lost() {
    let client = client("v2");
    let create = |code: &str| {
        let body = format!(r#"{{"CardCode":"{code}"}}"#);
        client.request(Method::POST, "/BusinessPartners", &[], &body)
    };
    client.sap.inject(Fault::new(FaultKind::DropAfterWork));
    assert_eq!(create("V2").then, Delivery::DropConnection);
    client.sap.inject(Fault::new(FaultKind::DropBeforeWork));
    assert_eq!(create("V3").then, Delivery::DropConnection);
    client.sap.inject(Fault::new(FaultKind::Truncate(10)));
    assert_eq!(create("V4").then, Delivery::Truncate(10));
    client.sap.inject(Fault::new(FaultKind::Delay(Duration::from_secs(90))));
    assert_eq!(create("V5").delay, Duration::from_secs(90));
    client.sap.inject(Fault::new(FaultKind::Garble));
    let reply = create("V6");
    assert!(serde_json::from_slice::<serde_json::Value>(reply.response.body()).is_err());
    assert_eq!(client.sap.supplier_codes(), ["V1", "V2", "V4", "V5", "V6"]);
}

#[test]
fn settings_delay_every_answer() {
    let client = client("v2");
    client.sap.configure(|settings| {
        settings.delay = Duration::from_millis(200);
        settings.login_delay = Duration::from_secs(5);
    });
    assert_eq!(client.request(Method::GET, "/PurchaseOrders", &[], "").delay, Duration::from_millis(200));
    let login = client.request(Method::POST, "/Login", &[], &credentials("correct horse"));
    assert_eq!(login.delay, Duration::from_secs(5));
}

#[test]
fn members_can_be_made_wrong() {
    let client = client("v2");
    let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
    client.sap.add_purchase_order(spec).unwrap();
    client.sap.plant(DocumentKind::Order, 1, "DocDate", "\"not-a-date\"").unwrap();
    client.sap.plant(DocumentKind::Order, 1, "DocTotal", "1e400").unwrap();
    assert!(client.sap.plant(DocumentKind::Order, 1, "Nonsense", "1").is_err());
    let body = client.get("/PurchaseOrders(1)?$select=DocDate,DocTotal").into_body();
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("\"DocDate\":\"not-a-date\",\"DocTotal\":1e400"), "{text}");
}

#[test]
fn errors_may_carry_details() {
    let client = client("v2");
    client.sap.configure(|settings| settings.error_details = true);
    let response = client.get("/PurchaseOrders(1)");
    assert_eq!(refusal(&response), (404, "-2028".to_owned()));
    assert!(crate::client::parse(&response)["error"]["details"].is_array());
}

#[test]
fn everything_is_logged() {
    let client = client("v2");
    client.get("/PurchaseOrders?$top=1");
    client.get("/PurchaseOrders(1)");
    let log = client.sap.requests();
    let shown: Vec<_> =
        log.iter().map(|one| format!("{} {} {}", one.method, one.path_and_query, one.status)).collect();
    assert_eq!(
        shown,
        [
            "POST /b1s/v2/Login 200",
            "GET /b1s/v2/PurchaseOrders?$top=1 200",
            "GET /b1s/v2/PurchaseOrders(1) 404"
        ]
    );
    assert_eq!(client.sap.request_count(), 3);
}
