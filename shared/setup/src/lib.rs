//! Reads the config, and builds the clients and the pipeline from it: the same in every edition.
//!
//! What differs between the editions comes in through [`Parts`]: where changes queue up, where state is kept, and where
//! secrets come from.

mod build;
mod cells;
pub mod config;
mod contact;
mod error;
mod meter;
mod subscription;
mod webhook;

pub use build::{
    Parts, Transports, WORKING_TIME, batch, documents_per_second, guardrail, load_mapping, pipeline,
    pipeline_over, sap_tls, settings,
};
pub use cells::{session_cell, token_cell};
pub use config::Config;
pub use contact::{SAP_CONTACT, SapContact, remember_contact};
pub use error::SetupError;
pub use meter::Meter;
pub use subscription::keep_subscribed;
pub use webhook::webhook;
