//! What a server's certificate says, and what speaks against trusting it by its issuer.

use crate::{SpkiPin, pins::pin_of};
use jiff::Timestamp;
use rustls::{Error, pki_types::CertificateDer};
use sha2::{Digest as _, Sha256};
use std::{fmt, fmt::Write as _, net::IpAddr};
use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{BasicConstraints, SubjectAltName, name::GeneralName},
    time::Time,
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
    /// What stands in it; `None` where it can't be read.
    pub details: Option<CertificateDetails>,
}

/// What stands in a certificate. Nothing in it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Whose it is.
    pub subject: String,
    /// Who signed it, by its own word.
    pub issuer: String,
    /// Good from then on.
    pub not_before: Timestamp,
    /// Good until then.
    pub not_after: Timestamp,
    /// It is marked as an authority's (`CA:TRUE`).
    pub is_ca: bool,
    /// The names and addresses that it is good for (`subjectAltName`); the common name doesn't count.
    pub names: Vec<String>,
}

/// Why a certificate is not accepted by who issued it, for which name, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The server doesn't hold the key that the certificate names.
    KeyNotHeld,
    /// It can't be read.
    Unreadable,
    /// It has run out.
    Expired(Timestamp),
    /// It isn't good yet.
    NotYetValid(Timestamp),
    /// It is marked as an authority's, and an authority's certificate is none for a server.
    AuthorityAsServer,
    /// It names its own subject as its issuer.
    SelfSigned,
    /// It names no host at all.
    NoNames,
    /// It is good for other names than this one.
    OtherNames(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyNotHeld => f.write_str("the server does not hold the certificate's key: it shows somebody else's"),
            Self::Unreadable => f.write_str("the certificate can't be read"),
            Self::Expired(when) => write!(f, "it ran out on {when}"),
            Self::NotYetValid(when) => write!(f, "it is good only from {when} on"),
            Self::AuthorityAsServer => f.write_str(
                "it is marked as an authority (CA:TRUE), as SAP's installer makes it, and is refused as a server's",
            ),
            Self::SelfSigned => f.write_str("it is signed by itself, so no authority vouches for it"),
            Self::NoNames => f.write_str("it names no host (no subjectAltName; a common name doesn't count)"),
            Self::OtherNames(host) => write!(f, "it is not good for {host}"),
        }
    }
}

impl CertificateSeen {
    pub(crate) fn of(certificate: &CertificateDer<'_>, intermediates: usize) -> Result<Self, Error> {
        Ok(Self {
            spki_pin: pin_of(certificate)?,
            fingerprint_sha256: fingerprint(certificate),
            holds_key: false,
            intermediates,
            details: CertificateDetails::read(certificate),
        })
    }

    /// What speaks against it as the certificate of `host`, which is written as in a URL. Whether its issuer is trusted is not
    /// judged here.
    pub fn problems(&self, host: &str, now: Timestamp) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.holds_key {
            problems.push(Problem::KeyNotHeld);
        }
        let Some(details) = &self.details else {
            problems.push(Problem::Unreadable);
            return problems;
        };
        if now > details.not_after {
            problems.push(Problem::Expired(details.not_after));
        }
        if now < details.not_before {
            problems.push(Problem::NotYetValid(details.not_before));
        }
        if details.is_ca {
            problems.push(Problem::AuthorityAsServer);
        }
        if details.subject == details.issuer {
            problems.push(Problem::SelfSigned);
        }
        if details.names.is_empty() {
            problems.push(Problem::NoNames);
        } else if !details.names.iter().any(|name| is_good_for(name, host)) {
            problems.push(Problem::OtherNames(host.to_owned()));
        }
        problems
    }
}

impl CertificateDetails {
    fn read(certificate: &[u8]) -> Option<Self> {
        let body = Certificate::from_der(certificate).ok()?.tbs_certificate;
        let constraints = body.get::<BasicConstraints>().ok()?;
        let names = body.get::<SubjectAltName>().ok()?.map(|(_, names)| names.0).unwrap_or_default();
        Some(Self {
            subject: body.subject.to_string(),
            issuer: body.issuer.to_string(),
            not_before: moment(body.validity.not_before)?,
            not_after: moment(body.validity.not_after)?,
            is_ca: constraints.is_some_and(|(_, constraints)| constraints.ca),
            names: names.iter().filter_map(name).collect(),
        })
    }
}

fn moment(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

/// As RFC 6125 has it: a star stands for one whole label, the first.
fn is_good_for(name: &str, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.parse::<IpAddr>().is_ok() {
        return name == host;
    }
    let rest = |text: &str| text.split_once('.').map(|(_, rest)| rest.to_ascii_lowercase());
    name.eq_ignore_ascii_case(host) || (name.starts_with("*.") && rest(name) == rest(host))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, good) in [
            ("sap.example", "SAP.example", true),
            ("*.example", "sap.example", true),
            ("*.example", "a.sap.example", false),
            ("*.example", "example", false),
            ("10.0.0.5", "10.0.0.5", true),
            ("::1", "[::1]", true),
            ("sap.example", "sap", false),
        ] {
            assert_eq!(is_good_for(name, host), good, "{name} {host}");
        }
    }
}
