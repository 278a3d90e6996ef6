use crate::{BaseUrl, SpkiPin, TransportError};

/// The certificate that a server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSeen {
    /// Pins its public key.
    pub spki_pin: SpkiPin,
    /// SHA-256 of the whole certificate, as browsers show it: `AB:CD:…`.
    pub fingerprint_sha256: String,
}

/// Looks at the certificate of `url`'s host, and sends nothing: the handshake is broken off before it ends.
pub async fn probe_certificate(_url: &BaseUrl) -> Result<CertificateSeen, TransportError> {
    Err(TransportError::NotSent("not written yet".to_owned()))
}
