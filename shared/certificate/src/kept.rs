//! What both editions keep of a comparison: two files, and the record that `status` tells of.

use crate::{About, Certificate, CertificateError, Key};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};
use setup::Config;

/// The name of the record of the last comparison in the state store.
pub const LAST_COMPARISON: &str = "reconciled";

/// One file of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without any folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A certificate as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// For machines.
    pub json: File,
    /// For people.
    pub page: File,
}

impl About {
    /// Of a comparison with this config that ended at `made_at`.
    pub fn of(config: &Config, days: Option<(Date, Date)>, made_at: Timestamp) -> Self {
        Self {
            made_at,
            company: config.sap.company_db.to_string(),
            service_layer: config.sap.service_layer_url.to_string(),
            coupa: config.coupa.url.to_string(),
            start_date: config.sync.start_date,
            days,
        }
    }
}

impl Certificate {
    /// Signs it, as the two files that are kept.
    pub fn files(&self, key: &Key) -> Result<Files, CertificateError> {
        let signed = self.sign(key)?;
        let name = format!("balance-{}", self.about.made_at.strftime("%Y-%m-%dT%H%M%SZ"));
        Ok(Files {
            json: File { name: format!("{name}.json"), text: signed.json()? },
            page: File { name: format!("{name}.html"), text: signed.html()? },
        })
    }

    /// The record of it, to be saved as [`LAST_COMPARISON`]; `kept` says where its JSON file is.
    pub fn record(&self, kept: &str) -> Value {
        json!({
            "at": self.about.made_at,
            "in_balance": self.in_balance,
            "differences": self.differences.len(),
            "certificate": kept,
        })
    }
}
