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

/// A supplier with everything that people may change in Coupa and that has a place in SAP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WholeSupplier {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number: SAP's `CardCode`, where it has one.
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
    pub primary_address: Option<PostalAddress>,
    /// Whom to talk to.
    #[serde(default, alias = "primary_contact", deserialize_with = "decode::object")]
    pub primary_contact: Option<Contact>,
    /// Where it wants to be paid.
    #[serde(default, alias = "remit_to_addresses", deserialize_with = "decode::list")]
    pub remit_to_addresses: Vec<PostalAddress>,
}

impl Record for WholeSupplier {
    const RESOURCE: Resource = Resource::Suppliers;
    const FIELDS: &'static str = concat!(
        r#"["id","number","name","status","tax_id",{"payment_term":["code"]},"#,
        r#"{"primary_address":["id","street1","street2","city","state","postal_code",{"country":["code"]}]},"#,
        r#"{"primary_contact":["email","name_given","name_family"]},"#,
        r#"{"remit_to_addresses":["id","remit_to_code","street1","street2","city","state","postal_code","#,
        r#"{"country":["code"]}]}]"#
    );

    fn id(&self) -> CoupaId {
        self.id
    }
}

impl WholeSupplier {
    /// The part of it that shows whether Coupa knew every reference.
    pub fn references(&self) -> Supplier {
        let country = |address: &PostalAddress| SupplierAddress { country: address.country.clone() };
        Supplier {
            id: self.id,
            number: self.number.clone(),
            name: self.name.clone(),
            status: self.status.clone(),
            tax_id: self.tax_id.clone(),
            payment_term: self.payment_term.clone(),
            primary_address: self.primary_address.as_ref().map(country),
        }
    }
}

/// An address of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are Coupa's own")]
pub struct PostalAddress {
    #[serde(default, deserialize_with = "decode::id_or_none")]
    pub id: Option<CoupaId>,
    /// What it is known by, where it is one to be paid at.
    #[serde(default, alias = "remit_to_code", deserialize_with = "decode::text")]
    pub remit_to_code: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    pub street1: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    pub street2: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    pub city: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    pub state: Option<String>,
    #[serde(default, alias = "postal_code", deserialize_with = "decode::text")]
    pub postal_code: Option<String>,
    #[serde(default, deserialize_with = "decode::object")]
    pub country: Option<Coded>,
}

/// A person at a supplier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are Coupa's own")]
pub struct Contact {
    #[serde(default, deserialize_with = "decode::text")]
    pub email: Option<String>,
    #[serde(default, alias = "name_given", deserialize_with = "decode::text")]
    pub name_given: Option<String>,
    #[serde(default, alias = "name_family", deserialize_with = "decode::text")]
    pub name_family: Option<String>,
}

/// A supplier, as far as a poll looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SupplierStamp {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number.
    #[serde(default, deserialize_with = "decode::text")]
    pub number: Option<String>,
    /// Its status.
    #[serde(default, deserialize_with = "decode::text")]
    pub status: Option<String>,
    /// When it was last changed, by Coupa's clock and in whatever zone.
    #[serde(default, alias = "updated_at", deserialize_with = "decode::text")]
    pub updated_at: Option<String>,
}

impl Record for SupplierStamp {
    const RESOURCE: Resource = Resource::Suppliers;
    const FIELDS: &'static str = r#"["id","number","status","updated_at"]"#;

    fn id(&self) -> CoupaId {
        self.id
    }
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
