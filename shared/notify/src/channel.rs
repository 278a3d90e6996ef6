use crate::{Email, Message, Webhook};
use jiff::Timestamp;

/// A way to people that needs nothing but this machine.
#[derive(Debug)]
pub enum Channel {
    /// Mail.
    Email(Box<Email>),
    /// A signed POST.
    Webhook(Webhook),
}

/// Why a channel did not take a message. Never says a secret, nor the path of a webhook, which may be as good as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// No mail can have this address.
    #[error("`{address}` is no mail address: {reason}")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Mail and password would go over the network in plain.
    #[error("mail is not sent in plain to {0}; only to this very machine")]
    Plain(String),
    /// TLS or HTTP can't be set up here.
    #[error("no connection can be made: {0}")]
    Setup(String),
    /// The mail server said no, or nothing.
    #[error("the mail server {server} did not take it: {reason}")]
    Mail {
        /// Host and port.
        server: String,
        /// What it said.
        reason: String,
    },
    /// The other end of the webhook did not answer.
    #[error("{origin}: {reason}")]
    NoAnswer {
        /// Scheme, host and port.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The other end of the webhook said no.
    #[error("{origin} answered {status}, and only 2xx means that it was taken")]
    Status {
        /// Scheme, host and port.
        origin: String,
        /// What it answered.
        status: u16,
    },
}

impl Channel {
    /// Hands the message over. `Ok` means that the other side has taken it.
    pub async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        match self {
            Self::Email(email) => email.send(message).await,
            Self::Webhook(webhook) => webhook.send(message).await,
        }
    }

    /// Tries the whole way, and tells nobody anything.
    pub async fn check(&self, company: &str, now: Timestamp) -> Result<(), ChannelError> {
        match self {
            Self::Email(email) => email.check().await,
            Self::Webhook(webhook) => webhook.check(company, now).await,
        }
    }
}
