//! Takes in what SAP tells over an HTTP API, and enqueues the keys.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use functions::{Deadline, Figures};
use model::{Code, Failure};
use pipeline::receive::{Answer, Call, Taken, Webhook};
use serde_json::{Value, json};
use std::time::Duration;
use telemetry::{About, Metric};

/// What the queue has not taken by then is answered with a 503, so that SAP sends it again.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Works on one event: a request as API Gateway hands it over, in its format 2.0.
pub async fn handle(
    webhook: &Webhook,
    figures: &Figures,
    event: Value,
    deadline: Deadline,
) -> Result<Value, Failure> {
    if event.get("version").and_then(Value::as_str) != Some("2.0") {
        let message = "a request of an HTTP API in format 2.0 is expected";
        return Err(Failure::new(Code::EventForeign, message));
    }
    let request: ApiGatewayV2httpRequest =
        serde_json::from_value(event).map_err(|error| Failure::new(Code::EventForeign, error.to_string()))?;
    let Some(body) = body(&request) else { return Ok(response(&refused(400))) };
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let call = Call {
        method: request.request_context.http.method.as_str(),
        token: header("x-b1-webhook-token"),
        signature: header("x-b1-webhook-signature"),
        authorization: header("authorization"),
        body: &body,
    };
    let answered = deadline.earlier(LAST_MOMENT).bound(webhook.clock.as_ref(), webhook.receive(&call)).await;
    let (answer, taken) = answered.unwrap_or_else(|| {
        tracing::error!("the queue did not take what SAP sent in time; SAP is asked to send it again");
        (refused(503), Taken::default())
    });
    tell(figures, &answer, &taken);
    Ok(response(&answer))
}

fn body(request: &ApiGatewayV2httpRequest) -> Option<Vec<u8>> {
    let text = request.body.as_deref().unwrap_or_default();
    if request.is_base64_encoded { STANDARD.decode(text).ok() } else { Some(text.as_bytes().to_vec()) }
}

fn refused(status: u16) -> Answer {
    Answer { status, body: "{}".to_owned() }
}

fn response(answer: &Answer) -> Value {
    json!({
        "statusCode": answer.status,
        "headers": {"content-type": "application/json"},
        "body": answer.body,
        "isBase64Encoded": false,
    })
}

fn tell(figures: &Figures, answer: &Answer, taken: &Taken) {
    for (kind, changes) in &taken.changes {
        let changes = u64::try_from(*changes).unwrap_or(u64::MAX);
        figures.put(About::Object(*kind), Metric::WebhookChanges, changes);
    }
    if taken.refused {
        figures.put(About::Company, Metric::WebhookRefused, 1);
    }
    taken.log(answer.status);
}
