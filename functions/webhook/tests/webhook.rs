//! Requests as an HTTP API hands them over.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use functions::testing::{Steps, World};
use hmac::{Hmac, Mac};
use model::{Clock as _, Code, ObjectKind};
use pipeline::receive::{Hash, ReadAgain, Scheme, Webhook};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use store::Queue as _;

const TOKEN: &str = "5ac18923-cfce-40d3-a31e-7154ca4d5191";
const EVENTS: &str = r#"[{"id":"1","source":"/default/sap.b1/SBODEMO_ACME","type":"sap.b1.PurchaseInvoices.Created.v1","data":{"DocEntry":"2301"}}]"#;

fn webhook(world: &World) -> Webhook {
    Webhook {
        company: world.company(),
        objects: ObjectKind::ALL.into_iter().collect(),
        scheme: Scheme::Hmac(Hash::Sha256),
        keys: vec![Arc::new(SecretString::from("s3cret"))],
        queue: Arc::clone(&world.store) as _,
        clock: Arc::new(world.time.clone()),
        random: Arc::new(Steps::default()),
        read_again_at: ReadAgain::default(),
    }
}

fn signature(signed: &str) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap().chain_update(signed);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn request(method: &str, headers: &Value, body: &Value, encoded: bool) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/sap/events",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": "/sap/events",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "SAP",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000_i64,
        },
        "body": body,
        "isBase64Encoded": encoded,
    })
}

async fn answer(world: &World, request: Value) -> (Value, Value) {
    let answer =
        webhook::handle(&webhook(world), &world.figures(), request, world.deadline(10)).await.unwrap();
    (answer["statusCode"].clone(), answer["body"].clone())
}

async fn queued(world: &World) -> usize {
    let visibility = jiff::SignedDuration::from_mins(1);
    world.store.receive(10, visibility, world.time.now()).await.unwrap().len()
}

#[tokio::test]
async fn the_handshake() {
    let world = World::new();
    let headers = json!({"x-b1-webhook-token": TOKEN, "x-b1-webhook-signature": signature(TOKEN)});
    let (status, body) = answer(&world, request("GET", &headers, &Value::Null, false)).await;
    assert_eq!((status, body), (json!(200), json!(format!(r#"{{"Challenge":"{TOKEN}"}}"#))));
}

#[tokio::test]
async fn events_are_enqueued_however_the_body_is_wrapped() {
    for (body, encoded) in [(EVENTS.to_owned(), false), (STANDARD.encode(EVENTS), true)] {
        let world = World::new();
        let headers =
            json!({"x-b1-webhook-signature": signature(EVENTS), "content-type": "application/json"});
        let (status, body) = answer(&world, request("POST", &headers, &json!(body), encoded)).await;
        assert_eq!((status, body), (json!(200), json!("{}")));
        assert_eq!(queued(&world).await, 1);
        assert_eq!(world.lines.with("WebhookChanges")[0]["Object"], "invoices");
    }
}

#[tokio::test]
async fn a_forged_body_is_refused_and_counted() {
    let world = World::new();
    let headers = json!({"x-b1-webhook-signature": signature("[]")});
    let (status, body) = answer(&world, request("POST", &headers, &json!(EVENTS), false)).await;
    assert_eq!((status, body), (json!(401), json!("{}")));
    assert_eq!((queued(&world).await, world.lines.with("WebhookRefused").len()), (0, 1));
    let (status, _) = answer(&world, request("POST", &headers, &json!("no base64!"), true)).await;
    assert_eq!(status, json!(400));
}

#[tokio::test]
async fn an_event_of_another_source_is_a_coded_error() {
    let world = World::new();
    for event in [json!({}), json!({"Records": []}), json!({"version": "1.0", "httpMethod": "GET"})] {
        let failed = webhook::handle(&webhook(&world), &world.figures(), event, world.deadline(10)).await;
        assert_eq!(failed.unwrap_err().code, Code::EventForeign);
    }
}
