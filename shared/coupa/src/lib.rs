#![doc = include_str!("../README.md")]

mod budget;
mod call;
mod client;
mod decode;
mod error;
mod ignored;
mod problems;
mod query;
mod reference;
mod replies;
mod resource;
mod settings;

pub use budget::{BudgetLedger, BudgetState, LedgerError};
pub use call::{Call, Tally};
pub use client::{Client, ScopeCheck, SettingsError, Stats};
pub use error::Error;
pub use ignored::{Ignored, ignored_references};
pub use problems::Problem;
pub use query::Query;
pub use reference::Reference;
pub use replies::{
    Account, Address, Coded, Invoice, InvoiceLine, InvoicePayment, Order, OrderLine, Record, Supplier,
    SupplierRef, User,
};
pub use resource::{Action, Resource};
pub use settings::{BYPASS_SCOPE, Rate, SCOPES, Settings};
