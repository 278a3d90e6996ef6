use super::Record;
use crate::{Resource, decode};
use model::CoupaId;
use serde::{Deserialize, Serialize};

/// A supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Supplier {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// SAP's `CardCode`, where we made it.
    #[serde(default, deserialize_with = "decode::text")]
    pub number: Option<String>,
    /// Name.
    #[serde(default, deserialize_with = "decode::text")]
    pub name: Option<String>,
    /// `draft`, `active`, `inactive`, `onboarding`.
    #[serde(default, deserialize_with = "decode::text")]
    pub status: Option<String>,
    /// Tax id.
    #[serde(default, alias = "tax_id", deserialize_with = "decode::text")]
    pub tax_id: Option<String>,
    /// Payment term.
    #[serde(default, alias = "payment_term", deserialize_with = "decode::object")]
    pub payment_term: Option<Coded>,
    /// Where it is at home.
    #[serde(default, alias = "primary_address", deserialize_with = "decode::object")]
    pub primary_address: Option<SupplierAddress>,
}

impl Record for Supplier {
    const RESOURCE: Resource = Resource::Suppliers;
    const FIELDS: &'static str = concat!(
        r#"["id","number","name","status","tax_id",{"payment_term":["code"]},"#,
        r#"{"primary_address":[{"country":["code"]}]}]"#
    );

    fn id(&self) -> CoupaId {
        self.id
    }
}

/// A supplier's address: read only to see whether Coupa knew its country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupplierAddress {
    /// Its country.
    #[serde(default, deserialize_with = "decode::object")]
    pub country: Option<Coded>,
}

/// The supplier that another document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupplierRef {
    /// Coupa's id.
    #[serde(default, deserialize_with = "decode::id_or_none")]
    pub id: Option<CoupaId>,
    /// Its number.
    #[serde(default, deserialize_with = "decode::text")]
    pub number: Option<String>,
}

/// A payment term, currency or unit that another document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Coded {
    /// Its code.
    #[serde(default, deserialize_with = "decode::text")]
    pub code: Option<String>,
}

/// A chart of accounts that another document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Named {
    /// Its name.
    #[serde(default, deserialize_with = "decode::text")]
    pub name: Option<String>,
}

/// The account that a line names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Account {
    /// Its code: the segments, joined.
    #[serde(default, deserialize_with = "decode::text")]
    pub code: Option<String>,
}
