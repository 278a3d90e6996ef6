//! What SAP's webhook sender does, through the API.

use crate::{Failure, emulator::Emulator, stack::Stack};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use wire::{HttpTransport, Limits, Transport};

pub(crate) const KEY: &str = "webhook-test-key-0123456789abcdef";

/// The way to the webhook function.
pub(crate) struct Sender {
    url: String,
    transport: HttpTransport,
    runtime: tokio::runtime::Runtime,
}

impl Sender {
    /// The emulator serves APIs under a path of its own, not under the host name that the stack's output has.
    pub(crate) fn new(emulator: &Emulator, stack: &Stack) -> Result<Self, Failure> {
        let url = stack.output("WebhookUrl")?.to_owned();
        let rest = url.strip_prefix("https://").and_then(|rest| rest.split_once('.'));
        let path = url.rsplit_once(".com").map(|(_, path)| path);
        let ((api, _), Some(path)) = (rest.ok_or_else(|| Failure::new(format!("{url} is no URL")))?, path)
        else {
            return Err(Failure::new(format!("{url} has no path")));
        };
        Ok(Self {
            url: format!("{}/_aws/execute-api/{api}/$default{path}", emulator.address()),
            transport: HttpTransport::loopback().map_err(|error| Failure::new(error.to_string()))?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// The handshake; what was answered.
    pub(crate) fn handshake(&self, token: &str) -> Result<(u16, Value), Failure> {
        let request = http::Request::get(&self.url).header("X-B1-Webhook-Token", token);
        self.send(request, token.as_bytes(), Bytes::new(), KEY)
    }

    /// A change of an order, signed with this key; what was answered.
    pub(crate) fn order_changed(&self, entry: i64, key: &str) -> Result<(u16, Value), Failure> {
        let event = serde_json::json!([{
            "id": format!("5ac18923-cfce-40d3-a31e-{entry:012}"), "specversion": "1.0",
            "source": "/default/sap.b1/SBODEMO_ACME", "type": "sap.b1.PurchaseOrders.Created.v1",
            "subject": entry.to_string(), "time": "2026-11-10T23:10:22.917Z",
            "datacontenttype": "application/json", "data": {"DocEntry": entry.to_string()},
        }]);
        let body = Bytes::from(event.to_string());
        let request = http::Request::post(&self.url).header("Content-Type", "application/json");
        self.send(request, &body.clone(), body, key)
    }

    fn send(
        &self,
        request: http::request::Builder,
        signed: &[u8],
        body: Bytes,
        key: &str,
    ) -> Result<(u16, Value), Failure> {
        let signature = STANDARD.encode(hmac_sha256(key.as_bytes(), signed));
        let request = request.header("X-B1-Webhook-Signature", signature).body(body)?;
        let limits = Limits { timeout: Duration::from_secs(20), max_body_bytes: 1 << 20 };
        let answer = self.runtime.block_on(self.transport.send(request, limits));
        let answer = answer.map_err(|error| Failure::new(error.to_string()))?;
        let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        Ok((answer.status().as_u16(), body))
    }
}

/// By hand, from RFC 2104: the product's own must not judge itself.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}
