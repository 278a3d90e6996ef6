//! The balance certificate: what a comparison of both sides found, with the time, the sums and the differences, signed
//! with Ed25519. As JSON for machines, and as a page that can be printed and that carries the same JSON inside.
//!
//! The signature covers the certificate byte for byte as it stands in the file. The page is made from the certificate
//! alone, so a page whose text was altered is noticed too: made again, it comes out otherwise.

mod checkpoint;
mod day;
mod kept;
mod key;
mod page;

pub use checkpoint::Checkpoint;
pub use day::{CHECKPOINTS, DayLetGo};
pub use kept::{File, Files, LAST_COMPARISON};
pub use key::{Key, KeyError, PublicKey};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::Date};
use pipeline::reconcile::{Balance, Difference, ObjectBalance};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Of which comparison a certificate speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// When the comparison ended.
    pub made_at: Timestamp,
    /// SAP's company database.
    pub company: String,
    /// Where SAP is.
    pub service_layer: String,
    /// Where Coupa is.
    pub coupa: String,
    /// Documents before this day are outside, unless they are in Coupa.
    pub start_date: Date,
    /// Only documents dated within these days, both included, where the comparison was of a month.
    pub days: Option<(Date, Date)>,
}

/// What is certified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Of this form of certificate: 1.
    pub format: u32,
    /// Of which comparison.
    #[serde(flatten)]
    pub about: About,
    /// Both sides show the same.
    pub in_balance: bool,
    /// Counts and sums by object.
    pub objects: BTreeMap<String, ObjectBalance>,
    /// Every document about which they differ.
    pub differences: Vec<Difference>,
}

impl Certificate {
    /// Of what was found.
    pub fn new(balance: Balance, about: About) -> Self {
        Self {
            format: 1,
            about,
            in_balance: balance.differences.is_empty(),
            objects: balance.objects,
            differences: balance.differences,
        }
    }

    /// Signs it. The same certificate gives the same bytes.
    pub fn sign(&self, key: &Key) -> Result<Signed, CertificateError> {
        // So that it can stand within a page as it is.
        let text = serde_json::to_string(self)?.replace("</", "<\\/");
        let signature = STANDARD.encode(key.sign(text.as_bytes()));
        let signature = Signature {
            algorithm: "Ed25519".to_owned(),
            public_key: key.public().to_string(),
            value: signature,
        };
        Ok(Signed { certificate: RawValue::from_string(text)?, signature })
    }
}

/// Who signed, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    algorithm: String,
    /// Base64 of 32 bytes.
    public_key: String,
    /// Base64 of 64 bytes.
    value: String,
}

/// A certificate with its signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signed {
    certificate: Box<RawValue>,
    signature: Signature,
}

impl Signed {
    /// The JSON file.
    pub fn json(&self) -> Result<String, CertificateError> {
        Ok(serde_json::to_string(self)?)
    }

    /// The page.
    pub fn html(&self) -> Result<String, CertificateError> {
        let certificate: Certificate = serde_json::from_str(self.certificate.get())?;
        Ok(page::of(&certificate, &self.json()?, &self.signature.public_key))
    }

    /// Reads either file.
    pub fn read(text: &str) -> Result<Self, CertificateError> {
        let json = page::json_within(text).unwrap_or(text);
        let signed: Self = serde_json::from_str(json)?;
        let page = text.trim_start().starts_with('<');
        if page && signed.html()? != text {
            return Err(CertificateError::PageAltered);
        }
        Ok(signed)
    }

    /// The certificate, if the signature is good for it; and whose it is.
    pub fn verify(&self) -> Result<(Certificate, PublicKey), CertificateError> {
        let key: PublicKey = self.signature.public_key.parse().map_err(|_| CertificateError::NoKey)?;
        let value = STANDARD.decode(&self.signature.value).map_err(|_| CertificateError::NotSigned)?;
        if self.signature.algorithm != "Ed25519" || !key.signed(self.certificate.get().as_bytes(), &value) {
            return Err(CertificateError::NotSigned);
        }
        Ok((serde_json::from_str(self.certificate.get())?, key))
    }
}

/// What is wrong with a certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It isn't one.
    #[error("this is no certificate of b1-coupa: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The key beside the signature is none.
    #[error("the public key in it is no Ed25519 key")]
    NoKey,
    /// Something was altered after it was signed.
    #[error("the signature is not good for what it says: it was altered after it was signed")]
    NotSigned,
    /// The page says something else than the certificate within it.
    #[error("the page was altered: it does not show what the certificate within it says")]
    PageAltered,
}

#[cfg(test)]
mod tests;
