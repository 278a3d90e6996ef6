//! Queue, state store, audit trail and Coupa budget on DynamoDB and SQS, secrets in Secrets Manager: the AWS edition.
//!
//! Everything about one document (lease, open attempt, link, parked change, dead letter) shares one item of the state
//! table, so that taking a lease is one conditional write that returns the item, and ending an attempt is one transaction
//! of that item and its audit entry. Nothing is ever scanned: what must be found by something else than its key stands in a sparse
//! index, whose keys are taken as hints only.

mod audit;
mod body;
mod budget;
mod config;
mod cursor;
mod days;
mod document;
mod dynamo;
mod expiring;
mod finish;
mod lambda;
mod lease;
mod member;
mod message;
mod names;
mod numbers;
mod parked;
mod queue;
mod secrets;
mod shared;
mod store;
mod tables;
mod transaction;
mod usage;
mod value;

pub use config::Aws;
pub use dynamo::explain;
pub use lambda::{LambdaQueue, LambdaRecord, Unreadable};
pub use member::SecretMember;
pub use message::{Message, decode_message};
pub use names::{NameError, StackNames};
pub use queue::{QueueUrls, SqsQueue};
pub use secrets::{SecretsManager, StoredSecret};
pub use shared::StoredCell;
pub use store::{AwsStore, AwsStoreSettings};
#[cfg(feature = "contract")]
pub use tables::create_tables;
pub use tables::{AUDIT_TABLE, INDEXES, Index, STATE_TABLE, TableNames};
pub use usage::Usage;
