#![doc = include_str!("../README.md")]

mod client;
pub mod entities;
mod error;
mod master_data;
mod session;
mod settings;
mod stats;
mod window;

pub use client::Client;
pub use error::{Error, Unreadable};
pub use master_data::{Coded, PaymentTerm};
pub use session::{LoginInfo, Refusal, SessionStatus};
pub use settings::{ODataVersion, Settings, SettingsError};
pub use stats::Stats;
pub use window::{Page, Row, Window};
