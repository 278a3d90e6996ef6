//! A checkpoint of the audit trail: where the chain of each document ended at a moment, signed. A later check finds by it what
//! was taken out as a whole, document and all.

use crate::{CertificateError, Key, PublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use model::AuditHead;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Where each chain ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When.
    pub made_at: Timestamp,
    /// Whose.
    pub company: String,
    /// By the document's key.
    pub documents: BTreeMap<String, AuditHead>,
    /// What attempts sent that ended before this moment was kept long enough, and let go; `None` where it is kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payloads_before: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    checkpoint: Box<RawValue>,
    public_key: String,
    signature: String,
}

impl Checkpoint {
    /// Signed, as text.
    pub fn seal(&self, key: &Key) -> Result<String, CertificateError> {
        seal(self, key)
    }

    /// Reads one that `key` has signed.
    pub fn open(text: &str, key: &PublicKey) -> Result<Self, CertificateError> {
        open(text, key)
    }
}

pub(crate) fn seal(checkpoint: &impl Serialize, key: &Key) -> Result<String, CertificateError> {
    let text = serde_json::to_string(checkpoint)?;
    let signature = STANDARD.encode(key.sign(text.as_bytes()));
    let public_key = key.public().to_string();
    Ok(serde_json::to_string(&Sealed { checkpoint: RawValue::from_string(text)?, public_key, signature })?)
}

pub(crate) fn open<T: DeserializeOwned>(text: &str, key: &PublicKey) -> Result<T, CertificateError> {
    let sealed: Sealed = serde_json::from_str(text)?;
    let signature = STANDARD.decode(&sealed.signature).map_err(|_| CertificateError::NotSigned)?;
    if !key.signed(sealed.checkpoint.get().as_bytes(), &signature) {
        return Err(CertificateError::NotSigned);
    }
    Ok(serde_json::from_str(sealed.checkpoint.get())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_for_the_key_that_sealed_it_and_unaltered_alone() {
        let key = Key::read(&Key::text([1; 32])).unwrap();
        let head = AuditHead { count: 3, hash: "abc".to_owned() };
        let documents = BTreeMap::from([("ACME/invoice/7".to_owned(), head)]);
        let made_at = "2026-11-26T02:00:00Z".parse().unwrap();
        let checkpoint =
            Checkpoint { made_at, company: "ACME".to_owned(), documents, payloads_before: Some(made_at) };
        let sealed = checkpoint.seal(&key).unwrap();
        assert_eq!(Checkpoint::open(&sealed, &key.public()).unwrap(), checkpoint);
        assert!(Checkpoint::open(&sealed.replace("\"count\":3", "\"count\":2"), &key.public()).is_err());
        let other = Key::read(&Key::text([2; 32])).unwrap();
        assert!(Checkpoint::open(&sealed, &other.public()).is_err());
    }
}
