//! The webhooks that a Service Layer has from 10.0 FP 2602 on: subscriptions, and the events that go out for them.

mod by_hand;
mod call;
mod sender;
mod service;

pub use by_hand::signature;
pub use sender::WebhookSender;
pub(crate) use service::route;

use super::settings::Settings;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What can happen to each object.
pub(crate) const TRANSACTIONS: [&str; 6] =
    ["Created", "Updated", "Deleted", "Closed", "Cancelled", "Reopened"];

/// Everything about webhooks in one company.
#[derive(Default)]
pub(crate) struct Webhooks {
    /// `EnableWebhook` of the company's settings.
    pub(crate) enabled: bool,
    subscriptions: BTreeMap<String, Subscription>,
    events: u64,
}

/// `EventSubscriptions`
#[derive(Clone)]
struct Subscription {
    url: String,
    authentication: Authentication,
    handshake: bool,
    events: BTreeSet<(String, String)>,
    state: State,
    replaying: bool,
    /// On their way, oldest first.
    pending: Vec<Value>,
    /// What was not delivered, until a replay.
    missed: Vec<Value>,
    failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Inactive,
    Exceptional,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Exceptional => "Exceptional",
        }
    }
}

/// How the caller proves who it is.
#[derive(Clone)]
pub(crate) enum Authentication {
    None,
    Basic { user: String, password: String },
    Hmac { key: String, algorithm: String },
}

/// One call that is to be made.
pub(crate) struct Delivery {
    pub(crate) subscription: String,
    pub(crate) url: String,
    pub(crate) authentication: Authentication,
    pub(crate) events: Vec<Value>,
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    Taken,
    /// 5xx, 408, 429 or no reply.
    TryAgain,
    /// Any other 4xx: SAP doesn't send it again by itself.
    Refused,
}

impl Webhooks {
    /// Something happened to an object whose key is `member` = `key`.
    pub(crate) fn happened(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        object: &str,
        transaction: &str,
        key: (&str, &str),
    ) {
        if !self.enabled {
            return;
        }
        let wanted = (object.to_owned(), transaction.to_owned());
        for subscription in self.subscriptions.values_mut().filter(|one| one.events.contains(&wanted)) {
            self.events += 1;
            let event = json!({
                "id": format!("00000000-0000-4000-8000-{:012x}", self.events),
                "specversion": "1.0",
                "source": format!("/default/sap.b1/{}", settings.company_db),
                "type": format!("sap.b1.{object}.{transaction}.v1"),
                "subject": key.1,
                "time": now.to_string(),
                "datacontenttype": "application/json",
                "data": {key.0: key.1},
            });
            match subscription.state {
                State::Active => subscription.pending.push(event),
                _ => subscription.missed.push(event),
            }
        }
    }

    /// The next call of each active subscription.
    pub(crate) fn due(&self, settings: &Settings) -> Vec<Delivery> {
        let active = self.subscriptions.iter().filter(|(_, one)| one.state == State::Active);
        let due = active.filter(|(_, one)| !one.pending.is_empty()).map(|(id, one)| {
            let mut events: Vec<Value> = one.pending.iter().take(settings.webhook_batch).cloned().collect();
            if settings.webhooks_reorder {
                events.reverse();
            }
            Delivery {
                subscription: id.clone(),
                url: one.url.clone(),
                authentication: one.authentication.clone(),
                events,
            }
        });
        due.collect()
    }

    /// Takes note of what came of a call.
    pub(crate) fn delivered(&mut self, settings: &Settings, delivery: &Delivery, outcome: Delivered) {
        let Some(subscription) = self.subscriptions.get_mut(&delivery.subscription) else { return };
        let sent = delivery.events.len().min(subscription.pending.len());
        match outcome {
            Delivered::Taken => {
                subscription.pending.drain(..sent);
                subscription.failures = 0;
                subscription.replaying &= !subscription.pending.is_empty();
            }
            Delivered::Refused => {
                let lost: Vec<Value> = subscription.pending.drain(..sent).collect();
                subscription.missed.extend(lost);
            }
            Delivered::TryAgain => {
                subscription.failures += 1;
                if subscription.failures > settings.webhook_retries {
                    subscription.give_up();
                }
            }
        }
    }
}

impl Subscription {
    /// SAP deactivates what doesn't answer, until somebody resumes it.
    fn give_up(&mut self) {
        self.state = State::Exceptional;
        self.failures = 0;
        self.missed.append(&mut self.pending);
    }
}
