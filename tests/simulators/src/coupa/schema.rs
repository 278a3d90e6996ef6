//! What Coupa's Swagger files say about each object: attribute names, types, lengths, what is read-only.
//!
//! The list itself is `attributes.txt`. Two small tables here say where the prose of Coupa's documents is more
//! exact than its Swagger.

use std::sync::LazyLock;

/// A kind of Coupa object, by the name it has in Coupa's Swagger files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named as Coupa names it")]
pub enum Kind {
    Supplier,
    Contact,
    PhoneNumber,
    SupplierAddress,
    RemitToAddress,
    OrderHeader,
    OrderLine,
    OrderLineAllocation,
    InvoiceHeader,
    InvoiceLine,
    InvoiceLineAllocation,
    InvoiceCharge,
    InvoiceChargeAllocation,
    TaxLine,
    Payment,
    Account,
    AccountType,
    Address,
    Country,
    Currency,
    Department,
    Enterprise,
    Integration,
    IntegrationError,
    IntegrationHistoryRecord,
    IntegrationRecordResponse,
    IntegrationRun,
    Lookup,
    LookupValue,
    PaymentTerm,
    ReasonInsight,
    ShippingTerm,
    TaxCode,
    Uom,
    UserSimple,
    Commodity,
    Item,
    InvoiceFailedTolerance,
}

use Kind as K;

/// Every kind with its Swagger name and the object's name in error messages.
const NAMES: [(Kind, &str, &str); 38] = [
    (K::Supplier, "Supplier", "supplier"),
    (K::Contact, "Contact", "contact"),
    (K::PhoneNumber, "PhoneNumber", "phone-number"),
    (K::SupplierAddress, "SupplierAddress", "supplier-address"),
    (K::RemitToAddress, "RemitToAddress", "remit-to-address"),
    (K::OrderHeader, "OrderHeader", "order-header"),
    (K::OrderLine, "OrderLine", "order-header.order_lines"),
    (K::OrderLineAllocation, "OrderLineAllocation", "order-header.order_lines.account_allocations"),
    (K::InvoiceHeader, "InvoiceHeader", "invoice-header"),
    (K::InvoiceLine, "InvoiceLine", "invoice-header.invoice_lines"),
    (K::InvoiceLineAllocation, "InvoiceLineAllocation", "invoice-header.invoice_lines.account_allocations"),
    (K::InvoiceCharge, "InvoiceCharge", "invoice-header.invoice_charges"),
    (
        K::InvoiceChargeAllocation,
        "InvoiceChargeAllocation",
        "invoice-header.invoice_charges.account_allocations",
    ),
    (K::TaxLine, "TaxLine", "invoice-header.invoice_lines.tax_lines"),
    (K::Payment, "Payment", "invoice-header.payments"),
    (K::Account, "Account", "account"),
    (K::AccountType, "AccountType", "account_type"),
    (K::Address, "Address", "address"),
    (K::Country, "Country", "country"),
    (K::Currency, "Currency", "currency"),
    (K::Department, "Department", "department"),
    (K::Enterprise, "Enterprise", "enterprise"),
    (K::Integration, "Integration", "integration"),
    (K::IntegrationError, "IntegrationError", "integration_error"),
    (K::IntegrationHistoryRecord, "IntegrationHistoryRecord", "integration_history_record"),
    (K::IntegrationRecordResponse, "IntegrationRecordResponse", "integration_record_response"),
    (K::IntegrationRun, "IntegrationRun", "integration_run"),
    (K::Lookup, "Lookup", "lookup"),
    (K::LookupValue, "LookupValue", "lookup_value"),
    (K::PaymentTerm, "PaymentTerm", "payment_term"),
    (K::ReasonInsight, "ReasonInsight", "reason_insight"),
    (K::ShippingTerm, "ShippingTerm", "shipping_term"),
    (K::TaxCode, "TaxCode", "tax_code"),
    (K::Uom, "Uom", "uom"),
    (K::UserSimple, "UserSimple", "user"),
    (K::Commodity, "Commodity", "commodity"),
    (K::Item, "Item", "item"),
    (K::InvoiceFailedTolerance, "Invoice-FailedTolerance", "failed_tolerance"),
];

/// Read-only in Swagger, yet the documents or production clients show that Coupa takes them.
const TAKEN_ALL_THE_SAME: [(Kind, &str); 8] = [
    (K::InvoiceLine, "order-header-num"),
    (K::InvoiceLine, "order-line-num"),
    (K::InvoiceLine, "po-number"),
    (K::PhoneNumber, "country-code"),
    (K::PhoneNumber, "area-code"),
    (K::PhoneNumber, "number"),
    (K::PhoneNumber, "extension"),
    (K::IntegrationHistoryRecord, "integration-filename"),
];

/// Not marked in Swagger, yet the documents say that Coupa computes them.
const COMPUTED: [(Kind, &str); 9] = [
    (K::OrderLine, "received"),
    (K::OrderLine, "invoiced"),
    (K::OrderLine, "total"),
    (K::OrderLine, "status"),
    (K::OrderLine, "created-by"),
    (K::OrderLine, "updated-by"),
    (K::OrderLine, "accounting-total"),
    (K::OrderLine, "reporting-total"),
    (K::OrderLine, "order-header-id"),
];

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text, with its greatest length in characters.
    Text(Option<usize>),
    /// A whole number.
    Integer,
    /// A decimal, with the digits kept after the point.
    Decimal(Option<u32>),
    /// True or false.
    Boolean,
    /// A moment.
    Moment,
    /// A calendar date.
    Day,
    /// One object that the simulator keeps as it came.
    Opaque,
    /// A list of such objects.
    OpaqueList,
    /// One object of a known kind.
    One(Kind),
    /// A list of them.
    Many(Kind),
}

/// One attribute of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    /// Its hyphenated name.
    pub(crate) name: &'static str,
    /// Its type.
    pub(crate) ty: Type,
    /// Whether Coupa ignores it on input.
    pub(crate) read_only: bool,
}

/// Custom fields exist on every object, though Swagger leaves them out.
pub(crate) const CUSTOM_FIELDS: Attribute =
    Attribute { name: "custom-fields", ty: Type::Opaque, read_only: false };

static SHAPES: LazyLock<Vec<Vec<Attribute>>> = LazyLock::new(|| {
    let mut shapes = vec![Vec::new(); NAMES.len()];
    let mut kind = K::Supplier;
    for line in include_str!("attributes.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("= ") {
            kind = Kind::named(name).unwrap_or(kind);
        } else if let Some(attribute) = parse_attribute(kind, line)
            && let Some(shape) = shapes.get_mut(kind as usize)
        {
            shape.push(attribute);
        }
    }
    shapes
});

fn parse_attribute(kind: Kind, line: &'static str) -> Option<Attribute> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let ty = parse_type(words.next()?);
    let marked = words.next() == Some("ro");
    let taken = TAKEN_ALL_THE_SAME.contains(&(kind, name));
    Some(Attribute { name, ty, read_only: (marked && !taken) || COMPUTED.contains(&(kind, name)) })
}

fn parse_type(word: &str) -> Type {
    let (base, size) = match word.split_once('(') {
        Some((base, rest)) => (base, rest.trim_end_matches(')')),
        None => (word, ""),
    };
    match base {
        "string" => Type::Text(size.parse().ok()),
        "integer" => Type::Integer,
        "decimal" => Type::Decimal(size.split(',').nth(1).and_then(|scale| scale.parse().ok())),
        "boolean" => Type::Boolean,
        "moment" => Type::Moment,
        "day" => Type::Day,
        "objects" => Type::OpaqueList,
        _ => match base.strip_suffix('*') {
            Some(name) => Kind::named(name).map_or(Type::OpaqueList, Type::Many),
            None => Kind::named(base).map_or(Type::Opaque, Type::One),
        },
    }
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, swagger, _)| *swagger == name).map(|(kind, _, _)| *kind)
    }

    /// Its name in Swagger.
    pub fn name(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |(_, swagger, _)| swagger)
    }

    /// Its name as a key of error replies.
    pub(crate) fn error_key(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |(_, _, key)| key)
    }

    /// Its attributes, in the order of their names.
    pub(crate) fn attributes(self) -> &'static [Attribute] {
        SHAPES.get(self as usize).map_or(&[], Vec::as_slice)
    }

    /// The attribute of this hyphenated name.
    pub(crate) fn attribute(self, name: &str) -> Option<Attribute> {
        if name == CUSTOM_FIELDS.name {
            return Some(CUSTOM_FIELDS);
        }
        let shape = self.attributes();
        shape
            .binary_search_by(|attribute| attribute.name.cmp(name))
            .ok()
            .and_then(|at| shape.get(at))
            .copied()
    }

    /// Whether objects of this kind live inside another one, as lines do.
    pub(crate) fn is_part(self) -> bool {
        matches!(
            self,
            K::Contact
                | K::PhoneNumber
                | K::SupplierAddress
                | K::RemitToAddress
                | K::OrderLine
                | K::OrderLineAllocation
                | K::InvoiceLine
                | K::InvoiceLineAllocation
                | K::InvoiceCharge
                | K::InvoiceChargeAllocation
                | K::TaxLine
                | K::Payment
                | K::IntegrationRecordResponse
                | K::InvoiceFailedTolerance
        )
    }

    /// The attributes by which another object may point at one of this kind, in the order they are tried.
    pub(crate) fn keys(self) -> &'static [&'static str] {
        match self {
            K::Supplier => &["id", "number", "name"],
            K::OrderHeader => &["id", "po-number"],
            K::InvoiceHeader | K::IntegrationRun | K::IntegrationError | K::IntegrationHistoryRecord => {
                &["id"]
            }
            K::UserSimple => &["id", "login", "email", "employee-number"],
            K::Address => &["id", "location-code", "name"],
            K::AccountType | K::Department | K::Commodity | K::Lookup | K::Enterprise => &["id", "name"],
            K::Account => &["id", "code"],
            K::LookupValue => &["id", "external-ref-num", "external-ref-code", "name"],
            K::Item => &["id", "item-number", "name"],
            K::Integration | K::Country => &["id", "code", "name"],
            K::PaymentTerm | K::Currency | K::Uom | K::TaxCode | K::ShippingTerm | K::ReasonInsight => {
                &["id", "code"]
            }
            _ => &["id"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_place_and_its_attributes() {
        for (at, (kind, name, _)) in NAMES.iter().enumerate() {
            assert_eq!(*kind as usize, at, "{name}");
            assert!(kind.attribute("id").is_some() || *kind == K::InvoiceFailedTolerance, "{name} has an id");
            for key in kind.keys() {
                assert!(kind.attribute(key).is_some(), "{name}.{key}");
            }
        }
    }

    #[test]
    fn lengths_and_read_only_marks_come_from_the_contract() {
        let invoice_number = K::InvoiceHeader.attribute("invoice-number").expect("known");
        assert_eq!((invoice_number.ty, invoice_number.read_only), (Type::Text(Some(40)), false));
        assert!(K::InvoiceHeader.attribute("gross-total").is_some_and(|total| total.read_only));
        assert!(K::InvoiceLine.attribute("order-line-num").is_some_and(|number| !number.read_only));
        assert!(K::OrderLine.attribute("total").is_some_and(|total| total.read_only));
        assert!(K::Supplier.attribute("currency").is_none(), "suppliers have no currency");
    }
}
