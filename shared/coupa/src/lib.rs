#![doc = include_str!("../README.md")]

mod alerts;
mod budget;
mod call;
mod client;
mod decode;
mod documents;
mod error;
mod exchange;
mod find;
mod gate;
mod ignored;
mod ledger;
mod mint;
mod pacer;
mod problems;
mod query;
mod reference;
mod replies;
mod resource;
mod retry;
mod settings;
mod token;
mod tokens;

pub use alerts::Alert;
pub use budget::{BudgetLedger, BudgetState, LedgerError};
pub use call::{Call, Tally};
pub use client::{Client, SettingsError, Stats};
pub use documents::PAGE;
pub use error::Error;
pub use ignored::{Ignored, differences, ignored_references};
pub use problems::{Problem, decode as read_problems};
pub use query::Query;
pub use reference::{Reference, ScopeCheck};
pub use replies::{
    Account, Address, Coded, Contact, Invoice, InvoiceCharge, InvoiceLine, InvoicePayment, Named, Order,
    OrderLine, PostalAddress, Record, Supplier, SupplierAddress, SupplierRef, SupplierStamp, TaxLine, User,
    WholeSupplier,
};
pub use resource::{Action, Resource};
pub use settings::{ALERT_SCOPES, BYPASS_SCOPE, BudgetBlock, Rate, SCOPES, Settings};
