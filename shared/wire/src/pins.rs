use crate::SpkiPin;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Accepts the servers that prove to hold the private key of one of the pinned public keys. With no pin it accepts none.
#[derive(Debug)]
pub(crate) struct PinVerifier {
    pub(crate) pins: Vec<SpkiPin>,
    pub(crate) provider: Arc<CryptoProvider>,
}

/// The pin of a certificate's public key.
pub(crate) fn pin_of(certificate: &CertificateDer<'_>) -> Result<SpkiPin, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(SpkiPin(Sha256::digest(parsed.subject_public_key_info()).into()))
}

#[derive(Debug, thiserror::Error)]
#[error("the server's public key {0} is not the pinned one")]
struct OtherKey(SpkiPin);

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pin = pin_of(end_entity)?;
        if self.pins.contains(&pin) {
            return Ok(ServerCertVerified::assertion());
        }
        let reason = OtherError(Arc::new(OtherKey(pin)));
        Err(Error::InvalidCertificate(CertificateError::Other(reason)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
