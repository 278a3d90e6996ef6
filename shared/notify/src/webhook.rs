use crate::{ChannelError, Message};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{fmt, sync::Arc, time::Duration};
use wire::{BaseUrl, HttpTransport, Limits, Request, Roots, Tls, Transport};

/// The answer needs no body; one that is longer than this is no answer to us.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(15), max_body_bytes: 1_000_000 };

/// Posts signed JSON to one address.
pub struct Webhook {
    transport: Arc<dyn Transport>,
    url: BaseUrl,
    key: SecretString,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("origin", &self.url.origin()).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Speaks to nobody yet. Signs with `key`.
    pub fn new(url: BaseUrl, key: SecretString) -> Result<Self, ChannelError> {
        let transport = match url.scheme() {
            "http" => HttpTransport::loopback(),
            _ => HttpTransport::new(&Tls::Roots(Roots::System)),
        };
        let transport = transport.map_err(|error| ChannelError::Setup(error.to_string()))?;
        Ok(Self { transport: Arc::new(transport), url, key })
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        self.post(&message.json, message.at).await
    }

    pub(crate) async fn check(&self, company: &str, now: Timestamp) -> Result<(), ChannelError> {
        self.post(&json!({"kind": "check", "at": now, "company": company}), now).await
    }

    async fn post(&self, body: &Value, now: Timestamp) -> Result<(), ChannelError> {
        let request = self.request(body, now)?;
        let origin = || self.url.origin();
        match self.transport.send(request, LIMITS).await {
            Ok(reply) if reply.status().is_success() => Ok(()),
            Ok(reply) => Err(ChannelError::Status { origin: origin(), status: reply.status().as_u16() }),
            Err(error) => Err(ChannelError::NoAnswer { origin: origin(), reason: error.to_string() }),
        }
    }

    fn request(&self, body: &Value, now: Timestamp) -> Result<Request, ChannelError> {
        let (body, seconds) = (body.to_string(), now.as_second());
        let unusable = |reason: String| ChannelError::Setup(reason);
        let signature = signature(self.key.expose_secret(), seconds, &body).map_err(unusable)?;
        http::Request::post(self.url.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header("X-B1-Coupa-Timestamp", seconds)
            .header("X-B1-Coupa-Signature", signature)
            .body(Bytes::from(body))
            .map_err(|error| unusable(error.to_string()))
    }
}

/// Over the moment too, so that whoever hears it again much later can tell.
fn signature(key: &str, seconds: i64, body: &str) -> Result<String, String> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    let mac = mac.chain_update(format!("{seconds}.{body}"));
    Ok(format!("v1={:x}", mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_moment_and_body() {
        // echo -n '1795694400.{"kind":"check"}' | openssl dgst -sha256 -hmac 'a key'
        let signed = signature("a key", 1_795_694_400, r#"{"kind":"check"}"#).unwrap();
        assert_eq!(signed, "v1=bff9ebe6fa05c49bd81a3f7b6aa9c983765b37a72f1d4ab404472eb249b46645");
        assert_ne!(signature("a key", 1_795_694_401, r#"{"kind":"check"}"#).unwrap(), signed);
    }

    #[test]
    fn neither_key_nor_path_is_shown() {
        let url = wire::check_url("https://hooks.acme.example/T0/very-secret").unwrap();
        let webhook = Webhook::new(url, SecretString::from("geheim")).unwrap();
        let text = format!("{webhook:?}");
        assert!(text.contains("hooks.acme.example") && !text.contains("secret"), "{text}");
        assert!(!text.contains("geheim"));
    }
}
