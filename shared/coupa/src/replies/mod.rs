//! Coupa's objects, as far as the product reads them. Every member may be missing or null, except the id.

mod invoice;
mod order;
mod supplier;

pub use invoice::{Invoice, InvoiceCharge, InvoiceLine, InvoicePayment, TaxLine};
pub use order::{Address, Order, OrderLine, User};
pub use supplier::{
    Account, Coded, Contact, Named, PostalAddress, Supplier, SupplierAddress, SupplierRef, SupplierStamp,
    WholeSupplier,
};

use crate::Resource;
use model::CoupaId;
use serde::de::DeserializeOwned;

/// An object with an id, at home under a resource.
pub trait Record: DeserializeOwned + Send {
    /// Where it is at home.
    const RESOURCE: Resource;
    /// The `fields` parameter: exactly what the type reads, in Coupa's own form for it.
    const FIELDS: &'static str;
    /// Its id.
    fn id(&self) -> CoupaId;
}
