//! Queue, state store and audit trail: the traits, and the adapters behind them.
//!
//! The pipeline sees only the traits. Every adapter passes the one contract suite in [`contract`], which says in
//! tests what the comments here say in words.

mod audit;
mod error;
mod queue;
mod state;

pub use audit::{AuditFilter, AuditTrail};
pub use error::StoreError;
pub use queue::{Depth, Queue, Receipt, Received};
pub use state::{DeadLetterRow, Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore};
