use crate::pins::PinVerifier;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::{
    ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{fmt, str::FromStr, sync::Arc};

/// How the other side's certificate is judged. There is no third way, and none that accepts everything.
#[derive(Clone, Debug)]
pub enum Tls {
    /// By who issued it, for which name, and when.
    Roots(Roots),
    /// By its public key alone, one of one or two: neither name nor expiry counts. For self-signed certificates such as SAP's
    /// default one, which carries `CA:TRUE` and no usable name.
    Pins(Vec<SpkiPin>),
}

/// Who may issue certificates.
#[derive(Clone, Debug)]
pub enum Roots {
    /// Whoever this machine trusts.
    System,
    /// Only what stands in this PEM text: a private CA, or a self-signed certificate that isn't a CA itself.
    CaFile(Vec<u8>),
}

/// SHA-256 of a certificate's public key (`SubjectPublicKeyInfo`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpkiPin(pub(crate) [u8; 32]);

/// A text that is no [`SpkiPin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pin: expected a SHA-256 in base64, 44 characters, with or without `sha256//` in front")]
pub struct PinError(String);

impl FromStr for SpkiPin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PinError(text.to_owned());
        let text = text.trim();
        let base64 = text.strip_prefix("sha256//").unwrap_or(text);
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| error())?;
        bytes.try_into().map(Self).map_err(|_| error())
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256//{}", BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Certificate rules that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// Neither one nor two pins.
    #[error("{0} pins given; one or two are needed")]
    Pins(usize),
    /// The PEM text holds no certificate, or one that can't be read.
    #[error("the CA file can't be used: {0}")]
    CaFile(String),
    /// The machine's own certificates can't be read.
    #[error("this machine's certificates can't be used: {0}")]
    System(String),
    /// The HTTP client can't be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl Tls {
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::Roots(Roots::System) => {
                let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
                Arc::new(verifier.map_err(|error| TlsError::System(error.to_string()))?)
            }
            Self::Roots(Roots::CaFile(pem)) => {
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots(pem)?), Arc::clone(&provider))
                    .build()
                    .map_err(|error| TlsError::CaFile(error.to_string()))?
            }
            Self::Pins(pins) if matches!(pins.len(), 1 | 2) => {
                Arc::new(PinVerifier { pins: pins.clone(), provider: Arc::clone(&provider) })
            }
            Self::Pins(pins) => return Err(TlsError::Pins(pins.len())),
        };
        config_with(provider, verifier)
    }
}

pub(crate) fn config_with(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Client(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TlsError::CaFile(error.to_string()))?;
        roots.add(certificate).map_err(|error| TlsError::CaFile(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(TlsError::CaFile("it holds no certificate in PEM".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_in_both_spellings() {
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let pin: SpkiPin = base64.parse().unwrap();
        assert_eq!(format!("sha256//{base64}").parse::<SpkiPin>().unwrap(), pin);
        assert_eq!(pin.to_string(), format!("sha256//{base64}"));
        for bad in ["", "sha256//", "47DEQpj8HBSa", "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="] {
            assert!(bad.parse::<SpkiPin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_that_cannot_work_are_refused_at_start() {
        let error = |tls: Tls| tls.client_config().unwrap_err();
        assert_eq!(error(Tls::Pins(vec![])), TlsError::Pins(0));
        assert_eq!(error(Tls::Pins(vec![SpkiPin([0; 32]); 3])), TlsError::Pins(3));
        assert!(matches!(error(Tls::Roots(Roots::CaFile(b"nothing".to_vec()))), TlsError::CaFile(_)));
    }
}
