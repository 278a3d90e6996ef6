use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{fmt, str::FromStr};

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
