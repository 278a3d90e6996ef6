//! The Service Layer of SAP Business One, simulated.

mod control;
mod entities;
mod layout;
mod query;
mod refusal;
mod schema;
mod service;
mod settings;
mod value;
mod webhooks;
mod world;

pub use entities::{
    Amounts, Base, CancelStatus, Document, DocumentKind, Expense, Line, Payment, PaymentRow, Withholding,
};
pub use refusal::Refusal;
pub use service::{Fault, FaultKind, LoggedRequest, Simulator};
pub use settings::{Approval, DateStyle, LinkStyle, MetadataVersion, Settings};
pub use value::{Field, Record};
pub use webhooks::{WebhookSender, signature as webhook_signature};
pub use world::{
    AddressSpec, ContactSpec, DocumentSpec, ExpenseSpec, InvoiceSpec, LineSpec, OrderSpec, PaymentSpec,
    SupplierSpec,
};
