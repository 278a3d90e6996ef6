use crate::{
    BaseUrl, Limits, Request, Response, SpkiPin, Tls, TlsError, Transport, TransportError, tls,
    url::is_loopback,
};
use async_trait::async_trait;
use bytes::Bytes;
use rustls::ClientConfig;
use std::{
    error::Error as _,
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A side that doesn't take the connection in this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than what servers and firewalls usually grant, so that a write seldom meets a connection that has just been
/// closed from the other side, which would leave its outcome unknown.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection on which nothing moves is asked for a sign of life so often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// A line that acknowledges nothing for so long is down, however long the reply itself may take: a slow side still
/// acknowledges. Without it, a request in flight waits for TCP's ever longer pauses after the line has come back.
const LINE_DOWN: Duration = Duration::from_secs(15);

/// HTTP/1.1 over TCP and TLS. Follows no redirect, keeps no cookie, uses no proxy and repeats nothing.
///
/// After a request without a reply, none of the connections that were open then is used again: what broke one of them, such
/// as a tunnel that was down, may have broken all.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    way: Way,
    pool: Arc<Mutex<Pool>>,
}

/// How connections are made.
#[derive(Clone, Debug)]
struct Way {
    tls: ClientConfig,
    detour: Option<(String, IpAddr)>,
}

/// The connections that are open.
#[derive(Debug)]
struct Pool {
    client: reqwest::Client,
    /// How many there were before it.
    generation: u64,
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

    /// The same, but connects to `address` where a request names the host of `url`. The name stays what is asked for and what
    /// the certificate must be good for, and the port stays the URL's.
    pub fn connecting_to(self, url: &BaseUrl, address: IpAddr) -> Result<Self, TlsError> {
        Self::by(Way { detour: Some((url.host().to_owned(), address)), ..self.way })
    }

    pub(crate) fn with_config(tls: ClientConfig) -> Result<Self, TlsError> {
        Self::by(Way { tls, detour: None })
    }

    fn by(way: Way) -> Result<Self, TlsError> {
        let pool = Pool { client: way.client()?, generation: 0 };
        Ok(Self { way, pool: Arc::new(Mutex::new(pool)) })
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the connections of this generation to those who still wait on them.
    fn abandon(&self, generation: u64) {
        let mut pool = self.pool();
        if pool.generation == generation
            && let Ok(client) = self.way.client()
        {
            *pool = Pool { client, generation: generation + 1 };
        }
    }

    /// Plain HTTP only to this very machine, and never to what merely takes its name.
    fn may_ask(&self, request: &Request) -> bool {
        match (request.uri().scheme_str(), request.uri().host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => is_loopback(host) && self.way.detour.is_none(),
            _ => false,
        }
    }
}

impl Way {
    fn client(&self) -> Result<reqwest::Client, TlsError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("b1-coupa/", env!("CARGO_PKG_VERSION")))
            // One lost HTTP/2 connection would leave the outcome of every write on it unknown.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .tcp_keepalive(SIGN_OF_LIFE)
            .tcp_keepalive_interval(SIGN_OF_LIFE)
            .tcp_keepalive_retries(2);
        #[cfg(target_os = "linux")]
        {
            builder = builder.tcp_user_timeout(LINE_DOWN);
        }
        if let Some((host, address)) = &self.detour {
            // The port of the URL counts, not this one.
            builder = builder.resolve(host, SocketAddr::new(*address, 0));
        }
        builder.build().map_err(|error| TlsError::Client(chain(error)))
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        if !self.may_ask(&request) {
            return Err(TransportError::NotSent("only https is spoken to other machines".to_owned()));
        }
        let mut request = reqwest::Request::try_from(request).map_err(failure)?;
        *request.timeout_mut() = Some(limits.timeout);
        let (client, generation) = {
            let pool = self.pool();
            (pool.client.clone(), pool.generation)
        };
        let result = match client.execute(request).await.map_err(failure) {
            Ok(reply) => read(reply, limits.max_body_bytes).await,
            Err(error) => Err(error),
        };
        if matches!(result, Err(TransportError::NoReply(_))) {
            self.abandon(generation);
        }
        result
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
