//! One HTTPS request, with nothing but a socket: what SAP's messenger sends must not depend on the product's own client.

use super::{Authentication, Delivered};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use sha2::{Sha256, Sha384, Sha512};
use std::{
    error::Error,
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

/// `WebhookRequestTimeout`
const TIMEOUT: Duration = Duration::from_secs(10);

type Failed = Box<dyn Error + Send + Sync>;

/// `GET` with a token, which must come back.
pub(super) fn shakes_hands(url: &str, authentication: &Authentication, roots: &[u8], token: &str) -> bool {
    let headers = format!("X-B1-Webhook-Token: {token}\r\n{}", proof(authentication, token.as_bytes()));
    let Ok((200, body)) = call("GET", url, &headers, b"", roots) else { return false };
    serde_json::from_slice::<serde_json::Value>(&body).is_ok_and(|answer| answer["Challenge"] == token)
}

/// `POST` with events.
pub(super) fn post(url: &str, authentication: &Authentication, roots: &[u8], body: &[u8]) -> Delivered {
    let headers = format!("Content-Type: application/json\r\n{}", proof(authentication, body));
    match call("POST", url, &headers, body, roots) {
        Ok((200..=299, _)) => Delivered::Taken,
        Ok((408 | 429 | 500..=599, _)) | Err(_) => Delivered::TryAgain,
        Ok(_) => Delivered::Refused,
    }
}

/// The header that proves who is calling, with its line break.
fn proof(authentication: &Authentication, signed: &[u8]) -> String {
    match authentication {
        Authentication::None => String::new(),
        Authentication::Basic { user, password } => {
            format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
        }
        Authentication::Hmac { key, algorithm } => {
            format!("X-B1-Webhook-Signature: {}\r\n", signature(key, algorithm, signed))
        }
    }
}

/// In Base64.
pub(super) fn signature(key: &str, algorithm: &str, signed: &[u8]) -> String {
    let key = key.as_bytes();
    let signature = match algorithm.to_lowercase().as_str() {
        "hmacsha512" => Hmac::<Sha512>::new_from_slice(key)
            .map(|mac| STANDARD.encode(mac.chain_update(signed).finalize().into_bytes())),
        "hmacsha384" => Hmac::<Sha384>::new_from_slice(key)
            .map(|mac| STANDARD.encode(mac.chain_update(signed).finalize().into_bytes())),
        _ => Hmac::<Sha256>::new_from_slice(key)
            .map(|mac| STANDARD.encode(mac.chain_update(signed).finalize().into_bytes())),
    };
    signature.unwrap_or_default()
}

fn call(method: &str, url: &str, headers: &str, body: &[u8], roots: &[u8]) -> Result<(u16, Vec<u8>), Failed> {
    let rest = url.strip_prefix("https://").ok_or("not https")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
    let stream = TcpStream::connect((host, port.parse::<u16>()?))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let connection = ClientConnection::new(Arc::new(config(roots)?), ServerName::try_from(host.to_owned())?)?;
    let mut stream = StreamOwned::new(connection, stream);
    let path = if path.is_empty() { "/" } else { path };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    stream.flush()?;
    let mut reply = Vec::new();
    // Some servers close without TLS's own farewell.
    let read = stream.read_to_end(&mut reply);
    if reply.is_empty() {
        read?;
    }
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no reply")?;
    let head = String::from_utf8_lossy(&reply[..end]).into_owned();
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, reply[end + 4..].to_vec()))
}

fn config(roots: &[u8]) -> Result<ClientConfig, Failed> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots) {
        store.add(certificate?)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}
