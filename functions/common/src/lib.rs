//! What the Lambda functions share: environment, clients, deadline, figures.

mod deadline;
mod figures;
mod serve;
mod stack;
#[cfg(feature = "testing")]
pub mod testing;

pub use deadline::Deadline;
pub use figures::Figures;
pub use lambda_runtime::Error;
pub use serve::{serve, store_failed};
pub use stack::{Stack, start};
