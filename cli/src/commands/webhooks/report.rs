use crate::{
    config::Config,
    output::{Look, Report, Table},
};
use model::ObjectKind;
use sap::{EventSubscription, SubscriptionState};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How changes of an object become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// SAP tells.
    Webhook,
    /// SAP would tell if the subscription were active.
    Held,
    /// SAP could tell, and was not asked to.
    NotAsked,
    /// SAP has no such event.
    NotInCatalog,
    /// This SAP has no webhooks.
    TooOld,
}

impl Way {
    const fn words(self) -> &'static str {
        match self {
            Self::Webhook => "SAP tells at once; polling as well",
            Self::Held => "polling, until the subscription is active again",
            Self::NotAsked => "polling: not part of the subscription",
            Self::NotInCatalog => "polling: SAP's event catalog does not name it",
            Self::TooOld => "polling",
        }
    }

    const fn by(self) -> &'static str {
        if matches!(self, Self::Webhook) { "webhook" } else { "polling" }
    }
}

/// What SAP has, and what that means for each object.
pub(super) struct State {
    available: bool,
    id: String,
    subscription: Option<EventSubscription>,
    objects: BTreeMap<ObjectKind, Way>,
    poll_interval: String,
}

impl State {
    pub(super) fn new(
        config: &Config,
        subscription: Option<EventSubscription>,
        objects: BTreeMap<ObjectKind, Way>,
    ) -> Self {
        Self {
            available: true,
            id: config.webhook.subscription.clone(),
            subscription,
            objects,
            poll_interval: config.sync.poll_interval.to_string(),
        }
    }

    /// Of a Service Layer without webhooks.
    pub(super) fn without(config: &Config) -> Self {
        let objects = config.sync.objects.iter().map(|kind| (*kind, Way::TooOld)).collect();
        Self { available: false, ..Self::new(config, None, objects) }
    }

    fn headline(&self, look: &Look) -> String {
        let Some(subscription) = &self.subscription else {
            return if self.available {
                format!("SAP has no subscription `{}`. `b1-coupa webhooks enable` makes it.", self.id)
            } else {
                "This Service Layer has no webhooks: they came with 10.0 FP 2602.".to_owned()
            };
        };
        let state = subscription.state.name();
        let state = match subscription.state {
            SubscriptionState::Active => look.good(state),
            SubscriptionState::Exceptional => look.bad(state),
            _ => look.warn(state),
        };
        let hint = match subscription.state {
            SubscriptionState::Exceptional => {
                " SAP has given up on it: mend what it says in its own log, then `b1-coupa webhooks resume`."
            }
            SubscriptionState::Inactive => " `b1-coupa webhooks resume` has it send again.",
            _ if subscription.replaying => " It is sending again what was missed.",
            _ => "",
        };
        format!("Subscription `{}` to {}: {state}.{hint}", self.id, subscription.url)
    }
}

impl Report for State {
    fn human(&self, look: &Look) -> String {
        let mut table = Table::new(["object", "how its changes become known"]);
        for (kind, way) in &self.objects {
            table.row([kind.plural().replace('_', " "), way.words().to_owned()]);
        }
        format!("{}\nPolling every {}.\n\n{}", self.headline(look), self.poll_interval, table.text())
    }

    fn json(&self) -> Value {
        let subscription = self.subscription.as_ref().map(|one| {
            json!({
                "id": self.id,
                "url": one.url,
                "state": one.state.name(),
                "replaying": one.replaying,
                "events": one.events,
            })
        });
        let object = |(kind, way): (&ObjectKind, &Way)| {
            (kind.plural().to_owned(), json!({"by": way.by(), "text": way.words()}))
        };
        json!({
            "available": self.available,
            "subscription": subscription,
            "objects": self.objects.iter().map(object).collect::<Map<_, _>>(),
            "poll_interval": self.poll_interval,
        })
    }
}
