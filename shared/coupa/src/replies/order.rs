use super::{Account, Coded, Record, SupplierRef};
use crate::{Resource, decode};
use model::CoupaId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A purchase order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Order {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number.
    #[serde(default, alias = "po_number", deserialize_with = "decode::text")]
    pub po_number: Option<String>,
    /// `ExternalOrderHeader` where the order came by the API.
    #[serde(default, rename = "type", deserialize_with = "decode::text")]
    pub order_type: Option<String>,
    /// `draft`, `issued`, `closed`, `soft_closed`, `cancelled` or `canceled`, and others.
    #[serde(default, deserialize_with = "decode::text")]
    pub status: Option<String>,
    /// Grows with what Coupa counts as a change.
    #[serde(default, deserialize_with = "decode::integer")]
    pub version: Option<u64>,
    /// Whose.
    #[serde(default, deserialize_with = "decode::object")]
    pub supplier: Option<SupplierRef>,
    /// Currency.
    #[serde(default, deserialize_with = "decode::object")]
    pub currency: Option<Coded>,
    /// Payment term.
    #[serde(default, alias = "payment_term", deserialize_with = "decode::object")]
    pub payment_term: Option<Coded>,
    /// Where the goods go.
    #[serde(default, alias = "ship_to_address", deserialize_with = "decode::object")]
    pub ship_to_address: Option<Address>,
    /// Who gets them.
    #[serde(default, alias = "ship_to_user", deserialize_with = "decode::object")]
    pub ship_to_user: Option<User>,
    /// Lines.
    #[serde(default, alias = "order_lines", deserialize_with = "decode::list")]
    pub order_lines: Vec<OrderLine>,
}

impl Record for Order {
    const RESOURCE: Resource = Resource::PurchaseOrders;
    const FIELDS: &'static str = concat!(
        r#"["id","po_number","type","status","version",{"supplier":["id","number"]},{"currency":["code"]},"#,
        r#"{"payment_term":["code"]},{"ship_to_address":["location_code"]},{"ship_to_user":["login","email"]},"#,
        r#"{"order_lines":["id","line_num","external_reference_number","price","quantity","total","status","#,
        r#"{"uom":["code"]},{"account":["code"]}]}]"#
    );

    fn id(&self) -> CoupaId {
        self.id
    }
}

/// A line of a purchase order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrderLine {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number, as text.
    #[serde(default, alias = "line_num", deserialize_with = "decode::text")]
    pub line_num: Option<String>,
    /// What we know it by.
    #[serde(default, alias = "external_reference_number", deserialize_with = "decode::text")]
    pub external_reference_number: Option<String>,
    /// Unit price, or the amount of an amount line.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub price: Option<Decimal>,
    /// None on an amount line.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub quantity: Option<Decimal>,
    /// Price times quantity.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub total: Option<Decimal>,
    /// `created`, `received`, `closed` and others.
    #[serde(default, deserialize_with = "decode::text")]
    pub status: Option<String>,
    /// Unit.
    #[serde(default, deserialize_with = "decode::object")]
    pub uom: Option<Coded>,
    /// Account.
    #[serde(default, deserialize_with = "decode::object")]
    pub account: Option<Account>,
}

/// A ship-to address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Address {
    /// Its code.
    #[serde(default, alias = "location_code", deserialize_with = "decode::text")]
    pub location_code: Option<String>,
}

/// A ship-to user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// Login.
    #[serde(default, deserialize_with = "decode::text")]
    pub login: Option<String>,
    /// E-mail.
    #[serde(default, deserialize_with = "decode::text")]
    pub email: Option<String>,
}
