#![doc = include_str!("../README.md")]

#[cfg(feature = "channels")]
mod channel;
mod digest;
#[cfg(feature = "channels")]
mod email;
mod findings;
mod message;
mod outage;
mod tell;
#[cfg(feature = "channels")]
mod webhook;

#[cfg(feature = "channels")]
pub use channel::{Channel, ChannelError};
pub use digest::{Digest, Rhythm, Told, digest};
#[cfg(feature = "channels")]
pub use email::{Email, EmailSettings, Login, Security};
pub use findings::{Drift, Example, Failures, Findings, Standstill};
pub use message::Message;
pub use outage::{Outage, System, Watch};
pub use tell::{TOPIC, TellError, tell, told};
#[cfg(feature = "channels")]
pub use webhook::Webhook;
