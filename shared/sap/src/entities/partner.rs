use super::literal::{YesNo, date_or_none, integer_or_none, list, text, time_or_none};
use jiff::civil::{Date, Time};
use model::Stamp;
use serde::{Deserialize, Deserializer};

/// A business partner: `BusinessPartners`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct BusinessPartner {
    #[serde(deserialize_with = "text")]
    pub card_code: String,
    #[serde(deserialize_with = "text")]
    pub card_name: String,
    #[serde(deserialize_with = "text")]
    pub card_type: String,
    #[serde(rename = "FederalTaxID", deserialize_with = "text")]
    pub federal_tax_id: String,
    #[serde(deserialize_with = "text")]
    pub email_address: String,
    #[serde(deserialize_with = "text")]
    pub phone1: String,
    #[serde(deserialize_with = "text")]
    pub website: String,
    #[serde(deserialize_with = "integer_or_none")]
    pub pay_terms_grp_code: Option<i64>,
    /// The name of the main contact among `contact_employees`.
    #[serde(deserialize_with = "text")]
    pub contact_person: String,
    /// Street of the default bill-to address.
    #[serde(deserialize_with = "text")]
    pub address: String,
    #[serde(deserialize_with = "text")]
    pub city: String,
    #[serde(deserialize_with = "text")]
    pub zip_code: String,
    #[serde(deserialize_with = "text")]
    pub country: String,
    /// The `AddressName` of the default bill-to address.
    #[serde(rename = "BilltoDefault", deserialize_with = "text")]
    pub bill_to_default: String,
    pub valid: YesNo,
    #[serde(deserialize_with = "date_or_none")]
    pub valid_from: Option<Date>,
    #[serde(deserialize_with = "date_or_none")]
    pub valid_to: Option<Date>,
    pub frozen: YesNo,
    #[serde(deserialize_with = "date_or_none")]
    pub frozen_from: Option<Date>,
    #[serde(deserialize_with = "date_or_none")]
    pub frozen_to: Option<Date>,
    #[serde(deserialize_with = "date_or_none")]
    update_date: Option<Date>,
    #[serde(deserialize_with = "time_or_none")]
    update_time: Option<Time>,
    #[serde(rename = "BPAddresses", deserialize_with = "list")]
    pub bp_addresses: Vec<Address>,
    #[serde(deserialize_with = "list")]
    pub contact_employees: Vec<ContactEmployee>,
    /// Members named by the mapping file, as text.
    #[serde(skip)]
    pub extra: std::collections::BTreeMap<String, String>,
}

impl BusinessPartner {
    /// When SAP last stamped it.
    pub fn stamp(&self) -> Option<Stamp> {
        let date = self.update_date?;
        Some(Stamp { date, time: self.update_time.unwrap_or_default() })
    }

    /// It is a supplier; customers and leads share the entity.
    pub fn is_supplier(&self) -> bool {
        matches!(self.card_type.as_str(), "cSupplier" | "S")
    }
}

/// `BoAddressType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressType {
    /// `bo_BillTo`: where the supplier wants to be paid.
    #[default]
    BillTo,
    /// `bo_ShipTo`.
    ShipTo,
}

impl<'de> Deserialize<'de> for AddressType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(if matches!(text.as_deref(), Some("bo_ShipTo" | "S")) { Self::ShipTo } else { Self::BillTo })
    }
}

/// A row of `BPAddresses`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct Address {
    #[serde(deserialize_with = "text")]
    pub address_name: String,
    pub address_type: AddressType,
    /// SAP's own key of the row.
    #[serde(deserialize_with = "integer_or_none")]
    pub row_num: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub street: String,
    #[serde(deserialize_with = "text")]
    pub street_no: String,
    #[serde(deserialize_with = "text")]
    pub block: String,
    #[serde(deserialize_with = "text")]
    pub city: String,
    #[serde(deserialize_with = "text")]
    pub zip_code: String,
    #[serde(deserialize_with = "text")]
    pub state: String,
    #[serde(deserialize_with = "text")]
    pub country: String,
}

/// A row of `ContactEmployees`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct ContactEmployee {
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub first_name: String,
    #[serde(deserialize_with = "text")]
    pub last_name: String,
    #[serde(rename = "E_Mail", deserialize_with = "text")]
    pub e_mail: String,
    /// SAP's own key of the row.
    #[serde(deserialize_with = "integer_or_none")]
    pub internal_code: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub phone1: String,
    pub active: YesNo,
}
