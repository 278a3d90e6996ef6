//! Reads the config, and builds the clients and the pipeline from it: the same in every edition.
//!
//! What differs between the editions comes in through [`Parts`]: where changes queue up, where state is kept, and where
//! secrets come from.

mod build;
pub mod config;
mod error;

pub use build::{Parts, WORKING_TIME, batch, load_mapping, pipeline, sap_tls, settings};
pub use config::Config;
pub use error::SetupError;
