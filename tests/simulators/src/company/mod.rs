//! A believable distributor, made from a seed.

mod master_data;

pub use master_data::{
    CurrencyRecord, GlAccount, MasterData, PaymentTerms, TaxCode, UnitOfMeasure, WarehouseRecord, master_data,
};
