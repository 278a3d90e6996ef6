//! Small entries of SAP's with everything filled in that the mapping asks for: what tests begin with.

use crate::sap::{AddressSpec, DocumentSpec, LineSpec, SupplierSpec};
use rust_decimal::Decimal;

/// A valid supplier in Berlin that is paid in euro.
pub fn supplier(code: &str) -> SupplierSpec {
    SupplierSpec {
        code: code.to_owned(),
        name: format!("Supplier {code}"),
        currency: "EUR".to_owned(),
        payment_terms: 3,
        federal_tax_id: "DE123456789".to_owned(),
        email: "ap@supplier.example".to_owned(),
        addresses: vec![AddressSpec {
            name: "HQ".to_owned(),
            street: "Main 1".to_owned(),
            city: "Berlin".to_owned(),
            zip_code: "10115".to_owned(),
            country: "DE".to_owned(),
            ..AddressSpec::default()
        }],
        valid: true,
        ..SupplierSpec::default()
    }
}

/// Pieces from the main warehouse with the full tax. A price that is no number is left out.
pub fn line(item: &str, quantity: i64, price: &str) -> LineSpec {
    LineSpec {
        item_code: item.to_owned(),
        description: format!("Item {item}"),
        quantity: Some(Decimal::from(quantity)),
        unit_price: price.parse().ok(),
        vat_group: "I19".to_owned(),
        account_code: "140000".to_owned(),
        warehouse_code: "01".to_owned(),
        unit: "pcs".to_owned(),
        ..LineSpec::default()
    }
}

/// A document of the supplier's, in euro, with its own number for it.
pub fn document(supplier: &str, lines: Vec<LineSpec>) -> DocumentSpec {
    DocumentSpec {
        supplier: supplier.to_owned(),
        currency: "EUR".to_owned(),
        payment_terms: Some(3),
        reference: format!("their-{supplier}"),
        lines,
        ..DocumentSpec::default()
    }
}
