//! The words of the domain: documents, changes, leases, links, outcomes. No I/O.
//!
//! Everything the other crates pass to each other is here, so that an adapter can be swapped without the
//! pipeline noticing. Time and randomness are traits ([`Clock`], [`Random`]) for the same reason.

mod audit;
mod change;
mod clock;
mod cursor;
mod document;
mod error;
mod item;
mod lease;
mod link;
mod parked;
pub mod planted;
mod renewed;
pub mod secret_text;
mod shared_secret;

pub use audit::{AuditEntry, AuditHead, AuditOutcome, Chain, Direction, goes_to_sap};
pub use change::{Cause, Change, CorrelationId, Lane, Step};
pub use clock::{Clock, Random};
pub use cursor::{Cursor, Pass, Seen, Stamp};
pub use document::{CompanyDb, DocumentKey, ObjectKind, ParseKeyError, SapKey};
pub use error::{Code, ErrorClass, Failure};
pub use item::{DeadLetter, DocumentItem};
pub use lease::{Fence, Lease, OpenAttempt, Owner};
pub use link::{
    Agreed, AppliedPayment, CoupaId, InvoiceLink, InvoiceStage, LineId, Link, OrderLink, OrderStage,
    PaymentLink, Sent, SupplierLink,
};
pub use parked::Parked;
pub use renewed::{Renewed, RenewedCell, Turn};
pub use shared_secret::{Credential, CredentialError, LocalSecret, SharedSecret, SharedSecretError};
