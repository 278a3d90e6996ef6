//! As much of SQS as a function asks for that an event source mapping has invoked.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::Credentials;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use functions::testing::World;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use store::aws::{Aws, QueueUrls, SqsQueue};

/// What was asked, in order: the action and its input.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<(String, Value)>>>);

impl Asked {
    pub(crate) fn of(&self, action: &str) -> Vec<Value> {
        let asked = self.0.lock().unwrap();
        asked.iter().filter(|(one, _)| one == action).map(|(_, input)| input.clone()).collect()
    }
}

async fn answer(State(asked): State<Asked>, headers: HeaderMap, body: Bytes) -> String {
    let input: Value = serde_json::from_slice(&body).unwrap();
    let target = headers["x-amz-target"].to_str().unwrap();
    let action = target.rsplit('.').next().unwrap().to_owned();
    let entries = input["Entries"].as_array().cloned().unwrap_or_default();
    let successful: Vec<Value> = entries
        .iter()
        .map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""}))
        .collect();
    asked.0.lock().unwrap().push((action, input));
    json!({"MessageId": "m", "Successful": successful, "Failed": []}).to_string()
}

/// The queues of a stack, on a socket of this machine.
pub(crate) async fn queues(world: &World) -> (Arc<SqsQueue>, Asked) {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(&url)
        .load()
        .await;
    let of = |name: &str| format!("{url}/123456789012/{name}");
    let urls = QueueUrls { live: of("live"), backfill: of("backfill"), dead_letters: of("dead") };
    let clock = Arc::new(world.time.clone());
    let random = Arc::new(functions::testing::Steps::default());
    (Arc::new(SqsQueue::new(&Aws::new(config), urls, clock, random)), asked)
}
