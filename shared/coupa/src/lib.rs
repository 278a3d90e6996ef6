//! Client of Coupa's Core REST API, with the pacer.

mod budget;

pub use budget::{BudgetLedger, BudgetState, LedgerError};
