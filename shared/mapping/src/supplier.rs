use crate::{Context, SupplierImage};
use model::{Code, Failure};
use sap::entities::BusinessPartner;

/// What Coupa must show of a supplier.
pub fn supplier(_context: &Context<'_>, _partner: &BusinessPartner) -> Result<SupplierImage, Failure> {
    Err(Failure::new(Code::SapFieldUnreadable, "not mapped yet"))
}
