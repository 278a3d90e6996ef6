use super::document::{Amounts, DocumentKind};
use crate::sap::layout::{Getter, entity};
use crate::sap::value::{Field, Record, Value};
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

/// The line that another was copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The kind of the base document.
    pub kind: DocumentKind,
    /// Its `DocEntry`.
    pub entry: i64,
    /// The `LineNum` there.
    pub line: i64,
}

/// A row of a document.
#[derive(Clone, Debug)]
pub struct Line {
    /// `LineNum`: stays the same for good.
    pub number: i64,
    /// `VisualOrder`
    pub visual_order: i64,
    /// `DocEntry` of its document.
    pub document: i64,
    /// Empty on service documents.
    pub item_code: String,
    /// `ItemDescription`
    pub description: String,
    /// 0 on service documents.
    pub quantity: Decimal,
    /// What is left to receive or invoice.
    pub open_quantity: Decimal,
    /// Before the row's discount, in the document's currency.
    pub unit_price: Decimal,
    /// Percent.
    pub discount_percent: Decimal,
    /// After the row's discount.
    pub price: Decimal,
    /// The document's currency.
    pub currency: String,
    /// The document's rate; 0 in local currency.
    pub rate: Decimal,
    /// Tax group.
    pub vat_group: String,
    /// Percent.
    pub tax_rate: Decimal,
    /// Net, before the header discount.
    pub net: Amounts,
    /// Tax, after the header discount.
    pub tax: Amounts,
    /// General ledger account.
    pub account_code: String,
    /// First cost dimension.
    pub costing_code: String,
    /// `ProjectCode`
    pub project_code: String,
    /// Empty on service documents.
    pub warehouse_code: String,
    /// `MeasureUnit`
    pub unit: String,
    /// `UoMEntry`
    pub unit_entry: i32,
    /// Planned delivery.
    pub ship_date: Option<Date>,
    /// The supplier's number for the item.
    pub supplier_item: String,
    /// `FreeText`
    pub free_text: String,
    /// The line it was copied from.
    pub base: Option<Base>,
    /// Nothing is left to receive or invoice.
    pub closed: bool,
    /// Any other member, and members that tests make wrong; comes before the struct's own.
    pub extra: Option<Box<Record>>,
}

impl Line {
    /// Sets any member by its name in the metadata; answers whether there is one.
    pub fn set(&mut self, name: &str, field: Field) -> bool {
        self.extra.get_or_insert_with(|| Box::new(Record::new("DocumentLine"))).set(name, field)
    }

    /// A service line has no quantity: as long as it is open, all of its amount is.
    fn open_amount(&self, net: Decimal) -> Decimal {
        if self.closed {
            return Decimal::ZERO;
        }
        match self.open_quantity.checked_div(self.quantity) {
            Some(share) => round(net * share),
            None => net,
        }
    }

    fn price_after_tax(&self) -> Decimal {
        (self.price * (Decimal::ONE + self.tax_rate / Decimal::ONE_HUNDRED)).round_dp(6)
    }
}

/// To cents, half away from zero, as SAP rounds amounts.
pub(crate) fn round(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Text, or null where there is none.
pub(crate) fn text_or_null(text: &str) -> Value<'_> {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}

/// `bost_Close` or `bost_Open`.
pub(crate) fn status(closed: bool) -> Value<'static> {
    Value::Name(if closed { "bost_Close" } else { "bost_Open" })
}

static GETTERS: &[(&str, Getter<Line>)] = &[
    ("LineNum", |line| Value::Int(line.number)),
    ("VisualOrder", |line| Value::Int(line.visual_order)),
    ("DocEntry", |line| Value::Int(line.document)),
    ("ItemCode", |line| text_or_null(&line.item_code)),
    ("ItemDescription", |line| text_or_null(&line.description)),
    ("Quantity", |line| Value::Amount(line.quantity)),
    ("InventoryQuantity", |line| Value::Amount(line.quantity)),
    ("RemainingOpenQuantity", |line| Value::Amount(line.open_quantity)),
    ("RemainingOpenInventoryQuantity", |line| Value::Amount(line.open_quantity)),
    ("UnitPrice", |line| Value::Amount(line.unit_price)),
    ("Price", |line| Value::Amount(line.price)),
    ("PriceAfterVAT", |line| Value::Amount(line.price_after_tax())),
    ("GrossPrice", |line| Value::Amount(line.price_after_tax())),
    ("DiscountPercent", |line| Value::Amount(line.discount_percent)),
    ("Currency", |line| Value::Text(&line.currency)),
    ("Rate", |line| Value::Amount(line.rate)),
    ("LineTotal", |line| Value::Amount(line.net.local)),
    ("RowTotalFC", |line| Value::Amount(line.net.foreign)),
    ("RowTotalSC", |line| Value::Amount(line.net.local)),
    ("TaxTotal", |line| Value::Amount(line.tax.local)),
    ("NetTaxAmount", |line| Value::Amount(line.tax.local)),
    ("NetTaxAmountFC", |line| Value::Amount(line.tax.foreign)),
    ("NetTaxAmountSC", |line| Value::Amount(line.tax.local)),
    ("GrossTotal", |line| Value::Amount(line.net.local + line.tax.local)),
    ("GrossTotalFC", |line| Value::Amount(line.net.foreign + line.tax.foreign)),
    ("GrossTotalSC", |line| Value::Amount(line.net.local + line.tax.local)),
    ("TaxPercentagePerRow", |line| Value::Amount(line.tax_rate)),
    ("VatGroup", |line| text_or_null(&line.vat_group)),
    ("AccountCode", |line| text_or_null(&line.account_code)),
    ("CostingCode", |line| text_or_null(&line.costing_code)),
    ("ProjectCode", |line| text_or_null(&line.project_code)),
    ("WarehouseCode", |line| text_or_null(&line.warehouse_code)),
    ("MeasureUnit", |line| text_or_null(&line.unit)),
    ("UoMCode", |line| Value::Text(if line.unit_entry < 0 { "Manual" } else { &line.unit })),
    ("UoMEntry", |line| Value::Int(line.unit_entry.into())),
    ("UnitsOfMeasurment", |_| Value::Amount(Decimal::ONE)),
    ("ShipDate", |line| line.ship_date.map_or(Value::Null, Value::Date)),
    ("SupplierCatNum", |line| text_or_null(&line.supplier_item)),
    ("FreeText", |line| text_or_null(&line.free_text)),
    ("BaseType", |line| Value::Int(line.base.map_or(-1, |base| base.kind.object_type()))),
    ("BaseEntry", |line| line.base.map_or(Value::Null, |base| Value::Int(base.entry))),
    ("BaseLine", |line| line.base.map_or(Value::Null, |base| Value::Int(base.line))),
    ("LineStatus", |line| status(line.closed)),
    ("OpenAmount", |line| Value::Amount(line.open_amount(line.net.local))),
    ("OpenAmountFC", |line| Value::Amount(line.open_amount(line.net.foreign))),
    ("OpenAmountSC", |line| Value::Amount(line.open_amount(line.net.local))),
    ("LineType", |_| Value::Name("dlt_Regular")),
    ("ItemType", |_| Value::Name("dit_Item")),
    ("TreeType", |_| Value::Name("iNotATree")),
    ("TaxType", |_| Value::Name("tt_Yes")),
    ("TaxLiable", |_| Value::Name("tYES")),
    ("UseBaseUnits", |_| Value::Name("tNO")),
    ("WTLiable", |_| Value::Name("tNO")),
    ("DeferredTax", |_| Value::Name("tNO")),
    ("TaxOnly", |_| Value::Name("tNO")),
    ("BackOrder", |_| Value::Name("tNO")),
];

entity!(Line, LAYOUT, "DocumentLine", GETTERS);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::SCHEMA;

    #[test]
    fn the_metadata_knows_all_members() {
        for (name, _) in GETTERS {
            assert!(SCHEMA.entity_type("DocumentLine").index(name).is_some(), "{name}");
        }
    }
}
