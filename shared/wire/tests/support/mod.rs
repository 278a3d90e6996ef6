//! Small servers with certificates of every kind.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use wire::{Limits, Request};

/// A server certificate, and what a client could be given to accept it.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// The CA, or the certificate itself.
    pub(crate) root_pem: String,
}

/// A leaf for `name`, issued by a private CA.
pub(crate) fn issued(name: &str) -> Identity {
    issued_until(name, (4096, 1, 1))
}

/// The same, good until some day.
pub(crate) fn issued_until(name: &str, (year, month, day): (i32, u8, u8)) -> Identity {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "the leaf");
    params.not_after = rcgen::date_time_ymd(year, month, day);
    let leaf = params.signed_by(&key, &ca).unwrap();
    Identity { certificate: leaf.der().clone(), key: key.into(), root_pem: ca.pem() }
}

/// A certificate that signs itself, marked as a CA or not.
pub(crate) fn self_signed(name: &str, is_ca: bool) -> Identity {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity { certificate: certificate.der().clone(), root_pem: certificate.pem(), key: key.into() }
}

/// Serves `reply` to each connection over TLS; shows `certificate` but signs with `key`.
pub(crate) async fn tls_server(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    reply: &'static [u8],
) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(Arc::new(rustls::sign::CertifiedKey::new(
            vec![certificate],
            provider.key_provider.load_private_key(key).unwrap(),
        )))));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, reply).await;
                }
            });
        }
    });
    address
}

#[derive(Debug)]
struct Shown(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Shown {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Serves `reply` to each connection, in the clear; an empty one closes the connection.
pub(crate) async fn plain_server(reply: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, reply));
        }
    });
    address
}

/// Answers one request on each connection, which stays open, and is silent from then on. The first `together` replies wait
/// for one another, so that as many connections come about.
pub(crate) async fn server_that_falls_silent(together: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let barrier = Arc::new(tokio::sync::Barrier::new(together));
    tokio::spawn(async move {
        let mut accepted = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            accepted += 1;
            let barrier = (accepted <= together).then(|| Arc::clone(&barrier));
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _request = stream.read(&mut buffer).await.unwrap_or(0);
                if let Some(barrier) = barrier {
                    barrier.wait().await;
                }
                stream.write_all(HELLO).await.ok();
                while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
            });
        }
    });
    address
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, reply: &[u8]) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    stream.write_all(reply).await.ok();
    stream.shutdown().await.ok();
}

pub(crate) const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

pub(crate) const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), max_body_bytes: 1_000 };

pub(crate) fn get(url: &str) -> Request {
    http::Request::get(url).body(Bytes::new()).unwrap()
}
