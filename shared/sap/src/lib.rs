#![doc = include_str!("../README.md")]

mod batches;
mod client;
#[cfg(test)]
mod contract;
mod cookies;
pub mod entities;
mod error;
mod exchange;
mod fields;
mod login;
mod master_data;
mod pages;
mod partners;
mod query;
mod reads;
mod renew;
mod reply;
mod rows;
mod session;
mod sessions;
mod settings;
mod stats;
mod throttle;
mod webhooks;
mod window;
mod writes;

pub use client::Client;
pub use error::{Error, Unreadable};
pub use master_data::{Coded, PaymentTerm};
pub use pages::Root;
pub use partners::{PartnerBy, PartnerCard};
pub use query::entity_set;
pub use session::{LoginInfo, Refusal, SessionStatus};
pub use settings::{ODataVersion, Settings, SettingsError};
pub use stats::Stats;
pub use webhooks::{EventAuthentication, EventSubscription, SubscriptionAction, SubscriptionState};
pub use window::{Page, Row, Window};
pub use writes::{ETag, WholePartner, WriteCall};
