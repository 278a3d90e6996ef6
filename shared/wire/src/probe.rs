use crate::{BaseUrl, CertificateSeen, HttpTransport, Limits, TlsError, Transport as _, TransportError, tls};
use bytes::Bytes;
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Looks at the certificate of `url`'s host, and sends nothing: the handshake is broken off before it ends, so that no
/// certificate is ever accepted here. Connects to `connect_to` in the place of the host's own address, where one is given.
pub async fn probe_certificate(
    url: &BaseUrl,
    connect_to: Option<IpAddr>,
) -> Result<CertificateSeen, TransportError> {
    let not_sent = |error: TlsError| TransportError::NotSent(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let onlooker = Arc::new(Onlooker { seen: Mutex::new(None), provider: Arc::clone(&provider) });
    let config =
        tls::config_with(provider, Arc::clone(&onlooker) as Arc<dyn ServerCertVerifier>).map_err(not_sent)?;
    let mut transport = HttpTransport::with_config(config).map_err(not_sent)?;
    if let Some(address) = connect_to {
        transport = transport.connecting_to(url, address).map_err(not_sent)?;
    }
    let mut request = http::Request::new(Bytes::new());
    *request.uri_mut() =
        url.to_string().parse().map_err(|_| TransportError::NotSent(format!("`{url}` can't be asked")))?;
    let limits = Limits { timeout: Duration::from_secs(10), max_body_bytes: 0 };
    let error = match transport.send(request, limits).await {
        Ok(_) => TransportError::NotSent("plain http shows no certificate".to_owned()),
        Err(error) => error,
    };
    let seen = onlooker.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    seen.ok_or(error)
}

/// Remembers the certificate, checks that the server holds its key, and refuses the handshake all the same.
#[derive(Debug)]
struct Onlooker {
    seen: Mutex<Option<CertificateSeen>>,
    provider: Arc<CryptoProvider>,
}

impl Onlooker {
    fn signed(
        &self,
        valid: &Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(seen) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            seen.holds_key = valid.is_ok();
        }
        Err(Error::General("only looking".to_owned()))
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = CertificateSeen::of(end_entity, intermediates.len())?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        // The signature comes next, and ends the handshake.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signed(&verify_tls12_signature(message, cert, dss, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signed(&verify_tls13_signature(message, cert, dss, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
