use crate::{
    Limits, Request, Response, SpkiPin, Tls, TlsError, Transport, TransportError, tls, url::is_loopback,
};
use async_trait::async_trait;
use bytes::Bytes;
use rustls::ClientConfig;
use std::{error::Error as _, fmt::Write as _, sync::Arc, time::Duration};

/// A side that doesn't take the connection in this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than what servers and firewalls usually grant, so that a write seldom meets a connection that has just been
/// closed from the other side, which would leave its outcome unknown.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// HTTP/1.1 over TCP and TLS. Follows no redirect, keeps no cookie, uses no proxy and repeats nothing.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// A transport to sides whose certificates are judged by `tls`.
    pub fn new(tls: &Tls) -> Result<Self, TlsError> {
        Self::with_config(tls.client_config()?)
    }

    /// A transport that reaches plain HTTP on this machine and nothing else: for simulators.
    pub fn loopback() -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let nobody =
            crate::pins::PinVerifier { pins: Vec::<SpkiPin>::new(), provider: Arc::clone(&provider) };
        Self::with_config(tls::config_with(provider, Arc::new(nobody))?)
    }

    pub(crate) fn with_config(config: ClientConfig) -> Result<Self, TlsError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .user_agent(concat!("b1-coupa/", env!("CARGO_PKG_VERSION")))
            // One lost HTTP/2 connection would leave the outcome of every write on it unknown.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .build()
            .map_err(|error| TlsError::Client(chain(error)))?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let scheme_and_host = (request.uri().scheme_str(), request.uri().host());
        match scheme_and_host {
            (Some("https"), Some(_)) => {}
            (Some("http"), Some(host)) if is_loopback(host) => {}
            _ => return Err(TransportError::NotSent("only https is spoken to other machines".to_owned())),
        }
        let mut request = reqwest::Request::try_from(request).map_err(failure)?;
        *request.timeout_mut() = Some(limits.timeout);
        let reply = self.client.execute(request).await.map_err(failure)?;
        read(reply, limits.max_body_bytes).await
    }
}

async fn read(mut reply: reqwest::Response, limit: usize) -> Result<Response, TransportError> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = reply.status();
    *response.version_mut() = reply.version();
    std::mem::swap(response.headers_mut(), reply.headers_mut());
    let announced = reply.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced > limit {
        return Err(TransportError::TooLarge(limit));
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = reply.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    *response.body_mut() = body.into();
    Ok(response)
}

/// Only what failed before or while connecting was surely not sent; a doubt counts as sent.
fn failure(error: reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(chain(error))
    } else {
        TransportError::NoReply(chain(error))
    }
}

/// The error and what it comes from, without the URL: its query may hold what belongs in no log.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            // Writing to a String can't fail.
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}
