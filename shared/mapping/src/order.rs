use crate::{Context, OrderImage};
use model::{Code, Failure};
use sap::entities::Document;

/// What Coupa must show of a purchase order.
pub fn order(_context: &Context<'_>, _order: &Document) -> Result<OrderImage, Failure> {
    Err(Failure::new(Code::SapFieldUnreadable, "not mapped yet"))
}
