//! A believable distributor, made from a seed.

mod documents;
mod generate;
mod master_data;
mod random;
mod suppliers;
mod words;

pub use generate::{Size, generate};
pub use master_data::{
    CurrencyRecord, GlAccount, MasterData, PaymentTerms, TaxCode, UnitOfMeasure, WarehouseRecord, master_data,
};
