//! The messenger's work, done by whoever plays a history: what is on its way is handed over, and may be lost, doubled or late.

use super::{Authentication, State, Subscription, TRANSACTIONS, call};
use crate::sap::Simulator;
use serde_json::Value;

impl Simulator {
    /// Has everything told that the event catalog names, as `webhooks enable` does, and without a handshake.
    pub fn subscribe_to_everything(&self, key: &str) {
        let authentication = Authentication::Hmac { key: key.to_owned(), algorithm: HASH.to_owned() };
        self.with_world(|world| {
            let objects = world.settings.webhook_objects.iter();
            let events = objects
                .flat_map(|object| TRANSACTIONS.map(|transaction| (object.clone(), transaction.to_owned())));
            let subscription = Subscription {
                url: "https://bridge.example/sap/events".to_owned(),
                authentication,
                handshake: true,
                events: events.collect(),
                state: State::Active,
                replaying: false,
                pending: vec![],
                missed: vec![],
                failures: 0,
            };
            world.webhooks.enabled = true;
            world.webhooks.subscriptions.insert("by-hand".to_owned(), subscription);
        });
    }

    /// The key that the subscription with that id signs with, where it signs.
    pub fn webhook_key(&self, id: &str) -> Option<String> {
        self.with_world(|world| match &world.webhooks.subscriptions.get(id)?.authentication {
            Authentication::Hmac { key, .. } => Some(key.clone()),
            Authentication::None | Authentication::Basic { .. } => None,
        })
    }

    /// Takes what is on its way, oldest first. The caller delivers it, or doesn't.
    pub fn take_events(&self) -> Vec<Value> {
        self.with_world(|world| {
            let subscriptions = world.webhooks.subscriptions.values_mut();
            subscriptions.flat_map(|one| std::mem::take(&mut one.pending)).collect()
        })
    }
}

const HASH: &str = "HMACSha256";

/// What SAP sends in `X-B1-Webhook-Signature` with this body.
pub fn signature(key: &str, body: &[u8]) -> String {
    call::signature(key, HASH, body)
}
