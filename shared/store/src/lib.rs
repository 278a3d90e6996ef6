//! Queue, state store, audit trail and secrets: the traits, and the adapters behind them.
//!
//! The pipeline sees only the traits. Every adapter passes the one contract suite in `contract` (behind the feature
//! of that name), which says in tests what the comments here say in words.

mod audit;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
#[cfg(any(feature = "aws", feature = "embedded"))]
mod packed;
#[cfg(feature = "embedded")]
mod private_file;
mod queue;
mod secrets;
mod state;

pub use audit::{AuditFilter, AuditTrail, ExpiringTrail};
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedStore, OpenError};
pub use error::StoreError;
#[cfg(feature = "embedded")]
pub use private_file::{replace as replace_private_file, write_new as write_private_file};
pub use queue::{DeadLetterCopy, Depth, Queue, Receipt, Received};
#[cfg(feature = "embedded")]
pub use secrets::SecretFile;
pub use secrets::{SecretError, SecretName, Secrets};
pub use state::{DeadLetterRow, Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore};
