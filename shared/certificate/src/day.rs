//! What of the audit trail goes with one day, signed before it goes. By these a later check tells entries that expired from entries
//! that somebody took out.

use crate::{CertificateError, File, Key, PublicKey, checkpoint};
use jiff::{Timestamp, civil::Date};
use pipeline::audit_chain::Run;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The folder that they are kept in.
pub const CHECKPOINTS: &str = "checkpoints/";

/// The entries of one day (UTC) as they were seen whole, shortly before they expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayLetGo {
    /// When they were seen.
    pub made_at: Timestamp,
    /// Whose.
    pub company: String,
    /// The day on which the attempts ended.
    pub day: Date,
    /// By the document's key.
    pub runs: BTreeMap<String, Vec<Run>>,
}

impl DayLetGo {
    /// Signed, as the file that is kept.
    pub fn file(&self, key: &Key) -> Result<File, CertificateError> {
        Ok(File { name: format!("audit-{}.json", self.day), text: checkpoint::seal(self, key)? })
    }

    /// Reads one that `key` has signed.
    pub fn open(text: &str, key: &PublicKey) -> Result<Self, CertificateError> {
        checkpoint::open(text, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkpoint;
    use model::AuditHead;

    #[test]
    fn it_opens_for_the_key_that_sealed_it_unaltered_and_for_nothing_else() {
        let key = Key::read(&Key::text([1; 32])).unwrap();
        let run = Run { after: AuditHead::default(), until: AuditHead { count: 3, hash: "abc".to_owned() } };
        let day = DayLetGo {
            made_at: "2026-11-26T02:00:00Z".parse().unwrap(),
            company: "ACME".to_owned(),
            day: "2019-11-29".parse().unwrap(),
            runs: BTreeMap::from([("ACME/invoice/7".to_owned(), vec![run])]),
        };
        let file = day.file(&key).unwrap();
        assert_eq!(file.name, "audit-2019-11-29.json");
        assert_eq!(DayLetGo::open(&file.text, &key.public()).unwrap(), day);
        let altered = file.text.replace("\"count\":3", "\"count\":4");
        assert!(matches!(DayLetGo::open(&altered, &key.public()), Err(CertificateError::NotSigned)));
        let other = Key::read(&Key::text([2; 32])).unwrap();
        assert!(DayLetGo::open(&file.text, &other.public()).is_err());
        // What was signed as one is not taken for the other.
        assert!(Checkpoint::open(&file.text, &key.public()).is_err());
    }
}
