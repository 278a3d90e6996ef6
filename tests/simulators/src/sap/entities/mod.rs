//! The documents, as the company keeps them.

mod document;
mod document_members;
mod line;
mod payment;

pub use document::{Amounts, CancelStatus, Document, DocumentKind, Expense, Withholding};
pub(crate) use line::round;
pub use line::{Base, Line};
pub use payment::{Payment, PaymentRow};
