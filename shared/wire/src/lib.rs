#![doc = include_str!("../README.md")]

mod certificate;
mod heard;
mod http;
mod pins;
mod probe;
mod system;
mod tls;
mod transport;
mod url;

pub use self::http::HttpTransport;
pub use certificate::{CertificateDetails, CertificateSeen, Problem};
pub use heard::note_reply;
pub use probe::probe_certificate;
pub use system::{SystemClock, SystemRandom};
pub use tls::{PinError, Roots, SpkiPin, Tls, TlsError};
pub use transport::{Limits, Request, Response, Transport, TransportError};
pub use url::{BaseUrl, UrlError, check_url, is_loopback};
