//! The members of SAP's entities that the product reads, and no others. A row is decoded on its own, so that one
//! unreadable field costs one document and never its page.

mod document;
mod literal;
mod partner;
mod payment;

pub use document::{AdditionalExpense, Document, DocumentLine, RowStatus};
pub use literal::YesNo;
pub(crate) use literal::{parse_date, parse_time};
pub use partner::{Address, AddressType, BusinessPartner, ContactEmployee};
pub use payment::{Payment, PaymentInvoice};
