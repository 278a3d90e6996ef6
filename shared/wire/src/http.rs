use crate::{Limits, Request, Response, Tls, TlsError, Transport, TransportError};
use async_trait::async_trait;

/// HTTP/1.1 over TCP and TLS.
#[derive(Clone, Debug)]
pub struct HttpTransport {}

impl HttpTransport {
    /// A transport to sides that are judged by `tls`.
    pub fn new(_tls: &Tls) -> Result<Self, TlsError> {
        Ok(Self {})
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, _request: Request, _limits: Limits) -> Result<Response, TransportError> {
        Err(TransportError::NotSent("not written yet".to_owned()))
    }
}
