//! Pure functions from SAP's documents to what Coupa must show, and the mapping file that customers edit.
//!
//! No I/O and no clock: the same state in SAP gives the same image, byte for byte. The pipeline compares images to
//! decide whether anything has to be sent, so every map here is ordered and every decimal is written one way.

mod bases;
mod both_ways;
mod charges;
mod codes;
mod context;
mod difference;
mod fields;
mod figures;
mod file;
mod image;
mod invoice;
mod lines;
mod matching;
mod members;
mod numbers;
mod order;
mod payment;
mod sheet;
mod source;
mod subject;
mod supplier;
mod tax;
mod text;
mod totals;

pub use bases::{BaseDocuments, Bases, base_documents, cancelled_document};
pub use both_ways::{
    Conflict, Fields, NewPartner, Ownership, Reconciled, Side, coupa_fields, moves_with, new_partner,
    reconcile, sap_fields, to_coupa, to_sap,
};
pub use context::{Context, CoupaDefaults};
pub use difference::difference;
pub use figures::cents;
pub use file::{Adopt, CodeTable, Mapping, MappingError, Table};
pub use image::{InvoiceImage, LineImage, OrderImage, OrderLineRef, OrderState, PaymentImage, SupplierImage};
pub use invoice::{carries_mark, invoice, invoice_number};
pub use matching::{Match, Party, Reason, propose};
pub use order::order;
pub use payment::{PAYMENT_NOTES, payment};
pub use source::{Source, source_in_coupa, source_in_sap, source_of, sources};
pub use supplier::supplier;

/// A mapping file with every setting at its default, commented out and explained.
pub const EXAMPLE: &str = include_str!("../mapping.example.toml");

#[cfg(test)]
mod tests;
