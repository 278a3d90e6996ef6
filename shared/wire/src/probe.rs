use crate::{
    BaseUrl, HttpTransport, Limits, SpkiPin, TlsError, Transport as _, TransportError, pins::pin_of, tls,
};
use bytes::Bytes;
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The certificate that a server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSeen {
    /// Pins its public key.
    pub spki_pin: SpkiPin,
    /// SHA-256 of the whole certificate, as browsers show it: `AB:CD:…`.
    pub fingerprint_sha256: String,
    /// The server signed the handshake with the key that the certificate names.
    pub holds_key: bool,
    /// Certificates that came with it.
    pub intermediates: usize,
}

/// Looks at the certificate of `url`'s host, and sends nothing: the handshake is broken off before it ends, so that no
/// certificate is ever accepted here.
pub async fn probe_certificate(url: &BaseUrl) -> Result<CertificateSeen, TransportError> {
    let not_sent = |error: TlsError| TransportError::NotSent(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let onlooker = Arc::new(Onlooker { seen: Mutex::new(None), provider: Arc::clone(&provider) });
    let config =
        tls::config_with(provider, Arc::clone(&onlooker) as Arc<dyn ServerCertVerifier>).map_err(not_sent)?;
    let transport = HttpTransport::with_config(config).map_err(not_sent)?;
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
        let seen = CertificateSeen {
            spki_pin: pin_of(end_entity)?,
            fingerprint_sha256: fingerprint(end_entity),
            holds_key: false,
            intermediates: intermediates.len(),
        };
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

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        let colon = if text.is_empty() { "" } else { ":" };
        // Writing to a String can't fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}
